import { describe, expect, it } from "vitest";
import { foldDecisions, publishedDecisions } from "../../src/ledger/fold.ts";
import { projectBatch } from "../../src/ledger/project.ts";
import { MemoryStore } from "../../src/local/memory-store.ts";
import { readState } from "../../src/tracking/refresh-state.ts";
import { DECISIONS, GATE_TABLE, NEW_EVENTS, openGates, rows } from "../support/gates.ts";
import { turnstile } from "../support/turnstile.ts";

const open = () => {
  const store = new MemoryStore(GATE_TABLE);
  const gates = openGates(store);
  const project = async (...bodies: string[]): Promise<readonly number[]> => {
    const messages = bodies.map((body, i) => ({ id: String(i), body }));
    const failed = await projectBatch(gates.ledger, messages, () => 10_000);
    return [...failed].map(Number);
  };
  const headOf = async (stream: string) => {
    const [item] = await store.get([rows.head.key({ stream })]);
    return item && rows.head.read(item);
  };
  const stateOf = (name: string) => readState(gates.ledger, `${name}.event`);
  const fold = () => foldDecisions(turnstile, publishedDecisions(gates.objects, DECISIONS, 1));
  return { ...gates, store, project, headOf, stateOf, fold };
};

describe("a batch of messages", () => {
  it("of a worker whose table is gone lets it learn that another one is live", async () => {
    const gates = open();
    const body = await gates.put("coin_a", { gate: "g1", coins: 3 });
    let isOver = false;
    const noTable = new Proxy(gates.store, {
      get: () => () => Promise.reject(new Error("the table is gone")),
    });
    const onEpochOver = (): void => {
      isOver = true;
    };
    const work = () =>
      projectBatch({ ...gates.ledger, store: noTable, onEpochOver }, [{ id: "1", body }], () => 60);
    await expect(work()).rejects.toThrow("the table is gone");
    expect(isOver).toBe(false);
    await gates.objects.put({ bucket: DECISIONS, key: "epoch/000002", body: "" });
    await expect(work()).rejects.toThrow("the table is gone");
    expect(isOver).toBe(true);
  });

  it("turns a request into a head, a line, a state and a published decision", async () => {
    const gates = open();
    expect(await gates.project(await gates.put("coin_a", { gate: "g1", coins: 3 }))).toEqual([]);
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 1, state: { coins: 3 }, publishedThrough: 0 });
    expect(await gates.stateOf("coin_a")).toMatchObject({
      lifecycle: "ACCEPTED",
      nextAction: "place",
      stream: "g1",
    });
    expect((await gates.fold()).streams.get("g1")).toMatchObject({ sequence: 1, state: { coins: 3 } });
  });

  it("decides a request once however often it is told of, in one batch or in many", async () => {
    const gates = open();
    const body = await gates.put("coin_a", { gate: "g1", coins: 3 });
    await gates.project(body, body, body);
    await gates.project(body);
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 1, state: { coins: 3 } });
    expect((await gates.fold()).decisions).toBe(1);
  });

  it("gives a refusal a sequence, and keeps it when the reason is gone", async () => {
    const gates = open();
    const push = await gates.put("push_a", { gate: "g1" });
    await gates.project(push);
    await gates.project(await gates.put("coin_a", { gate: "g1", coins: 3 }));
    await gates.project(push);
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 2, state: { coins: 3, pushes: 0 } });
    expect((await gates.stateOf("push_a"))?.decision).toMatchObject({ outcome: "refused", code: "LOCKED" });
  });

  it("judges in canonical order whatever the order of the messages", async () => {
    const gates = open();
    const coin = await gates.put("coin_a", { gate: "g1", coins: 1, at: 1 });
    const push = await gates.put("push_a", { gate: "g1", at: 2 });
    await gates.project(push, coin);
    expect(await gates.headOf("g1")).toMatchObject({ state: { coins: 0, pushes: 1 } });
  });

  it("carries coins between two gates in one decision with two legs", async () => {
    const gates = open();
    await gates.project(await gates.put("coin_a", { gate: "g1", coins: 3 }));
    await gates.project(await gates.put("move_a", { from: "g1", to: "g2", coins: 2 }));
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 2, state: { coins: 1 } });
    expect(await gates.headOf("g2")).toMatchObject({ sequence: 1, state: { coins: 2 } });
    expect((await gates.fold()).faults).toEqual([]);
  });

  it("parks a follow-up ahead of its original and decides it right after", async () => {
    const gates = open();
    expect(await gates.project(await gates.put("return_a", {}))).toEqual([]);
    expect(await gates.stateOf("return_a")).toMatchObject({ lifecycle: "PARKED", nextAction: "release" });
    await gates.project(await gates.put("coin_a", { gate: "g1", coins: 3 }));
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 2, state: { coins: 0 } });
    expect(await gates.stateOf("return_a")).toMatchObject({ lifecycle: "ACCEPTED" });
    expect(
      (await gates.store.query({ partition: "REQ#coin#a", from: "PARKED#", to: "PARKED#~" })).items,
    ).toEqual([]);
  });

  it("refuses a parked follow-up at once when its original is refused, even a malformed one", async () => {
    const gates = open();
    await gates.project(await gates.put("return_a", {}));
    await gates.project(await gates.put("coin_a", "no json"));
    expect((await gates.stateOf("return_a"))?.decision).toMatchObject({
      outcome: "refused",
      code: "NO_COIN",
    });
  });

  it("settles an original once", async () => {
    const gates = open();
    await gates.project(await gates.put("coin_a", { gate: "g1", coins: 3 }));
    const back = await gates.put("return_a", {});
    await gates.project(back);
    expect(await gates.headOf("g1")).toMatchObject({ state: { coins: 0, returnable: [] } });
    await gates.project(back);
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 2 });
  });

  it("lets the first content of a key stand and refuses any other, each once", async () => {
    const gates = open();
    const first = await gates.put("coin_a", { gate: "g1", coins: 3 });
    const second = await gates.put("coin_a", { gate: "g2", coins: 5 });
    await gates.project(second, first);
    await gates.project(second);
    expect((await gates.stateOf("coin_a"))?.decision).toMatchObject({ outcome: "accepted" });
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 1, state: { coins: 3 } });
    expect(await gates.headOf("g2")).toMatchObject({ sequence: 1, state: { coins: 0 } });
    const names = (await gates.objects.list({ bucket: DECISIONS, prefix: "dec/" })).objects.map(
      ({ key }) => key,
    );
    expect(names).toEqual([
      "dec/000001/coin_a.event",
      expect.stringMatching(/^dec\/000001\/coin_a\.event~[0-9a-f]{64}$/),
    ]);
  });

  it("treats the same content put again as the same request", async () => {
    const gates = open();
    await gates.project(await gates.put("coin_a", { gate: "g1", coins: 3 }));
    await gates.project(await gates.put("coin_a", { gate: "g1", coins: 3 }));
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 1 });
  });

  it("gives requests that name no stream one of sixteen, and does not list it", async () => {
    const gates = open();
    await gates.project(await gates.put("nonsense", "?"), await gates.put("coin_b", "{"));
    const { streams, faults } = await gates.fold();
    expect(faults).toEqual([]);
    expect([...streams.keys()].every(stream => /^~[0-9a-f]$/.test(stream))).toBe(true);
    const listed = await gates.store.query({
      partition: "HEAD#0",
      index: { name: "HeadIdx", partition: "HeadShard" },
    });
    expect(listed.items).toEqual([]);
  });

  it("reads the version that was notified, though the object is deleted by now", async () => {
    const gates = open();
    const body = await gates.put("coin_a", { gate: "g1", coins: 3 });
    await gates.objects.delete({ bucket: NEW_EVENTS, key: "coin_a.event" });
    expect(await gates.project(body, ...gates.notifications.slice(-1))).toEqual([]);
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 1 });
    expect(await gates.stateOf("coin_a")).toMatchObject({
      lifecycle: "GONE",
      inEventBucket: false,
      nextAction: "place",
    });
  });

  it("acknowledges a request that was purged before it was decided, and says so in its trail", async () => {
    const gates = open();
    const body = await gates.put("coin_a", { gate: "g1", coins: 3 });
    const { versions } = await gates.objects.listVersions({ bucket: NEW_EVENTS });
    await gates.objects.delete({
      bucket: NEW_EVENTS,
      key: "coin_a.event",
      versionId: versions[0]?.versionId,
    });
    expect(await gates.project(body)).toEqual([]);
    const trail = await gates.store.query({ partition: "KEY#coin_a.event", from: "EVENT#", to: "EVENT#~" });
    expect(trail.items).toMatchObject([{ EventType: "ObjectGone", ErrorState: true }]);
  });

  it("lets one bad message fail alone and acknowledges a test event", async () => {
    const gates = open();
    const good = await gates.put("coin_a", { gate: "g1", coins: 3 });
    const test = JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket: NEW_EVENTS });
    expect(await gates.project("not json", good, test)).toEqual([0]);
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 1 });
  });

  it("acknowledges nothing once the next epoch has begun", async () => {
    const gates = open();
    const body = await gates.put("coin_a", { gate: "g1", coins: 3 });
    await gates.objects.put({ bucket: DECISIONS, key: "epoch/000002", body: "" });
    expect(await gates.project(body)).toEqual([0]);
  });
});
