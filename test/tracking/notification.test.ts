import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventOfDetail, kindOfEvent } from "../../src/tracking/event-names.ts";
import { parseNotification } from "../../src/tracking/notification.ts";
import { type Observation, plainETag } from "../../src/tracking/observation.ts";

const FIXTURES = new URL("../fixtures/notifications/", import.meta.url);
const body = (name: string): string => readFileSync(new URL(`${name}.json`, FIXTURES), "utf8");
const parsed = (text: string) => JSON.parse(text);

const only = (text: string): Observation => {
  const read = parseNotification(text);
  if (read.outcome !== "observations" || read.observations[0] === undefined)
    throw new Error(`Expected one observation, got ${JSON.stringify(read)}`);
  expect(read.observations).toHaveLength(1);
  return read.observations[0];
};

const E_TAG = "b3a671cd395478ee9c78be33740381c4";
const VERSION = "096fKKXTRTtl3on89fVO.nfljtsv6qko";
const SEQUENCER = "0000000000000055AED6DCD90281E5".padStart(32, "0");

const LAB_PUT = {
  source: "notification",
  bucket: "lab4-new-events-qpwoeiryt",
  key: "some_file.txt",
  versionId: "null",
  kind: "created",
  sequencer: "636B4222CBA01ADB".padStart(32, "0"),
  time: "2022-11-09T06:01:06.967Z",
  event: "ObjectCreated:Put",
  sizeBytes: 119_985,
  eTag: E_TAG,
};

describe("a notification, by event", () => {
  const CASES: readonly (readonly [string, Partial<Observation>])[] = [
    ["created-put", { ...LAB_PUT } as Partial<Observation>],
    ["created-post", { event: "ObjectCreated:Post", key: "form/upload one.txt", kind: "created" }],
    [
      "created-copy-versioned",
      { event: "ObjectCreated:Copy", key: "a/b+c@d=e.event", versionId: VERSION, sequencer: SEQUENCER },
    ],
    [
      "created-multipart",
      { event: "ObjectCreated:CompleteMultipartUpload", key: "groß.bin", eTag: `${E_TAG}-20` },
    ],
    ["created-put-suspended", { kind: "created", versionId: "null" }],
    ["created-put-generated-tags", { kind: "created", versionId: VERSION }],
    [
      "removed-delete",
      {
        kind: "deleted",
        versionId: "null",
        sizeBytes: undefined,
        sequencer: "636B42C26391BE2F".padStart(32, "0"),
      },
    ],
    ["removed-version", { kind: "deleted", versionId: VERSION }],
    [
      "removed-marker-created",
      { kind: "marker", versionId: VERSION, sizeBytes: undefined, eTag: undefined, sequencer: SEQUENCER },
    ],
    ["lifecycle-expiration-delete", { kind: "deleted", event: "LifecycleExpiration:Delete" }],
    [
      "lifecycle-expiration-marker",
      {
        kind: "marker",
        event: "LifecycleExpiration:DeleteMarkerCreated",
        sequencer: "617B398000000000".padStart(32, "0"),
      },
    ],
    ["lifecycle-transition", { kind: "transitioned", storageClass: "GLACIER" }],
    ["intelligent-tiering", { kind: "transitioned", accessTier: "ARCHIVE_ACCESS" }],
    ["restore-post", { kind: "restore-started", event: "ObjectRestore:Post" }],
    ["restore-completed", { kind: "restored", restoreExpiresAt: "2026-03-06T00:00:00.000Z" }],
    ["restore-delete", { kind: "restore-expired" }],
    ["tagging-put", { kind: "tagged", sequencer: undefined, sizeBytes: undefined, eTag: E_TAG }],
    ["tagging-delete", { kind: "tagged", event: "ObjectTagging:Delete" }],
    ["reduced-redundancy-lost", { kind: "lost" }],
    ["acl-put", { kind: "ignored", event: "ObjectAcl:Put" }],
    ["replication-failed", { kind: "ignored" }],
    ["annotation-put", { kind: "ignored", event: "ObjectAnnotation:Put" }],
    ["retention-put", { kind: "ignored", event: "ObjectRetention:Put" }],
    [
      "eventbridge-created",
      {
        kind: "created",
        event: "ObjectCreated:Put",
        key: "a b/c+d%2Fe.event",
        versionId: VERSION,
        eTag: E_TAG,
        sizeBytes: 300,
        sequencer: "617F08299329D189".padStart(32, "0"),
        time: "2026-03-04T05:06:07.000Z",
      },
    ],
    ["eventbridge-created-post", { event: "ObjectCreated:Post", versionId: "null" }],
    ["eventbridge-deleted", { kind: "deleted", event: "ObjectRemoved:Delete" }],
    ["eventbridge-marker", { kind: "marker", eTag: undefined, sizeBytes: undefined }],
    ["eventbridge-expired", { kind: "deleted", event: "LifecycleExpiration:Delete" }],
    [
      "eventbridge-restore-completed",
      { kind: "restored", sequencer: undefined, restoreExpiresAt: "2026-03-06T00:00:00.000Z" },
    ],
    ["eventbridge-storage-class", { kind: "transitioned", storageClass: "DEEP_ARCHIVE" }],
    ["eventbridge-access-tier", { kind: "transitioned", accessTier: "DEEP_ARCHIVE_ACCESS" }],
    ["eventbridge-acl", { kind: "ignored" }],
  ];

  it.each(CASES)("%s", (name, expected) => {
    const observation = only(body(name));
    expect({ ...observation, ...expected }).toEqual(observation);
  });

  it("every recorded payload is read", () => {
    const names = readdirSync(FIXTURES).map(name => name.replace(/\.json$/, ""));
    const tested = new Set([...CASES.map(([name]) => name), "test-event"]);
    const wrapped = names.filter(name => name.startsWith("sns-") || name.startsWith("lambda-"));
    expect(names.filter(name => !tested.has(name))).toEqual(wrapped);
  });
});

