import { describe, expect, it } from "vitest";
import { projectBatch } from "../../src/ledger/project.ts";
import { waitingRequests } from "../../src/ledger/waiting.ts";
import { MemoryStore } from "../../src/local/memory-store.ts";
import type { Store } from "../../src/table/store.ts";
import { GATE_TABLE, rows } from "../support/gates.ts";
import { freshTable } from "../support/tables.ts";
import { DAY_MS, functionThatDies, openParking, type Parking } from "./parking-gates.ts";

const open = (): Parking => openParking(new MemoryStore(GATE_TABLE));

/** Puts a request and delivers its message. */
const tell = async (gates: Parking, name: string, body: object): Promise<string> => {
  const message = await gates.put(name, body);
  expect(await gates.project(message)).toEqual([]);
  return message;
};

describe("under a closed stream", () => {
  it("requests wait, those of other streams go on, and all are decided in order when it opens", async () => {
    const gates = open();
    await tell(gates, "coin_a", { gate: "g1", coins: 2, at: 1 });
    await tell(gates, "shut_a", { gate: "g1", at: 2 });
    // Told of in the wrong order: the third push finds nothing left, whichever was told of first.
    await tell(gates, "push_c", { gate: "g1", at: 12 });
    await tell(gates, "push_a", { gate: "g1", at: 10 });
    await tell(gates, "push_b", { gate: "g1", at: 11 });
    await tell(gates, "coin_other", { gate: "g2", coins: 1, at: 13 });
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 2, parkedCount: 3 });
    expect(await gates.outcomeOf("push_a")).toBe("parked at g1");
    expect(await gates.outcomeOf("coin_other")).toBe("accepted");
    expect(await gates.stateOf("push_a")).toMatchObject({ lifecycle: "PARKED", nextAction: "release" });
    await gates.expectSound();

    await tell(gates, "open_a", { gate: "g1", at: 20 });
    const outcomes = await Promise.all(["push_a", "push_b", "push_c"].map(gates.outcomeOf));
    expect(outcomes).toEqual(["accepted", "accepted", "LOCKED"]);
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 6, parkedCount: 0, state: { pushes: 2 } });
    await gates.expectSound();
  });

  it("requests of one second are decided in the order in which S3 stored them, not by name", async () => {
    const gates = open();
    await tell(gates, "coin_a", { gate: "g1", coins: 1, at: 1 });
    await tell(gates, "shut_a", { gate: "g1", at: 2 });
    const first = await gates.put("push_z", { gate: "g1", at: 10 });
    await gates.clock.sleep(5);
    const second = await gates.put("push_a", { gate: "g1", at: 10 });
    await gates.project(second);
    await gates.project(first);
    await tell(gates, "open_a", { gate: "g1", at: 20 });
    expect(await gates.outcomeOf("push_z")).toBe("accepted");
    expect(await gates.outcomeOf("push_a")).toBe("LOCKED");
  });

  it("the same request waits once however often it is told of or put, and a decided one stays decided", async () => {
    const gates = open();
    const coin = await tell(gates, "coin_a", { gate: "g1", coins: 1 });
    await tell(gates, "shut_a", { gate: "g1" });
    const push = await tell(gates, "push_a", { gate: "g1" });
    await gates.project(push, push);
    await tell(gates, "push_a", { gate: "g1" });
    await gates.project(coin);
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 2, parkedCount: 1 });
    await tell(gates, "open_a", { gate: "g1" });
    await gates.project(push, coin);
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 4, parkedCount: 0, state: { pushes: 1 } });
    await gates.expectSound();
  });

  it("what cannot be read is refused at once, and so is a second closing", async () => {
    const gates = open();
    await tell(gates, "shut_a", { gate: "g1" });
    await tell(gates, "push_bad", { gate: "g1", coins: -1, from: "g1" });
    await tell(gates, "coin_bad", { gate: "g1", coins: -1 });
    await tell(gates, "shut_b", { gate: "g1" });
    expect(await gates.outcomeOf("coin_bad")).toBe("BAD_TURN");
    expect(await gates.outcomeOf("shut_b")).toBe("SHUT");
    expect(await gates.outcomeOf("push_bad")).toBe("parked at g1");
    await tell(gates, "open_a", { gate: "g1" });
    await tell(gates, "open_b", { gate: "g1" });
    expect(await gates.outcomeOf("open_b")).toBe("OPEN");
    await gates.expectSound();
  });

  it("the waiting, the closing and the opening may come in one batch", async () => {
    const gates = open();
    const bodies = [
      await gates.put("push_a", { gate: "g1", at: 3 }),
      await gates.put("open_a", { gate: "g1", at: 4 }),
      await gates.put("shut_a", { gate: "g1", at: 2 }),
      await gates.put("coin_a", { gate: "g1", coins: 1, at: 1 }),
      await gates.put("push_b", { gate: "g1", at: 5 }),
    ];
    expect(await gates.project(...bodies)).toEqual([]);
    expect(await gates.outcomeOf("push_a")).toBe("accepted");
    expect(await gates.outcomeOf("push_b")).toBe("LOCKED");
    await gates.expectSound();
  });

  it("a request over two closed streams waits under the first, then under the second", async () => {
    const gates = open();
    await tell(gates, "coin_a", { gate: "g1", coins: 3, at: 1 });
    await tell(gates, "shut_a", { gate: "g1", at: 2 });
    await tell(gates, "shut_b", { gate: "g2", at: 2 });
    await tell(gates, "move_a", { from: "g1", to: "g2", coins: 2, at: 3 });
    await tell(gates, "push_a", { gate: "g1", at: 4 });
    expect(await gates.outcomeOf("move_a")).toBe("parked at g1");
    await tell(gates, "open_a", { gate: "g1", at: 5 });
    expect(await gates.outcomeOf("move_a")).toBe("parked at g2");
    expect(await gates.outcomeOf("push_a")).toBe("accepted");
    await gates.expectSound();
    await tell(gates, "open_b", { gate: "g2", at: 6 });
    expect(await gates.outcomeOf("move_a")).toBe("accepted");
    expect(await gates.headOf("g2")).toMatchObject({ parkedCount: 0, state: { coins: 2 } });
    await gates.expectSound();
  });

  it("a request waits under its closed side, be it the second one", async () => {
    const gates = open();
    await tell(gates, "coin_a", { gate: "g1", coins: 3 });
    await tell(gates, "shut_b", { gate: "g2" });
    await tell(gates, "move_a", { from: "g1", to: "g2", coins: 2 });
    await tell(gates, "push_a", { gate: "g1" });
    expect(await gates.outcomeOf("move_a")).toBe("parked at g2");
    expect(await gates.outcomeOf("push_a")).toBe("accepted");
    await tell(gates, "open_b", { gate: "g2" });
    expect(await gates.headOf("g1")).toMatchObject({ state: { coins: 0 }, parkedCount: 0 });
    await gates.expectSound();
  });

  it("an original waits with its follow-up behind it, and both are decided when it opens", async () => {
    const gates = open();
    await tell(gates, "shut_a", { gate: "g1", at: 1 });
    await tell(gates, "return_a", { at: 3 });
    await tell(gates, "coin_a", { gate: "g1", coins: 3, at: 2 });
    expect(await gates.outcomeOf("coin_a")).toBe("parked at g1");
    expect(await gates.outcomeOf("return_a")).toBe("parked at REQ#coin#a");
    await tell(gates, "open_a", { gate: "g1", at: 4 });
    expect(await gates.outcomeOf("return_a")).toBe("accepted");
    expect(await gates.headOf("g1")).toMatchObject({ state: { coins: 0, returnable: [] } });
    await gates.expectSound();
  });

  it("a follow-up of a decided original waits under the original's stream, which it does not name", async () => {
    const gates = open();
    await tell(gates, "coin_a", { gate: "g1", coins: 3, at: 1 });
    await tell(gates, "shut_a", { gate: "g1", at: 2 });
    await tell(gates, "return_a", { at: 3 });
    expect(await gates.outcomeOf("return_a")).toBe("parked at g1");
    await tell(gates, "open_a", { gate: "g1", at: 4 });
    expect(await gates.outcomeOf("return_a")).toBe("accepted");
    await gates.expectSound();
  });

  it("a follow-up whose original is decided as the stream closes moves from one place to the other", async () => {
    const gates = open();
    await tell(gates, "return_a", { at: 3 });
    const coin = await gates.put("coin_a", { gate: "g1", coins: 3, at: 1 });
    const shut = await gates.put("shut_a", { gate: "g1", at: 2 });
    let isRaced = false;
    // The stream closes between the original's commit and the release of what waits for it.
    const ledger = {
      ...gates.ledger,
      objects: new Proxy(gates.objects, {
        get: (target, name: keyof typeof gates.objects) =>
          name === "put" && !isRaced
            ? async (request: Parameters<typeof target.put>[0]) => {
                isRaced = true;
                const answer = await target.put(request);
                await gates.project(shut);
                return answer;
              }
            : (target[name] as () => unknown).bind(target),
      }),
    };
    expect((await projectBatch(ledger, [{ id: "m", body: coin }], () => 10_000)).size).toBe(0);
    expect(await gates.outcomeOf("return_a")).toBe("parked at g1");
    await gates.expectSound();
    await tell(gates, "open_a", { gate: "g1", at: 4 });
    expect(await gates.outcomeOf("return_a")).toBe("accepted");
    await gates.expectSound();
  });
});

