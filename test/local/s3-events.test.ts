import type { S3EventRecord } from "aws-lambda";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../src/local/manual-clock.ts";
import { configureBucket, createBucket } from "../../src/local/s3/buckets.ts";
import { formEncodedKey } from "../../src/local/s3/event-record.ts";
import { runLifecycle } from "../../src/local/s3/lifecycle.ts";
import { LocalObjectStore } from "../../src/local/s3/local-object-store.ts";
import { completeUpload, createUpload, putPart } from "../../src/local/s3/multipart.ts";
import { tagObject } from "../../src/local/s3/objects.ts";
import { runRestores } from "../../src/local/s3/restore.ts";
import { createS3, type S3Options } from "../../src/local/s3/s3.ts";
import type { LifecycleRule, Versioning } from "../../src/local/s3/s3-types.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";

const START = Date.parse("2026-05-06T22:44:22.000Z");
const DAY_MS = 86_400_000;
const ALL = [
  "s3:ObjectCreated:*",
  "s3:ObjectRemoved:*",
  "s3:ObjectRestore:*",
  "s3:ObjectTagging:*",
  "s3:LifecycleExpiration:*",
  "s3:LifecycleTransition",
];

const storeWith = (versioning: Versioning, options: Partial<S3Options> = {}) => {
  const clock = new ManualClock(START);
  const messages: string[] = [];
  const s3 = createS3({
    clock,
    random: seededRandom(7),
    deliver: (_destination, message) => messages.push(message),
    ...options,
  });
  createBucket(s3, "bucket");
  configureBucket(s3, "bucket", {
    ...(versioning === "off" ? {} : { versioning }),
    notifications: [{ id: "rule", destination: "arn:topic", events: ALL, prefix: "", suffix: "" }],
  });
  const records = (): S3EventRecord[] => messages.slice(1).map(message => JSON.parse(message).Records[0]);
  return { s3, clock, messages, records, store: new LocalObjectStore(s3) };
};

const address = { bucket: "bucket", key: "a b@c=d/é+.json" };
const fields = (record: S3EventRecord | undefined): string =>
  [record?.eventName, ...Object.keys(record?.s3.object ?? {})].join(" ");

describe("notifications", () => {
  test("say that they were set up, without records", () => {
    const { messages } = storeWith("enabled");
    expect(JSON.parse(messages[0] ?? "")).toMatchObject({
      Service: "Amazon S3",
      Event: "s3:TestEvent",
      Bucket: "bucket",
    });
  });

  test("have S3's fields and a form-encoded key", async () => {
    const { store, records } = storeWith("enabled");
    const stored = await store.put({ ...address, body: "hello" });
    expect(records()[0]).toMatchObject({
      eventVersion: "2.6",
      eventSource: "aws:s3",
      awsRegion: "us-east-1",
      eventTime: "2026-05-06T22:44:22.002Z",
      eventName: "ObjectCreated:Put",
      s3: {
        s3SchemaVersion: "1.0",
        configurationId: "rule",
        bucket: { name: "bucket", arn: "arn:aws:s3:::bucket" },
        object: {
          key: "a+b%40c%3Dd/%C3%A9%2B.json",
          size: 5,
          eTag: "5d41402abc4b2a76b9719d911017c592",
          versionId: stored.outcome === "stored" ? stored.versionId : "",
          sequencer: expect.stringMatching(/^00[0-9A-F]{16}$/),
        },
      },
    });
  });

  test.each<[Versioning, readonly string[]]>([
    [
      "off",
      [
        "ObjectCreated:Put key size eTag sequencer",
        "ObjectCreated:Copy key size eTag sequencer",
        "ObjectTagging:Put key eTag",
        "ObjectRemoved:Delete key sequencer",
      ],
    ],
    [
      "enabled",
      [
        "ObjectCreated:Put key size eTag versionId sequencer",
        "ObjectCreated:Copy key size eTag versionId sequencer",
        "ObjectTagging:Put key eTag versionId",
        "ObjectRemoved:DeleteMarkerCreated key eTag versionId sequencer",
      ],
    ],
    [
      "suspended",
      [
        "ObjectCreated:Put key size eTag sequencer",
        "ObjectCreated:Copy key size eTag sequencer",
        "ObjectTagging:Put key eTag",
        "ObjectRemoved:DeleteMarkerCreated key eTag sequencer",
      ],
    ],
  ])("of a bucket with versioning %s have the fields seen on AWS", async (versioning, expected) => {
    const { s3, store, records } = storeWith(versioning);
    await store.put({ ...address, body: "x" });
    await store.copy({ from: address, to: { bucket: "bucket", key: "copy" } });
    tagObject(s3, { bucket: "bucket", key: "copy" }, { a: "1" }, "Put");
    await store.delete({ bucket: "bucket", key: "copy" });
    expect(records().map(fields)).toEqual(expected);
  });

  test("of a version's removal name it, and of nothing's removal there are none", async () => {
    const { store, records } = storeWith("enabled");
    const stored = await store.put({ ...address, body: "x" });
    const versionId = stored.outcome === "stored" ? stored.versionId : undefined;
    await store.delete({ ...address, versionId });
    await store.delete({ ...address, versionId });
    expect(records().map(fields).slice(1)).toEqual(["ObjectRemoved:Delete key versionId sequencer"]);
  });

  test("follow prefix, suffix and event patterns", async () => {
    const { s3, store, messages } = storeWith("enabled");
    configureBucket(s3, "bucket", {
      notifications: [
        { id: "r", destination: "d", events: ["s3:ObjectCreated:Put"], prefix: "in/", suffix: ".json" },
      ],
    });
    messages.length = 0;
    for (const key of ["in/1.json", "in/2.csv", "out/3.json"])
      await store.put({ bucket: "bucket", key, body: key });
    await store.copy({
      from: { bucket: "bucket", key: "in/1.json" },
      to: { bucket: "bucket", key: "in/4.json" },
    });
    await store.delete({ bucket: "bucket", key: "in/1.json" });
    expect(messages.map(message => JSON.parse(message).Records[0].s3.object.key)).toEqual(["in/1.json"]);
  });

  test("of a multipart upload carry its ETag with the number of parts", () => {
    const { s3, records } = storeWith("enabled");
    const facts = { ...address, storageClass: "STANDARD", metadata: {}, headers: {}, tags: {} } as const;
    const upload = { ...address, uploadId: createUpload(s3, facts).id };
    const part = putPart(s3, upload, { number: 1, body: Buffer.from("one") });
    completeUpload(s3, upload, [part], {});
    expect(records()[0]).toMatchObject({
      eventName: "ObjectCreated:CompleteMultipartUpload",
      s3: { object: { eTag: expect.stringMatching(/-1$/), size: 3 } },
    });
  });
});

