import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../src/local/manual-clock.ts";
import { configureBucket, createBucket } from "../../src/local/s3/buckets.ts";
import { listObjects, listVersions } from "../../src/local/s3/listing.ts";
import { LocalObjectStore } from "../../src/local/s3/local-object-store.ts";
import { createS3 } from "../../src/local/s3/s3.ts";
import type { Versioning } from "../../src/local/s3/s3-types.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { SortedKeys } from "../../src/local/sorted-keys.ts";
import { compareUtf8 } from "../../src/table/utf8-order.ts";

const bucket = "bucket";
const storeWith = (versioning: Versioning) => {
  const s3 = createS3({ clock: new ManualClock(1_800_000_000_000), random: seededRandom(5) });
  createBucket(s3, bucket);
  if (versioning !== "off") configureBucket(s3, bucket, { versioning });
  return { s3, store: new LocalObjectStore(s3) };
};

describe("the object store on the model", () => {
  test("keeps the bytes it was given even if the caller changes its buffer", async () => {
    const { store } = storeWith("enabled");
    const body = Buffer.from("first");
    await store.put({ bucket, key: "k", body });
    body.write("other");
    const found = await store.get({ bucket, key: "k" });
    expect(Buffer.from(found?.body ?? []).toString()).toBe("first");
    found?.body.fill(0);
    expect(Buffer.from((await store.get({ bucket, key: "k" }))?.body ?? []).toString()).toBe("first");
  });

  test("answers absence with undefined and a missing bucket with an error", async () => {
    const { store } = storeWith("enabled");
    const absent = { bucket, key: "absent" };
    expect(await store.get(absent)).toBeUndefined();
    expect(await store.head({ ...absent, versionId: "v" })).toBeUndefined();
    expect(await store.getTags(absent)).toBeUndefined();
    expect(await store.stream(absent)).toBeUndefined();
    await expect(store.head({ bucket: "none", key: "k" })).rejects.toMatchObject({ code: "NoSuchBucket" });
  });

  test("streams a large object in pieces", async () => {
    const { store } = storeWith("off");
    await store.put({ bucket, key: "k", body: Buffer.alloc(200_000, 1) });
    const sizes: number[] = [];
    for await (const piece of (await store.stream({ bucket, key: "k" }))?.body ?? [])
      sizes.push(piece.length);
    expect(sizes).toEqual([65_536, 65_536, 65_536, 3392]);
  });

  test("refuses writes without If-None-Match where the bucket asks for it", async () => {
    const { s3, store } = storeWith("enabled");
    configureBucket(s3, bucket, { requireIfNoneMatch: true });
    await expect(store.put({ bucket, key: "k", body: "x" })).rejects.toMatchObject({
      code: "AccessDenied",
      status: 403,
    });
    expect(await store.put({ bucket, key: "k", body: "x", ifAbsent: true })).toMatchObject({
      outcome: "stored",
    });
    expect(await store.put({ bucket, key: "k", body: "y", ifAbsent: true })).toEqual({ outcome: "exists" });
  });
});

type Step = { readonly key: string; readonly action: "put" | "put-absent" | "delete" | "delete-oldest" };
const steps = fc.array(
  fc.record({
    key: fc.constantFrom("a", "b/1", "b/2", "é", "\u{1f600}", "\uffee"),
    action: fc.constantFrom<Step["action"]>("put", "put-absent", "delete", "delete-oldest"),
  }),
  { maxLength: 40 },
);

/** What S3 says of a key's versions, written again in another way: a list of labels, newest last. */
const oracle = (versioning: Versioning, history: readonly Step[]): Map<string, string[]> => {
  const keys = new Map<string, string[]>();
  const add = (key: string, label: string): void => {
    const others = keys.get(key) ?? [];
    const kept = versioning === "enabled" ? others : others.filter(other => other.startsWith("v"));
    keys.set(key, [...kept, versioning === "enabled" ? `v${label}` : label]);
  };
  for (const [at, { key, action }] of history.entries()) {
    const all = keys.get(key) ?? [];
    const top = all.at(-1);
    const isThere = top !== undefined && !top.endsWith("marker");
    if (action === "put" || (action === "put-absent" && !isThere)) add(key, `object ${at}`);
    else if (action === "delete" && versioning === "off") keys.set(key, []);
    else if (action === "delete") add(key, "marker");
    else if (action === "delete-oldest") keys.set(key, all.slice(1));
  }
  return keys;
};