describe("contents of one key", () => {
  it("that wait under one stream are decided in order: the first stands, the other is a reuse", async () => {
    const gates = open();
    await tell(gates, "shut_a", { gate: "g1", at: 1 });
    await tell(gates, "coin_a", { gate: "g1", coins: 3, at: 5 });
    await tell(gates, "coin_a", { gate: "g1", coins: 4, at: 5 });
    expect(await gates.headOf("g1")).toMatchObject({ parkedCount: 2 });
    await gates.expectSound();
    await tell(gates, "open_a", { gate: "g1", at: 9 });
    expect(await gates.headOf("g1")).toMatchObject({ parkedCount: 0, state: { coins: 3 } });
    const codes = (await gates.records()).filter(({ key }) => key === "coin_a.event").map(({ code }) => code);
    expect(codes).toEqual([undefined, "KEY_REUSED"]);
    await gates.expectSound();
  });

  it("are no longer waited for once one of them is decided elsewhere", async () => {
    const gates = open();
    await tell(gates, "shut_a", { gate: "g1", at: 1 });
    await tell(gates, "coin_a", { gate: "g1", coins: 3, at: 5 });
    await tell(gates, "coin_a", { gate: "g2", coins: 4, at: 5 });
    expect(await gates.outcomeOf("coin_a")).toBe("accepted");
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 2, parkedCount: 0, state: { coins: 0 } });
    expect(await gates.headOf("g2")).toMatchObject({ state: { coins: 4 } });
    await gates.expectSound();
  });
});