describe("sequencers and times", () => {
  test.each(["fixed", "varying"] as const)(
    "increase with every event, also when the clock stands or goes back (%s width)",
    async widths => {
      const { store, clock, records } = storeWith("enabled", { sequencerWidths: widths });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: -5000, max: 5000 }), { maxLength: 20 }), async moves => {
          for (const byMs of moves) {
            clock.advance(byMs);
            await store.put({ bucket: "bucket", key: "one", body: String(byMs) });
          }
        }),
        { numRuns: 20 },
      );
      const found = records();
      const sequencers = found.map(({ s3 }) => BigInt(`0x${s3.object.sequencer}`));
      const times = found.map(({ eventTime }) => eventTime);
      expect(sequencers.every((value, at) => at === 0 || value > (sequencers[at - 1] ?? 0n))).toBe(true);
      expect(times.every((value, at) => at === 0 || value > (times[at - 1] ?? ""))).toBe(true);
      expect(new Set(found.map(({ s3 }) => s3.object.sequencer.length)).size > 1).toBe(widths === "varying");
    },
  );
});

test("form-encoded keys decode to themselves and have no space", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), key => {
      const encoded = formEncodedKey(key);
      expect(encoded).not.toMatch(/[ !'()~]/);
      expect(decodeURIComponent(encoded.replaceAll("+", " "))).toBe(key);
    }),
  );
});

describe("cold objects", () => {
  test("announce the start, the completion and the end of a restore", async () => {
    const { s3, store, clock, records } = storeWith("enabled");
    await store.put({ ...address, body: "ice", storageClass: "GLACIER" });
    await expect(store.get(address)).rejects.toMatchObject({ name: "ObjectFrozen" });
    await store.restore(address, 1, "Expedited");
    expect((await store.head(address))?.restore).toEqual({ ongoing: true });
    clock.advance(5 * 60_000);
    expect((await store.get(address))?.facts.restore).toEqual({
      ongoing: false,
      expiresAt: "2026-05-08T00:00:00.000Z",
    });
    expect(runRestores(s3)).toBe(Date.parse("2026-05-08T00:00:00.000Z"));
    clock.set(Date.parse("2026-05-08T00:00:00.000Z"));
    expect(runRestores(s3)).toBeUndefined();
    await expect(store.get(address)).rejects.toMatchObject({ name: "ObjectFrozen" });
    expect(records().slice(1).map(fields)).toEqual(
      ["Post", "Completed", "Delete"].map(name => `ObjectRestore:${name} key size eTag versionId sequencer`),
    );
    expect(records()[2]).toMatchObject({
      glacierEventData: {
        restoreEventData: {
          lifecycleRestorationExpiryTime: "2026-05-08T00:00:00.000Z",
          lifecycleRestoreStorageClass: "GLACIER",
        },
      },
    });
  });
});

