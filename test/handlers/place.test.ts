import type { SQSRecord } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { createApp, tableRows } from "../../src/app.ts";
import { createPlaceHandler } from "../../src/handlers/place.ts";
import { overdue } from "../../src/ledger/place/overdue.ts";
import { republish, unplaced } from "../../src/ledger/place/republish.ts";
import { configureBucket } from "../../src/local/s3/buckets.ts";
import { completeUpload, createUpload, putPart } from "../../src/local/s3/multipart.ts";
import { LocalTopic } from "../../src/local/sns/sns.ts";
import { isoInstant } from "../../src/ports/clock.ts";
import { silentLog } from "../../src/ports/log.ts";
import type { ObjectStore, StorageClass } from "../../src/ports/object-store.ts";
import { DAY_MS, openPlace, type PlaceBench } from "../ledger/place/open-place.ts";

const AT = Math.floor(Date.now() / 1000) - 10_000;
const HOUR_MS = 3_600_000;
const REMOTE = { TargetInstitution: "Other bank", TargetAccount: "r-1" };

/** A bank that counts what its place function asks of S3. Account 100010 has 100.00, already placed. */
const open = async () => {
  const asked: string[] = [];
  const placeObjects = (objects: ObjectStore): ObjectStore =>
    new Proxy(objects, {
      get: (target, name: keyof ObjectStore) => {
        const call = target[name].bind(target) as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => {
          asked.push(name);
          return call(...args);
        };
      },
    });
  const bench = await openPlace({ placeObjects });
  /** Puts a request and has it decided. Returns: the message about its decision. */
  const decide = async (
    key: string,
    body: object | string,
    storageClass?: StorageClass,
  ): Promise<SQSRecord> => {
    const text = typeof body === "string" ? body : JSON.stringify({ EventTimeStamp: AT, ...body });
    await bench.cloud.objects.put({
      bucket: "new-events",
      key: `${key}.event`,
      body: text,
      ...(storageClass && { storageClass }),
    });
    await bench.projectAll();
    const [record, second] = bench.decided();
    if (record === undefined || second !== undefined) throw new Error(`Expected one decision of ${key}`);
    return record;
  };
  const opening = { TargetAccount: "100010", CustomerNumber: "1", Amount: "100.00", Verified: true };
  expect(await bench.place(await decide("cash_deposit_open", opening))).toEqual([]);
  asked.length = 0;
  return { ...bench, asked, decide };
};

const incoming = { TargetAccount: "100010", Amount: "1.00" };
const tooMuch = { SourceAccount: "100010", Amount: "900.00" };
const tooLarge = `{"Reference":"${"x".repeat(70_000)}"}`;

const sourceVersions = async ({ cloud }: PlaceBench, key: string) =>
  (await cloud.objects.listVersions({ bucket: "new-events", prefix: key })).versions;

/** Removes every version of a source for good. */
const purge = async (bench: PlaceBench, key: string): Promise<void> => {
  for (const { versionId } of await sourceVersions(bench, key))
    await bench.cloud.objects.delete({ bucket: "new-events", key, versionId });
};