describe("the sweep", () => {
  it("refuses a follow-up when its deadline has passed, not before, and says when that was", async () => {
    const gates = open();
    await tell(gates, "return_a", { at: 1 });
    const { since = "" } = (await gates.stateOf("return_a")) ?? {};
    const deadlineMs = Date.parse(since) + 30 * DAY_MS;
    await gates.clock.sleep(deadlineMs - gates.clock.now() - 1);
    expect(await gates.sweep()).toEqual({ waiting: 1, decided: 0, isComplete: true, troubles: [] });
    expect(await gates.outcomeOf("return_a")).toBe("parked at REQ#coin#a");
    await gates.clock.sleep(1);
    expect(await gates.sweep()).toMatchObject({ waiting: 1, decided: 1 });
    expect(await gates.outcomeOf("return_a")).toBe("NO_COIN_CAME");
    const [record] = await gates.records();
    expect(record?.facts).toEqual({ deadline: new Date(deadlineMs).toISOString() });
    expect(await gates.sweep()).toMatchObject({ waiting: 0, decided: 0 });
    await tell(gates, "coin_a", { gate: "g1", coins: 1 });
    expect(await gates.outcomeOf("return_a")).toBe("NO_COIN_CAME");
    expect(await gates.headOf("g1")).toMatchObject({ sequence: 1, state: { coins: 1 } });
    await gates.expectSound();
  });

  it("does not refuse what waits under a closed stream, however long", async () => {
    const gates = open();
    await tell(gates, "shut_a", { gate: "g1" });
    await tell(gates, "push_a", { gate: "g1" });
    await gates.clock.sleep(400 * DAY_MS);
    expect(await gates.sweep()).toMatchObject({ waiting: 1, decided: 0 });
    const { since } = (await gates.stateOf("push_a")) ?? {};
    expect(await Array.fromAsync(waitingRequests(gates.ledger))).toEqual([
      { key: "push_a.event", since, awaits: { stream: "g1" } },
    ]);
    await gates.expectSound();
  });

  it("goes on where a drainer died whose message is lost", async () => {
    const gates = open();
    await tell(gates, "coin_a", { gate: "g1", coins: 9, at: 1 });
    await tell(gates, "shut_a", { gate: "g1", at: 2 });
    for (const n of [1, 2, 3]) await tell(gates, `push_${n}`, { gate: "g1", at: 10 + n });
    await tell(gates, "coin_w", { gate: "g1", coins: 1, at: 11 });
    await tell(gates, "return_w", { at: 20 });
    const opening = await gates.put("open_a", { gate: "g1", at: 30 });
    let left = 2;
    const { project } = functionThatDies(gates, () => left-- <= 0);
    expect((await project(opening)).length).toBe(1);
    expect(await gates.headOf("g1")).toMatchObject({ state: { isShut: false } });
    // Arrivals line up behind those that wait.
    await tell(gates, "push_late", { gate: "g1", at: 5 });
    expect(await gates.outcomeOf("push_late")).toBe("parked at g1");
    const swept = await gates.sweep();
    expect(swept).toMatchObject({ isComplete: true, troubles: [] });
    expect(await gates.outcomeOf("return_w")).toBe("accepted");
    expect(await gates.outcomeOf("push_late")).toBe("accepted");
    await gates.expectSound();
  });

  it("releases the follow-ups of an original whose worker died", async () => {
    const gates = open();
    await tell(gates, "return_a", { at: 2 });
    const coin = await gates.put("coin_a", { gate: "g1", coins: 1, at: 1 });
    const { project } = functionThatDies(gates, () => true);
    expect((await project(coin)).length).toBe(1);
    expect(await gates.outcomeOf("return_a")).toBe("parked at REQ#coin#a");
    await gates.sweep();
    expect(await gates.outcomeOf("return_a")).toBe("accepted");
    await gates.expectSound();
  });

  it("stops when its time is used up, and does nothing when the epoch is over", async () => {
    const gates = open();
    await tell(gates, "return_a", { at: 1 });
    await gates.clock.sleep(31 * DAY_MS);
    expect(await gates.sweep(() => 0)).toMatchObject({ isComplete: false, decided: 0 });
    await gates.objects.put({ bucket: "decisions", key: "epoch/000002", body: "" });
    expect(await gates.sweep()).toMatchObject({ isComplete: false, waiting: 0 });
    expect(await gates.outcomeOf("return_a")).toBe("parked at REQ#coin#a");
  });

  it("sets a count right under which no row lies, as a torn restore leaves it", async () => {
    const gates = open();
    await tell(gates, "coin_a", { gate: "g1", coins: 1, at: 1 });
    await tell(gates, "shut_a", { gate: "g1", at: 2 });
    const push = await tell(gates, "push_a", { gate: "g1", at: 3 });
    const { items } = await gates.store.query({ partition: "g1", from: "PARKED#", to: "PARKED#~" });
    for (const { PK, SK } of items) await gates.store.write({ delete: { PK, SK } });
    await gates.store.write({ delete: rows.state.key({ key: "push_a.event" }) });
    await tell(gates, "open_a", { gate: "g1", at: 4 });
    expect(await gates.headOf("g1")).toMatchObject({ parkedCount: 0 });
    expect(await gates.project(push)).toEqual([]);
    expect(await gates.outcomeOf("push_a")).toBe("accepted");
    await gates.expectSound();
  });
});