test.each<Versioning>(["off", "enabled", "suspended"])(
  "versions are what S3 makes of any history (versioning %s)",
  async versioning => {
    await fc.assert(
      fc.asyncProperty(steps, async history => {
        const { store } = storeWith(versioning);
        for (const [at, { key, action }] of history.entries()) {
          if (action === "put" || action === "put-absent") {
            await store.put({ bucket, key, body: `object ${at}`, ifAbsent: action === "put-absent" });
          } else if (action === "delete") {
            await store.delete({ bucket, key });
          } else {
            const { versions } = await store.listVersions({ bucket, prefix: key });
            const oldest = versions.filter(version => version.key === key).at(-1);
            if (oldest !== undefined) await store.delete({ bucket, key, versionId: oldest.versionId });
          }
        }
        for (const [key, expected] of oracle(versioning, history)) {
          const { versions } = await store.listVersions({ bucket, prefix: key });
          const found = await Promise.all(
            versions
              .filter(version => version.key === key)
              .map(async ({ versionId, isDeleteMarker }) => {
                const read = await store.get({ bucket, key, versionId });
                return isDeleteMarker ? "marker" : Buffer.from(read?.body ?? []).toString();
              }),
          );
          expect(found.reverse()).toEqual(expected.map(label => label.replace(/^v/, "")));
          const current = await store.get({ bucket, key });
          const top = found.at(-1);
          expect(current === undefined ? "marker" : Buffer.from(current.body).toString()).toBe(
            top ?? "marker",
          );
        }
      }),
      { numRuns: 60 },
    );
  },
);

const inBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const keyText = fc.string({ unit: "binary", minLength: 1, maxLength: 5 });

test("texts are ordered as their UTF-8 bytes are", () => {
  fc.assert(
    fc.property(keyText, keyText, (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(Math.sign(inBytes(a, b)));
    }),
  );
});

test("sorted keys are a sorted set, whatever is added, removed and listed in between", () => {
  const key = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789éABCDEFGHIJKLMNOPQRSTUVWXYZ");
  const change = fc.record({ key, isAdded: fc.boolean(), isListed: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200, size: "max" }), key, (changes, from) => {
      const expected = new Set<string>();
      const keys = new SortedKeys();
      for (const { key: changed, isAdded, isListed } of changes) {
        if (isAdded && !expected.has(changed)) keys.add(changed);
        if (!isAdded && expected.has(changed)) keys.remove(changed);
        if (isAdded) expected.add(changed);
        else expected.delete(changed);
        if (isListed === 0) [...keys.from("")];
      }
      expect([...keys.from(from)]).toEqual(
        [...expected].sort(inBytes).filter(other => inBytes(other, from) >= 0),
      );
    }),
  );
});

test("pages of any size give what one page gives, with and without a delimiter", async () => {
  const page = fc.record({
    keys: fc.array(
      fc.string({ unit: fc.constantFrom("a", "b", "/", "é", "\u{1f600}"), minLength: 1, maxLength: 5 }),
      { maxLength: 25 },
    ),
    prefix: fc.constantFrom("", "a", "a/", "b"),
    delimiter: fc.constantFrom(undefined, "/"),
    limit: fc.integer({ min: 1, max: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(page, async ({ keys, prefix, delimiter, limit }) => {
      const { s3, store } = storeWith("enabled");
      for (const key of keys) await store.put({ bucket, key, body: "x" });
      const names: string[] = [];
      let after: string | undefined;
      do {
        const found = listObjects(s3, { bucket, prefix, delimiter, after, limit });
        names.push(...found.objects.map(({ key }) => key), ...found.commonPrefixes);
        after = found.next;
      } while (after !== undefined);
      const folded = [...new Set(keys)]
        .filter(key => key.startsWith(prefix))
        .map(key => {
          const at = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
          return at < 0 ? key : key.slice(0, at + 1);
        });
      expect(names.sort(inBytes)).toEqual([...new Set(folded)].sort(inBytes));
      const versions: string[] = [];
      let cursor: string | undefined;
      do {
        const found = await store.listVersions({ bucket, prefix, limit, cursor });
        versions.push(...found.versions.map(({ versionId }) => versionId));
        cursor = found.cursor;
      } while (cursor !== undefined);
      const whole = listVersions(s3, { bucket, prefix }).versions.map(({ version }) => version.versionId);
      expect(versions).toEqual(whole);
    }),
    { numRuns: 60 },
  );
});