describe("placing a decided request", () => {
  it("takes six requests of S3, and one more for its batch: what holds is copied, read back, and tagged", async () => {
    const bench = await open();
    const decision = await bench.decide("incoming_payment_1", incoming);
    expect(await bench.place(decision)).toEqual([]);
    expect(bench.asked).toEqual(["get", "head", "head", "getTags", "copy", "get", "putTags"]);
    const placed = (await bench.contents("archive")).get("incoming_payment_1.event");
    expect(JSON.parse(placed?.body ?? "")).toMatchObject(incoming);
    expect(placed?.metadata).toMatchObject({ outcome: "accepted", legs: "100010:2", epoch: "1" });
    expect(
      await bench.cloud.objects.getTags({ bucket: "new-events", key: "incoming_payment_1.event" }),
    ).toEqual({
      daybook: "placed",
    });
    await bench.projectAll();
    expect(await bench.stateOf("incoming_payment_1.event")).toMatchObject({
      lifecycle: "ARCHIVED",
      inArchiveBucket: true,
      inRejectedBucket: false,
      inEventBucket: true,
    });
  });

  it("is done once: told again, it takes four requests that only read", async () => {
    const bench = await open();
    const decision = await bench.decide("incoming_payment_1", incoming);
    await bench.place(decision);
    bench.asked.length = 0;
    expect(await bench.place(decision, { ...decision, messageId: "again" })).toEqual([]);
    expect(bench.asked).toEqual(["get", "head", "head", "getTags"]);
    const { versions } = await bench.cloud.objects.listVersions({ bucket: "archive", prefix: "incoming" });
    expect(versions).toHaveLength(1);
  });

  it("sends what is refused to the rejected bucket, with its code", async () => {
    const bench = await open();
    expect(await bench.place(await bench.decide("cash_withdrawal_1", tooMuch))).toEqual([]);
    const placed = (await bench.contents("rejected")).get("cash_withdrawal_1.event");
    expect(placed?.metadata).toMatchObject({ outcome: "refused", code: "INSUFFICIENT_FUNDS" });
    expect((await bench.contents("archive")).has("cash_withdrawal_1.event")).toBe(false);
  });

  it("keeps both contents of a used key, and neither waits for anything afterwards", async () => {
    const bench = await open();
    const first = await bench.decide("incoming_payment_1", incoming);
    const second = await bench.decide("incoming_payment_1", { ...incoming, Amount: "2.00" });
    expect(await bench.place(second, first)).toEqual([]);
    expect((await bench.contents("archive")).get("incoming_payment_1.event")?.body).toContain("1.00");
    const [[name = "", copy] = []] = [...(await bench.contents("rejected"))];
    expect(name).toMatch(/^incoming_payment_1\.event~[0-9a-f]{64}$/);
    expect(copy).toMatchObject({
      metadata: { code: "KEY_REUSED", "request-key": "incoming_payment_1.event" },
    });
    await bench.projectAll();
    expect((await bench.stateOf(name))?.nextAction).toBeUndefined();
    expect(await bench.stateOf("incoming_payment_1.event")).toMatchObject({ lifecycle: "ARCHIVED" });
    const tags = await Promise.all(
      (await sourceVersions(bench, "incoming_payment_1.event")).map(({ key, versionId }) =>
        bench.cloud.objects.getTags({ bucket: "new-events", key, versionId }),
      ),
    );
    expect(tags).toEqual([{ daybook: "placed" }, { daybook: "placed" }]);
  });

  it("goes under its digest where another object has its name, and leaves that one alone", async () => {
    const bench = await open();
    await bench.cloud.objects.put({ bucket: "archive", key: "incoming_payment_1.event", body: "mine" });
    await bench.place(await bench.decide("incoming_payment_1", incoming));
    const archive = await bench.contents("archive");
    expect(archive.get("incoming_payment_1.event")?.body).toBe("mine");
    expect([...archive.keys()].filter(key => /^incoming_payment_1\.event~/.test(key))).toHaveLength(1);
  });

  it("writes over a copy that has its metadata and other bytes", async () => {
    const bench = await open();
    const decision = await bench.decide("incoming_payment_1", incoming);
    await bench.place(decision);
    const key = "incoming_payment_1.event";
    const metadata = (await bench.contents("archive")).get(key)?.metadata ?? {};
    await bench.cloud.objects.put({ bucket: "archive", key, body: "forged", metadata });
    await bench.cloud.objects.putTags({ bucket: "new-events", key }, {});
    expect(await bench.place(decision)).toEqual([]);
    expect((await bench.contents("archive")).get(key)?.body).toContain("1.00");
  });

  it("gives the copy the source's tags but ours, also when it is made again", async () => {
    const bench = await open();
    const decision = await bench.decide("incoming_payment_1", incoming);
    const key = "incoming_payment_1.event";
    await bench.cloud.objects.putTags({ bucket: "new-events", key }, { team: "x" });
    for (let time = 0; time < 2; time += 1) {
      await bench.place(decision);
      expect(await bench.cloud.objects.getTags({ bucket: "archive", key })).toEqual({ team: "x" });
      await bench.cloud.objects.delete({ bucket: "archive", key });
    }
  });

  it("keeps the tags that are there", async () => {
    const bench = await open();
    const decision = await bench.decide("incoming_payment_1", incoming);
    const source = { bucket: "new-events", key: "incoming_payment_1.event" };
    await bench.cloud.objects.putTags(source, { team: "x" });
    await bench.place(decision);
    expect(await bench.cloud.objects.getTags(source)).toEqual({ team: "x", daybook: "placed" });
  });
});