describe("on DynamoDB Local", () => {
  it("parking, moving, draining and the deadline do what they do in memory", async () => {
    const store: Store = await freshTable(GATE_TABLE);
    const gates = openParking(store);
    // Enough for all, since the order among functions side by side is anybody's.
    await tell(gates, "coin_a", { gate: "g1", coins: 9, at: 1 });
    await tell(gates, "shut_a", { gate: "g1", at: 2 });
    await tell(gates, "shut_b", { gate: "g2", at: 2 });
    await tell(gates, "move_a", { from: "g1", to: "g2", coins: 2, at: 3 });
    await tell(gates, "push_a", { gate: "g1", at: 4 });
    await tell(gates, "return_never", { at: 4 });
    await tell(gates, "coin_w", { gate: "g1", coins: 1, at: 4 });
    await tell(gates, "return_w", { at: 5 });
    await gates.expectSound();
    const bodies = [
      await gates.put("open_a", { gate: "g1", at: 6 }),
      await gates.put("open_b", { gate: "g2", at: 6 }),
      await gates.put("push_late", { gate: "g1", at: 7 }),
    ];
    // Told of side by side, by functions that know nothing of each other, and once more.
    expect((await Promise.all(bodies.map(body => gates.project(body)))).flat()).toEqual([]);
    expect(await gates.project(...bodies)).toEqual([]);
    await gates.clock.sleep(31 * DAY_MS);
    await Promise.all([gates.sweep(), gates.sweep()]);
    const names = ["move_a", "push_a", "return_w", "return_never"];
    expect(await Promise.all(names.map(gates.outcomeOf))).toEqual([
      "accepted",
      "accepted",
      "accepted",
      "NO_COIN_CAME",
    ]);
    await gates.expectSound();
  }, 180_000);
});