describe("lifecycle", () => {
  const withRule = (rule: Partial<LifecycleRule>) => {
    const parts = storeWith("enabled");
    configureBucket(parts.s3, "bucket", { lifecycle: [{ id: "r", enabled: true, ...rule }] });
    return parts;
  };

  test("expires tagged objects at the midnight after their days, by a delete marker of that midnight", async () => {
    const { s3, store, clock, records } = withRule({
      prefix: "p/",
      tags: { done: "yes" },
      expirationDays: 2,
    });
    for (const [key, tags] of [
      ["p/1", { done: "yes" }],
      ["p/2", {}],
      ["q/1", { done: "yes" }],
    ] as const) {
      await store.put({ bucket: "bucket", key, body: key, tags });
    }
    clock.set(Date.parse("2026-05-08T23:59:59Z"));
    expect(runLifecycle(s3).expired).toBe(0);
    clock.set(Date.parse("2026-05-09T07:00:00Z"));
    expect(runLifecycle(s3)).toMatchObject({ expired: 1, versionsDeleted: 0 });
    expect(await store.head({ bucket: "bucket", key: "p/1" })).toBeUndefined();
    expect(records()[3]).toMatchObject({
      eventName: "LifecycleExpiration:DeleteMarkerCreated",
      userIdentity: { principalId: "s3.amazonaws.com" },
      requestParameters: { sourceIPAddress: "s3.amazonaws.com" },
    });
    const { versions } = await store.listVersions({ bucket: "bucket", prefix: "p/1" });
    expect(versions[0]).toMatchObject({ isDeleteMarker: true, lastModified: "2026-05-09T00:00:00.000Z" });
    expect(runLifecycle(s3).expired).toBe(0);
  });

  test("removes noncurrent versions and the delete marker that is left alone", async () => {
    const { s3, store, clock, records } = withRule({ noncurrentDays: 1, expiredDeleteMarkers: true });
    await store.put({ ...address, body: "1" });
    await store.put({ ...address, body: "2" });
    await store.delete(address);
    clock.advance(3 * DAY_MS);
    expect(runLifecycle(s3).versionsDeleted).toBe(3);
    expect((await store.listVersions({ bucket: "bucket" })).versions).toEqual([]);
    expect(fields(records().at(-1))).toBe("LifecycleExpiration:Delete key versionId sequencer");
  });

  test("keeps as many newer noncurrent versions as asked", async () => {
    const { s3, store, clock } = withRule({ noncurrentDays: 1, noncurrentKept: 2 });
    for (const body of ["1", "2", "3", "4"]) await store.put({ ...address, body });
    clock.advance(3 * DAY_MS);
    runLifecycle(s3);
    expect((await store.listVersions({ bucket: "bucket" })).versions).toHaveLength(3);
  });

  test("moves objects down, but small ones only where the rule sets a size", async () => {
    const transitions = [{ days: 1, storageClass: "GLACIER" as const }];
    const byDefault = withRule({ transitions });
    const bySize = withRule({ transitions, sizeAboveBytes: 0 });
    for (const { s3, store, clock } of [byDefault, bySize]) {
      await store.put({ bucket: "bucket", key: "small", body: "x" });
      await store.put({ bucket: "bucket", key: "large", body: Buffer.alloc(128 * 1024) });
      clock.advance(2 * DAY_MS);
      runLifecycle(s3);
    }
    const classes = async ({ store }: typeof bySize) =>
      (await store.list({ bucket: "bucket" })).objects.map(({ storageClass }) => storageClass);
    expect(await classes(byDefault)).toEqual(["GLACIER", "STANDARD"]);
    expect(await classes(bySize)).toEqual(["GLACIER", "GLACIER"]);
    expect(byDefault.records().at(-1)).toMatchObject({
      eventName: "LifecycleTransition",
      lifecycleEventData: { transitionEventData: { destinationStorageClass: "GLACIER" } },
    });
  });

  test("gives up uploads that were never completed", () => {
    const { s3, clock } = withRule({ abortUploadsDays: 1 });
    createUpload(s3, { ...address, storageClass: "STANDARD", metadata: {}, headers: {}, tags: {} });
    clock.advance(DAY_MS / 2);
    expect(runLifecycle(s3).uploadsAborted).toBe(0);
    clock.advance(2 * DAY_MS);
    expect(runLifecycle(s3).uploadsAborted).toBe(1);
  });
});