describe("a request that is not read", () => {
  it("because it is too large is placed whole, compared by size and ETag, once", async () => {
    const bench = await open();
    const decision = await bench.decide("incoming_payment_1", tooLarge);
    expect(await bench.place(decision)).toEqual([]);
    expect(bench.asked).toEqual(["get", "head", "head", "getTags", "copy", "head", "putTags"]);
    expect((await bench.contents("rejected")).get("incoming_payment_1.event")).toMatchObject({
      body: tooLarge,
      metadata: { code: "OBJECT_TOO_LARGE" },
    });
    expect(await bench.place(decision)).toEqual([]);
  });

  it("and came in parts is placed though its copy has another kind of ETag", async () => {
    const bench = await open();
    const { s3 } = bench.cloud;
    const [bucket, key] = ["new-events", "incoming_payment_1.event"];
    const uploadId = createUpload(s3, {
      bucket,
      key,
      storageClass: "STANDARD",
      metadata: {},
      headers: {},
      tags: {},
    }).id;
    const { eTag } = putPart(s3, { bucket, key, uploadId }, { number: 1, body: Buffer.from(tooLarge) });
    completeUpload(s3, { bucket, key, uploadId }, [{ number: 1, eTag }], {});
    await bench.projectAll();
    expect(await bench.place(...bench.decided())).toEqual([]);
    expect((await bench.contents("rejected")).get(key)?.body).toBe(tooLarge);
  });

  it("because it is cold waits for a readable copy, asks for it once, and is placed then", async () => {
    const bench = await open();
    const decision = await bench.decide("incoming_payment_1", incoming, "GLACIER");
    expect(await bench.place(decision)).toEqual([decision]);
    expect(await bench.place(decision)).toEqual([decision]);
    expect(bench.asked.filter(name => name === "restore")).toHaveLength(1);
    bench.advance(6 * HOUR_MS);
    expect(await bench.place(decision)).toEqual([]);
    expect((await bench.contents("rejected")).has("incoming_payment_1.event")).toBe(true);
  });

  it("and is purged before it was placed is lost: told in the audit trail and overdue, not tried for ever", async () => {
    const bench = await open();
    const decision = await bench.decide("incoming_payment_1", tooLarge);
    await purge(bench, "incoming_payment_1.event");
    expect(await bench.place(decision)).toEqual([]);
    const trail = await bench.store.query({
      partition: "KEY#incoming_payment_1.event",
      from: "EVENT#",
      to: "EVENT#~",
    });
    expect(trail.items.map(item => tableRows.event.read(item).eventType)).toContain("RequestLost");
    const waiting = await Array.fromAsync(
      overdue(bench.app.ledger, "place", isoInstant(Date.now() + DAY_MS)),
    );
    expect(waiting.map(({ key }) => key)).toContain("incoming_payment_1.event");
  });
});

describe("a source that is not there any more", () => {
  it("because it was deleted is copied from its noncurrent version", async () => {
    const bench = await open();
    const decision = await bench.decide("incoming_payment_1", incoming);
    await bench.cloud.objects.delete({ bucket: "new-events", key: "incoming_payment_1.event" });
    expect(await bench.place(decision)).toEqual([]);
    expect(
      (await bench.contents("archive")).get("incoming_payment_1.event")?.metadata.rebuilt,
    ).toBeUndefined();
    bench.advance(9 * DAY_MS);
    expect(await sourceVersions(bench, "incoming_payment_1.event")).toEqual([]);
  });

  it("because it was purged is written from the record, and marked so", async () => {
    const bench = await open();
    const decision = await bench.decide("incoming_payment_1", incoming);
    await purge(bench, "incoming_payment_1.event");
    expect(await bench.place(decision)).toEqual([]);
    const copy = (await bench.contents("archive")).get("incoming_payment_1.event");
    expect(copy?.metadata.rebuilt).toBe("true");
    expect(JSON.parse(copy?.body ?? "")).toMatchObject(incoming);
    expect(await bench.place(decision)).toEqual([]);
  });

  it("because it went cold meanwhile is written from the record, and may leave", async () => {
    const bench = await open();
    const decision = await bench.decide("incoming_payment_1", incoming);
    const freeze = {
      id: "cold",
      enabled: true,
      sizeAboveBytes: 0,
      transitions: [{ days: 1, storageClass: "GLACIER" as const }],
    };
    configureBucket(bench.cloud.s3, "new-events", { lifecycle: [freeze] });
    bench.advance(3 * DAY_MS);
    expect(await bench.place(decision)).toEqual([]);
    expect((await bench.contents("archive")).get("incoming_payment_1.event")?.metadata.rebuilt).toBe("true");
    const source = { bucket: "new-events", key: "incoming_payment_1.event" };
    expect(await bench.cloud.objects.getTags(source)).toEqual({ daybook: "placed" });
  });

  it("because its null version was overwritten is written from the record; what replaced it is not tagged", async () => {
    const bench = await open();
    configureBucket(bench.cloud.s3, "new-events", { versioning: "suspended" });
    const decision = await bench.decide("incoming_payment_1", incoming);
    const source = { bucket: "new-events", key: "incoming_payment_1.event" };
    await bench.cloud.objects.put({ ...source, body: "not decided yet" });
    expect(await bench.place(decision)).toEqual([]);
    expect((await bench.contents("archive")).get(source.key)?.body).toContain("1.00");
    expect(await bench.place(decision)).toEqual([]);
    expect(await bench.cloud.objects.getTags(source)).toEqual({});
  });
});