describe("a notification, by wrapping", () => {
  it.each(["sns-envelope", "lambda-sqs-s3", "lambda-sqs-sns-s3", "lambda-sns-s3"])("%s", name => {
    expect(only(body(name))).toEqual(only(body("created-put")));
  });

  it("EventBridge through SNS", () => {
    const envelope = JSON.stringify({ Type: "Notification", Message: body("eventbridge-created") });
    expect(only(envelope)).toEqual(only(body("eventbridge-created")));
  });

  it.each(["test-event", "sns-envelope-test-event"])("%s is a test", name => {
    expect(parseNotification(body(name))).toEqual({ outcome: "test" });
  });

  it("no records are no observations", () => {
    expect(parseNotification('{"Records":[]}')).toEqual({ outcome: "observations", observations: [] });
  });
});

describe("a notification that cannot be read", () => {
  const record = () => parsed(body("created-put")).Records[0];
  const withRecord = (change: (record: ReturnType<typeof parsed>) => void): string => {
    const changed = record();
    change(changed);
    return JSON.stringify({ Records: [record(), changed] });
  };

  it.each([
    ["no JSON", "{", 'body: expected JSON, got "{"'],
    ["null", "null", "body: expected an object, got null"],
    ["an array", "[]", "body: expected an object, got an array"],
    ["nothing known", "{}", "body: expected Records, Message, detail-type or a test event, got an object"],
    ["text in Message", '{"Message":"hello"}', 'body.Message: expected JSON, got "hello"'],
    ["a record that is none", '{"Records":[1]}', "body.Records[0]: expected an object, got 1"],
    [
      "another major version",
      withRecord(changed => {
        changed.eventVersion = "3.0";
      }),
      'body.Records[1].eventVersion: expected major version 2, got "3.0"',
    ],
    [
      "no key",
      withRecord(changed => {
        delete changed.s3.object.key;
      }),
      "body.Records[1].s3.object.key: expected text, got nothing",
    ],
    [
      "a key that is not UTF-8",
      withRecord(changed => {
        changed.s3.object.key = "a%FF";
      }),
      'body.Records[1].s3.object.key: expected form-encoded UTF-8, got "a%FF"',
    ],
    [
      "no bucket",
      withRecord(changed => {
        changed.s3.bucket = {};
      }),
      "body.Records[1].s3.bucket.name: expected text, got nothing",
    ],
    [
      "a sequencer that is not hexadecimal",
      withRecord(changed => {
        changed.s3.object.sequencer = "xyz";
      }),
      'body.Records[1].s3.object.sequencer: expected a hexadecimal sequencer, got "xyz"',
    ],
    [
      "a time without zone",
      withRecord(changed => {
        changed.eventTime = "2026-01-01T00:00:00";
      }),
      'body.Records[1].eventTime: expected an ISO instant with a zone, got "2026-01-01T00:00:00"',
    ],
    [
      "a version id that would break the sort key",
      withRecord(changed => {
        changed.s3.object.versionId = "a#b";
      }),
      'body.Records[1].s3.object.versionId: expected at most 512 visible characters without "#", got "a#b"',
    ],
    [
      "an EventBridge event without detail",
      '{"detail-type":"Object Created"}',
      "body.detail: expected an object, got nothing",
    ],
  ])("%s", (_name, text, reason) => {
    expect(parseNotification(text)).toEqual({ outcome: "unparseable", reason });
  });

  it("wrappings without end", () => {
    let text = body("created-put");
    for (let times = 0; times < 6; times += 1) text = JSON.stringify({ Message: text });
    expect(parseNotification(text)).toMatchObject({ outcome: "unparseable" });
  });

  it("never throws, whatever JSON it is given", () => {
    const names = fc.constantFrom(
      "Records",
      "s3",
      "object",
      "key",
      "Message",
      "detail",
      "detail-type",
      "eventVersion",
    );
    const value = fc.letrec<{ value: unknown }>(tie => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom("2.1", "ObjectCreated:Put", "a%", null, 1, true),
        fc.array(tie("value"), { maxLength: 2 }),
        fc.dictionary(names, tie("value"), { maxKeys: 4 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, given => {
        expect(parseNotification(JSON.stringify(given) ?? "").outcome).toMatch(
          /observations|test|unparseable/,
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a notification's fields", () => {
  const withObject = (fields: object): string => {
    const value = parsed(body("created-put"));
    Object.assign(value.Records[0].s3.object, fields);
    return JSON.stringify(value);
  };

  it("A1: a message may hold several records; their order is kept", () => {
    const one = (name: string) => parsed(body(name)).Records[0];
    const records = [one("removed-delete"), one("created-put"), one("created-put")];
    const read = parseNotification(JSON.stringify({ Records: records }));
    expect(read.outcome === "observations" && read.observations.map(({ kind }) => kind)).toEqual([
      "deleted",
      "created",
      "created",
    ]);
  });

  it("A5: a size above 2^53, which JSON cannot carry exactly, is no size rather than a wrong one", () => {
    const text = withObject({}).replace("119985", "9223372036854775807");
    expect(only(text).sizeBytes).toBeUndefined();
    expect(only(withObject({ size: Number.MAX_SAFE_INTEGER })).sizeBytes).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([[""], [null], [undefined]])("version id %j is the null version", versionId => {
    expect(only(withObject({ versionId })).versionId).toBe("null");
  });

  it("A7: ETags lose their quotes and keep a weak mark", () => {
    const given = ["e", '"e"', 'W/"e"', '"e', 'e"', 'W/"e', "", '"', 'W/"'];
    expect(given.map(plainETag)).toEqual(["e", "e", "W/e", "e", "e", "W/e", "", "", "W/"]);
  });

  it.each([
    ["ObjectCreated:Put", "created"],
    ["ObjectCreated:Post", "created"],
    ["ObjectCreated:Copy", "created"],
    ["ObjectCreated:CompleteMultipartUpload", "created"],
    ["ObjectCreated", "created"],
    ["ObjectRemoved:Delete", "deleted"],
    ["ObjectRemoved:DeleteMarkerCreated", "marker"],
    ["LifecycleExpiration:Delete", "deleted"],
    ["LifecycleExpiration:DeleteMarkerCreated", "marker"],
    ["ObjectRestore:Post", "restore-started"],
    ["ObjectRestore:Completed", "restored"],
    ["ObjectRestore:Delete", "restore-expired"],
    ["LifecycleTransition", "transitioned"],
    ["IntelligentTiering", "transitioned"],
    ["ObjectTagging:Put", "tagged"],
    ["constructor", "ignored"],
    ["SomethingNew:Entirely", "ignored"],
  ])("A8: the S3 event %s is %s", (event, kind) => {
    expect(kindOfEvent(event)).toBe(kind);
  });

  it.each([
    ["Object Created", "PutObject", undefined, "ObjectCreated:Put"],
    ["Object Created", "PostObject", undefined, "ObjectCreated:Post"],
    ["Object Created", "POST Object", undefined, "ObjectCreated:Post"],
    ["Object Created", "CopyObject", undefined, "ObjectCreated:Copy"],
    ["Object Created", "CompleteMultipartUpload", undefined, "ObjectCreated:CompleteMultipartUpload"],
    ["Object Created", "SomethingNew", undefined, "ObjectCreated"],
    ["Object Deleted", "DeleteObject", "Permanently Deleted", "ObjectRemoved:Delete"],
    ["Object Deleted", "DeleteObject", "Delete Marker Created", "ObjectRemoved:DeleteMarkerCreated"],
    ["Object Deleted", "Lifecycle Expiration", "Permanently Deleted", "LifecycleExpiration:Delete"],
    [
      "Object Deleted",
      "Lifecycle Expiration",
      "Delete Marker Created",
      "LifecycleExpiration:DeleteMarkerCreated",
    ],
    ["Object Restore Initiated", undefined, undefined, "ObjectRestore:Post"],
    ["Object Restore Expired", undefined, undefined, "ObjectRestore:Delete"],
    ["Object Storage Class Changed", undefined, undefined, "LifecycleTransition"],
    ["Object Access Tier Changed", undefined, undefined, "IntelligentTiering"],
    ["Object Tags Added", undefined, undefined, "ObjectTagging:Put"],
    ["Object Frobnicated", undefined, undefined, "Object Frobnicated"],
  ])("A8: EventBridge's %s, %s, %s is %s", (type, reason, deletionType, event) => {
    expect(eventOfDetail({ type, reason, deletionType })).toBe(event);
  });

  it("an event that is ignored need not name an object", () => {
    const value = parsed(body("acl-put"));
    delete value.Records[0].s3.object;
    expect(parseNotification(JSON.stringify(value))).toEqual({ outcome: "observations", observations: [] });
  });

  it("a field of no importance that changes its type harms nothing", () => {
    expect(only(withObject({ size: "12", eTag: 7 }))).toMatchObject({
      kind: "created",
      key: "some_file.txt",
    });
  });
});
