import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../src/local/memory-store.ts";
import { auditId } from "../../src/tracking/audit-id.ts";
import { RECENT_SHARDS, recentPartition } from "../../src/tracking/entities.ts";
import { type Judgement, judgedState } from "../../src/tracking/state.ts";
import { at, observation, rowsOf } from "./notation.ts";
import { definition, ROLES, rows } from "./tracking-rows.ts";

const stateOf = (key: string, judgement: Judgement = {}) =>
  judgedState({ previous: undefined, observation: observation("C1@v1", { key }), judgement, roles: ROLES });

const decision = { digest: "d1", outcome: "accepted", epoch: 1, decidedAt: at(9), legs: [] } as const;

describe("the rows of tracking", () => {
  it("an observation's key says bucket, version, sequencer and side; case is kept", () => {
    const [row] = rowsOf([observation("Cab@V1x", { key: "Some/Key#1 ü" })]);
    const item = row && rows.observation.item(row);
    expect(item).toMatchObject({
      PK: "KEY#Some/Key#1 ü",
      SK: `OBJECT#bucket#V1x#${"AB".padStart(32, "0")}#C`,
    });
  });

  it.each(["C1@v1", "D1", "X2@m", "C~+5", "D~@v+5"])("the observation %s comes back as it went", token => {
    for (const row of rowsOf([observation(token, { eTag: "e", isLatest: false })])) {
      expect(rows.observation.read(rows.observation.item(row))).toEqual(row);
      expect(rows.observation.item(row)).toMatchObject(rows.observation.key(row));
    }
  });

  it("markers and deletions are D, what tells more of an object has its own suffix", () => {
    const suffixes = (["created", "deleted", "marker", "restored", "tagged"] as const).map(
      kind => rows.observation.key(observation("C1", { kind })).SK.split("#")[4],
    );
    expect(suffixes).toEqual(["C", "D", "D", "restored", "tagged"]);
  });

  it("a state comes back as it went", () => {
    const state = stateOf("k", { decision, stream: "s1", date: 20260101, time: 101 });
    expect(rows.state.read(rows.state.item(state))).toEqual(state);
    expect(rows.state.item(state)).toMatchObject({
      PK: "KEY#k",
      SK: "STATE",
      Stream: "s1",
      Date: 20260101,
      Time: 101,
      InEventBucket: true,
      InArchiveBucket: false,
      InRejectedBucket: false,
      Processed: true,
    });
  });

  it("the audit trail's id comes from its cause: told again it is the same row", () => {
    const event = (cause: string) =>
      rows.event.item({
        key: "k",
        at: at(1),
        id: auditId(cause),
        eventType: "InitialEvent",
        errorState: false,
      });
    expect(event("hash1").SK).toMatch(/^EVENT#2026-01-01T00:00:01\.000Z#[0-9a-f]{16}$/);
    expect(event("hash1")).toEqual(event("hash1"));
    expect(event("hash1").SK).not.toBe(event("hash2").SK);
  });

  it("the longest key, bucket and version id fit DynamoDB's limits on keys", () => {
    const longest = observation("C~+1", {
      kind: "restore-started",
      key: "ü".repeat(512),
      bucket: "b".repeat(255),
      versionId: "v".repeat(512),
    });
    const { PK, SK } = rows.observation.key(longest);
    expect(Buffer.byteLength(PK)).toBeLessThanOrEqual(2048);
    expect(Buffer.byteLength(SK)).toBeLessThanOrEqual(1024);
    const recent = rows.state.item(stateOf("ü".repeat(512))).RecentTime;
    expect(Buffer.byteLength(String(recent))).toBeLessThanOrEqual(1024);
  });
});

describe("the indexes of tracking", () => {
  const filled = async () => {
    const store = new MemoryStore(definition);
    const states = [stateOf("undecided"), stateOf("decided", { decision, stream: "s1" })];
    for (const state of states) await store.write({ put: rows.state.item(state) });
    for (const row of rowsOf([observation("C1@v1", { key: "undecided" })]))
      await store.write({ put: rows.observation.item(row) });
    const event = {
      key: "decided",
      at: at(2),
      id: "i",
      eventType: "Decided",
      errorState: false,
      stream: "s1",
    };
    await store.write({ put: rows.event.item({ ...event, nextAction: "place" }) });
    return store;
  };

  it("work holds the states that wait for something, and no audit row", async () => {
    const store = await filled();
    const work = (partition: string) =>
      store.query({ index: { name: "WorkIdx", partition: "NextAction", sort: "Since" }, partition });
    expect((await work("decide")).items).toMatchObject([{ PK: "KEY#undecided", Since: at(1) }]);
    expect((await work("place")).items).toMatchObject([{ PK: "KEY#decided", SK: "STATE", Since: at(9) }]);
  });

  it("recent holds each key once under its day and shard", async () => {
    const store = await filled();
    const found = [];
    for (const shard of RECENT_SHARDS) {
      const index = { name: "RecentIdx", partition: "RecentDay", sort: "RecentTime" };
      const page = await store.query({ index, partition: recentPartition("2026-01-01", shard) });
      found.push(...page.items.map(({ PK }) => PK));
    }
    expect(found.sort()).toEqual(["KEY#decided", "KEY#undecided"]);
  });

  it("a stream's index holds its states and audit rows", async () => {
    const store = await filled();
    const index = { name: "StreamIdx", partition: "Stream", sort: "SK" };
    const { items } = await store.query({ index, partition: "s1" });
    expect(items.map(({ SK }) => SK)).toEqual([`EVENT#${at(2)}#i`, "STATE"]);
  });
});