describe("a decision that does not hold", () => {
  it("waits: the table knows another at its place, or none", async () => {
    const bench = await open();
    const decision = await bench.decide("incoming_payment_1", incoming);
    const headKey = tableRows.head.key({ stream: "100010" });
    const [head] = await bench.store.get([headKey]);
    if (head === undefined) throw new Error("Expected a head");
    for (const other of [
      { ...head, hash: "f".repeat(64) },
      { ...head, sequence: 1 },
    ]) {
      await bench.store.write({ put: other });
      expect(await bench.place(decision)).toEqual([decision]);
    }
    await bench.store.write({ delete: headKey });
    expect(await bench.place(decision)).toEqual([decision]);
    expect((await bench.contents("archive")).has("incoming_payment_1.event")).toBe(false);
    await bench.store.write({ put: head });
    expect(await bench.place(decision)).toEqual([]);
  });

  it("waits also where the stream has moved on and the line at its place is another's", async () => {
    const bench = await open();
    const decision = await bench.decide("incoming_payment_1", incoming);
    await bench.decide("incoming_payment_2", incoming);
    const lineKey = tableRows.line.key({ account: "100010", sequence: 2 });
    const [line] = await bench.store.get([lineKey]);
    if (line === undefined) throw new Error("Expected a line");
    await bench.store.write({ put: { ...line, hash: "f".repeat(64) } });
    expect(await bench.place(decision)).toEqual([decision]);
    await bench.store.write({ put: line });
    expect(await bench.place(decision)).toEqual([]);
  });

  it("is one whose record says something else than what was hashed", async () => {
    const bench = await open();
    const decision = await bench.decide("cash_withdrawal_1", tooMuch);
    const address = { bucket: "decisions", key: "dec/000001/cash_withdrawal_1.event" };
    const text = Buffer.from((await bench.cloud.objects.get(address))?.body ?? []).toString();
    const { versionId } = JSON.parse(decision.body).Records[0].s3.object;
    const put = await bench.cloud.objects.put({ ...address, body: text.replace('"refused"', '"accepted"') });
    if (put.outcome !== "stored") throw new Error("Expected the forgery to be stored");
    const forged = { ...decision, body: decision.body.replace(versionId, put.versionId ?? "") };
    expect(await bench.place(forged)).toEqual([forged]);
    expect((await bench.contents("archive")).has("cash_withdrawal_1.event")).toBe(false);
    expect(await bench.place(decision)).toEqual([]);
  });

  it("nothing is acknowledged or placed once the epoch is over", async () => {
    const bench = await open();
    const decision = await bench.decide("incoming_payment_1", incoming);
    await bench.cloud.objects.put({ bucket: "decisions", key: "epoch/000002", body: "" });
    expect(await bench.place(decision)).toEqual([decision]);
    expect((await bench.contents("archive")).has("incoming_payment_1.event")).toBe(false);
  });
});

describe("a batch", () => {
  it("gives back its poison and nothing else", async () => {
    const bench = await open();
    const good = await bench.decide("incoming_payment_1", incoming);
    const message = (id: string, body: string): SQSRecord => ({ ...good, messageId: id, body });
    await bench.cloud.objects.put({ bucket: "decisions", key: "dec/000001/junk", body: "no record" });
    const [junk] = bench.decided();
    if (junk === undefined) throw new Error("Expected a message");
    const poison = message("poison", "this is no JSON");
    const gone = message("gone", junk.body.replace("junk", "gone"));
    const test = message("test", JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent" }));
    const other = message("other", good.body.replace('"decisions"', '"elsewhere"'));
    const wrapped = message("wrapped", JSON.stringify({ Type: "Notification", Message: good.body }));
    const failed = await bench.place(poison, junk, test, gone, other, wrapped);
    expect(failed.map(({ messageId }) => messageId)).toEqual(["poison", junk.messageId, "gone"]);
    expect((await bench.contents("archive")).has("incoming_payment_1.event")).toBe(true);
  });
});

describe("announcements", () => {
  const outgoing = { SourceAccount: "100010", Amount: "60.00", Reference: "rent", ...REMOTE };

  it("tell of each accepted outgoing payment before it is archived, and of nothing else", async () => {
    const bench = await open();
    const accepted = await bench.decide("outgoing_payment_unverified_1", outgoing);
    const refused = await bench.decide("outgoing_payment_unverified_2", outgoing);
    const settled = await bench.decide("outgoing_payment_verified_1", {});
    expect(await bench.place(accepted, refused, settled)).toEqual([]);
    expect(bench.announcements().map(body => JSON.parse(body))).toEqual([
      {
        idempotencyKey: "outgoing_payment_unverified_1.event",
        requestId: "1",
        sourceAccount: "100010",
        targetInstitution: "Other bank",
        targetAccount: "r-1",
        amount: "60.00",
        amountCents: 6_000,
        reference: "rent",
        decidedAt: expect.any(String),
      },
    ]);
    await bench.place(accepted);
    expect(bench.announcements()).toHaveLength(1);
  });

  it("come again with the same key where the copy failed after them", async () => {
    const bench = await open();
    const accepted = await bench.decide("outgoing_payment_unverified_1", outgoing);
    configureBucket(bench.cloud.s3, "archive", { requireIfNoneMatch: true });
    const broken: ObjectStore = new Proxy(bench.cloud.objects, {
      get: (target, name: keyof ObjectStore) =>
        name === "copy"
          ? () => Promise.reject(new Error("no way to S3"))
          : (target[name].bind(target) as unknown),
    });
    const { store, clock, random } = bench.app.ledger;
    const paymentsTopic = new LocalTopic(bench.cloud.sns, bench.topology.topics.payments);
    const backend = { store, objects: broken, clock, random, log: silentLog, paymentsTopic };
    const handler = createPlaceHandler(createApp(backend, bench.app.config));
    const { batchItemFailures } = await handler({ Records: [accepted] });
    expect(batchItemFailures).toHaveLength(1);
    expect(await bench.place(accepted)).toEqual([]);
    const bodies = bench.announcements();
    expect(bodies).toHaveLength(2);
    expect(new Set(bodies).size).toBe(1);
  });

  it("without a topic keep the payment from being archived, and say which variable is missing", async () => {
    const bench = await open();
    const accepted = await bench.decide("outgoing_payment_unverified_1", outgoing);
    const errors: string[] = [];
    const log = {
      ...silentLog,
      error: (_: string, facts: object = {}) => errors.push(JSON.stringify(facts)),
    };
    const { store, objects, clock, random } = bench.app.ledger;
    const handler = createPlaceHandler(createApp({ store, objects, clock, random, log }, bench.app.config));
    expect((await handler({ Records: [accepted] })).batchItemFailures).toHaveLength(1);
    expect(errors.join()).toContain("DAYBOOK_PAYMENTS_TOPIC");
    expect((await bench.contents("archive")).has("outgoing_payment_unverified_1.event")).toBe(false);
  });
});

describe("decisions that were published and not placed", () => {
  it("are found after a while and told of again; one that is not published is named", async () => {
    const bench = await open();
    const lost = await bench.decide("incoming_payment_ä 1", incoming);
    const placed = await bench.decide("incoming_payment_2", incoming);
    await bench.decide("incoming_payment_3", incoming);
    await bench.place(placed);
    await bench.projectAll();
    await bench.cloud.objects.delete({ bucket: "decisions", key: "dec/000001/incoming_payment_3.event" });
    const topic = new LocalTopic(bench.cloud.sns, bench.topology.topics.decided);
    const feed = async (before: number) => {
      const found = await Array.fromAsync(unplaced(bench.app.ledger, isoInstant(before)));
      for (const { decision } of found)
        if (decision !== undefined) await republish(topic, { decision, region: "eu-central-1" });
      return Object.fromEntries(found.map(({ key, decision }) => [key, decision?.key]));
    };
    expect(await feed(Date.now() - HOUR_MS)).toEqual({});
    expect(await feed(Date.now() + HOUR_MS)).toStrictEqual({
      "incoming_payment_ä 1.event": "dec/000001/incoming_payment_ä 1.event",
      "incoming_payment_3.event": undefined,
    });
    const told = bench.decided();
    expect(told).toHaveLength(1);
    expect(await bench.place(...told)).toEqual([]);
    expect((await bench.contents("rejected")).has("incoming_payment_ä 1.event")).toBe(true);
    expect(await bench.place(lost)).toEqual([]);
  });
});
