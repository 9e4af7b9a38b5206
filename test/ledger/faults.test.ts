import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareHeads } from "../../src/ledger/compare.ts";
import { foldDecisions, publishedDecisions } from "../../src/ledger/fold.ts";
import { projectBatch } from "../../src/ledger/project.ts";
import { SplitBrain } from "../../src/ledger/publish.ts";
import { MemoryStore, type StoreFault } from "../../src/local/memory-store.ts";
import { randomInteger, seededRandom } from "../../src/local/seeded-random.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Random } from "../../src/ports/random.ts";
import { DECISIONS, GATE_TABLE, openGates, rows } from "../support/gates.ts";
import { type Turn, turnstile } from "../support/turnstile.ts";

/** More with `RUNS=10`. */
const RUNS = 150 * Number(process.env.RUNS ?? 1);
const HANDLERS = 4;
/** A message that is not through after so many deliveries never will be. */
const DELIVERIES_MAX = 60;
const FAULT_RATE = 0.15;

class Trouble extends Error {
  override readonly name = "Trouble";
}

/** Writes that do not happen, and writes that happen while the answer gets lost. */
const storeFault = (random: Random): StoreFault | undefined => {
  const draw = random.next() / FAULT_RATE;
  if (draw < 0.3) return { instead: { outcome: "conflict", reason: "throttled" } };
  if (draw < 0.6) return { instead: { outcome: "unknown", reason: "timeout before" } };
  return draw < 1 ? { answer: { outcome: "unknown", reason: "timeout after" } } : undefined;
};

/** Puts and gets that fail before or after their effect: the function dies there, its message comes again. */
const faultyObjects =
  (random: Random, isOn: () => boolean) =>
  (objects: ObjectStore): ObjectStore => {
    const trouble = (): void => {
      if (isOn() && random.next() < FAULT_RATE) throw new Trouble("the connection broke");
    };
    return new Proxy(objects, {
      get: (target, name: keyof ObjectStore) => {
        const call = target[name].bind(target) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]) => {
          trouble();
          const answer = await call(...args);
          trouble();
          return answer;
        };
      },
    });
  };

const turn = fc.oneof(
  fc.record({ type: fc.constant("coin"), gate: fc.nat(2), coins: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ type: fc.constant("push"), gate: fc.nat(2) }),
  fc.record({
    type: fc.constant("move"),
    from: fc.nat(2),
    to: fc.nat(2),
    coins: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ type: fc.constant("return"), of: fc.nat(11) }),
  fc.record({ type: fc.constant("again"), of: fc.nat(11) }),
);

type Draft = { type: string; gate?: number; from?: number; to?: number; coins?: number; of?: number };

const objectOf = ({ type, gate, from, to, coins, of = 0 }: Draft, n: number): [string, object | string] => {
  const at = n + 1;
  if (type === "return") return [`return_${of}`, { at }];
  if (type === "again") return [`coin_${of}`, { gate: "g0", coins: 9, at }];
  if (type === "move") return [`move_${n}`, { from: `g${from}`, to: `g${to}`, coins, at }];
  return [`${type}_${n}`, { gate: `g${gate}`, coins, at }];
};

describe("with faults at every step", () => {
  it(`four functions decide each request once and the fold of S3 equals the table (${RUNS} runs)`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 4, maxLength: 12 }), fc.nat(1e6), async (drafts, seed) => {
        const random = seededRandom(seed);
        let isOn = true;
        const store = new MemoryStore(GATE_TABLE, async call =>
          isOn && "writes" in call ? storeFault(random) : undefined,
        );
        const gates = openGates(store, { seed, wrap: faultyObjects(random, () => isOn) });
        const bodies: string[] = [];
        for (const [n, draft] of drafts.entries()) bodies.push(await gates.put(...objectOf(draft, n)));

        let left = bodies.flatMap((body, i) => (i % 3 === 0 ? [body, body] : [body]));
        for (let delivery = 0; left.length > 0; delivery += 1) {
          if (delivery === DELIVERIES_MAX) throw new Error(`${left.length} messages are never through`);
          if (delivery === DELIVERIES_MAX / 2) isOn = false;
          const hands: string[][] = Array.from({ length: HANDLERS }, () => []);
          for (const body of left) hands[randomInteger(random, HANDLERS)]?.push(body);
          const failed = await Promise.all(
            hands.map(async batch => {
              const messages = batch.map((body, i) => ({ id: String(i), body }));
              // A fresh memory each time, as of a new function.
              const ledger = { ...gates.ledger, published: new Map() };
              try {
                const ids = await projectBatch(ledger, messages, () => 50);
                return [...ids].map(id => batch[Number(id)] ?? "");
              } catch (error) {
                if (error instanceof Trouble) return batch;
                throw error;
              }
            }),
          );
          left = failed.flat();
        }
        isOn = false;

        const decisions = await Array.fromAsync(publishedDecisions<Turn>(gates.objects, DECISIONS, 1));
        const identities = decisions.map(({ key, digest }) => `${key} ${digest}`);
        expect(new Set(identities).size).toBe(identities.length);
        const fold = await foldDecisions(turnstile, publishedDecisions<Turn>(gates.objects, DECISIONS, 1));
        expect(fold.faults).toEqual([]);
        expect((await compareHeads(gates.ledger, fold)).filter(({ isEqual }) => !isEqual)).toEqual([]);
        for (const { state } of fold.streams.values()) expect(state.coins).toBeGreaterThanOrEqual(0);
        const keys = new Set(drafts.map((draft, n) => `${objectOf(draft, n)[0]}.event`));
        for (const key of keys) {
          const [item] = await store.get([rows.state.key({ key })]);
          const state = item && rows.state.read(item);
          expect(state?.decision ?? state?.parked, key).toBeDefined();
          if (state?.parked?.awaits === undefined) continue;
          const registered = await store.query({
            partition: state.parked.awaits,
            from: "REQUEST",
            to: "REQUEST",
          });
          expect(registered.items, `${key} is parked for ${state.parked.awaits}`).toEqual([]);
        }
      }),
      { numRuns: RUNS },
    );
  }, 300_000);
});

describe("a follow-up that is parked while its original is decided", () => {
  it("is not parked, but judged", async () => {
    let rival: (() => Promise<unknown>) | undefined;
    const store = new MemoryStore(GATE_TABLE, async call => {
      const isParking = "writes" in call && call.writes.some(write => "check" in write);
      const race = isParking ? rival : undefined;
      if (race) rival = undefined;
      await race?.();
      return undefined;
    });
    const gates = openGates(store);
    const coin = await gates.put("coin_a", { gate: "g1", coins: 2 });
    const back = await gates.put("return_a", {});
    rival = () => projectBatch(gates.ledger, [{ id: "coin", body: coin }], () => 1_000);
    expect([...(await projectBatch(gates.ledger, [{ id: "back", body: back }], () => 1_000))]).toEqual([]);
    const [item] = await store.get([rows.head.key({ stream: "g1" })]);
    expect(item && rows.head.read(item)).toMatchObject({ sequence: 2, state: { coins: 0 } });
  });
});

describe("a table that lost a head and kept the request's state, as a torn restore leaves it", () => {
  it("decides the request again, in the next epoch", async () => {
    const store = new MemoryStore(GATE_TABLE);
    const gates = openGates(store);
    const body = await gates.put("coin_a", { gate: "g1", coins: 2 });
    await projectBatch(gates.ledger, [{ id: "m", body }], () => 1_000);
    await store.write({ delete: rows.head.key({ stream: "g1" }) });
    await projectBatch({ ...gates.ledger, epoch: 2 }, [{ id: "m", body }], () => 1_000);
    const [item] = await store.get([rows.head.key({ stream: "g1" })]);
    expect(item && rows.head.read(item)).toMatchObject({ sequence: 1, epoch: 2, state: { coins: 2 } });
  });
});

describe("a decision that was committed and not published", () => {
  /** A gate whose decisions bucket is out of reach while `isBroken`. */
  const open = () => {
    const store = new MemoryStore(GATE_TABLE);
    const broken = { is: false };
    const gates = openGates(store, {
      wrap: objects => ({
        ...objects,
        get: (...args) => objects.get(...args),
        head: address => objects.head(address),
        put: async request => {
          if (broken.is) throw new Trouble("no way to S3");
          return objects.put(request);
        },
      }),
    });
    const project = (body: string) => projectBatch(gates.ledger, [{ id: "m", body }], () => 1_000);
    const published = async () =>
      (await gates.objects.list({ bucket: DECISIONS, prefix: "dec/" })).objects.map(({ key }) =>
        key.slice(11),
      );
    return { ...gates, broken, project, published };
  };

  it("is not acknowledged, and published when its message comes again", async () => {
    const gates = open();
    const body = await gates.put("coin_a", { gate: "g1", coins: 1 });
    gates.broken.is = true;
    expect([...(await gates.project(body))]).toEqual(["m"]);
    expect(await gates.published()).toEqual([]);
    gates.broken.is = false;
    expect([...(await gates.project(body))]).toEqual([]);
    expect(await gates.published()).toEqual(["coin_a.event"]);
  });

  it("is published by whoever decides next on its stream, before that is committed", async () => {
    const gates = open();
    gates.broken.is = true;
    await gates.project(await gates.put("coin_a", { gate: "g1", coins: 1 }));
    gates.broken.is = false;
    await gates.project(await gates.put("push_a", { gate: "g1" }));
    expect(await gates.published()).toEqual(["coin_a.event", "push_a.event"]);
  });

  it("stops everything if something else stands in its place", async () => {
    const gates = open();
    const body = await gates.put("coin_a", { gate: "g1", coins: 1 });
    gates.broken.is = true;
    await gates.project(body);
    gates.broken.is = false;
    const [item] = await gates.ledger.store.get([rows.head.key({ stream: "g1" })]);
    const record = JSON.parse(rows.head.read(item ?? { PK: "", SK: "" }).last);
    const other = JSON.stringify({ ...record, decidedAt: "2001-01-01T00:00:00.000Z" });
    await gates.objects.put({ bucket: DECISIONS, key: "dec/000001/coin_a.event", body: other });
    await expect(gates.project(body)).rejects.toBeInstanceOf(SplitBrain);
  });
});

describe("what a review found", () => {
  const open = (hook?: ConstructorParameters<typeof MemoryStore>[1]) => {
    const store = new MemoryStore(GATE_TABLE, hook);
    const gates = openGates(store);
    const project = async (...bodies: string[]) => {
      const messages = bodies.map((body, i) => ({ id: String(i), body }));
      return [...(await projectBatch(gates.ledger, messages, () => 1_000))].map(Number);
    };
    const stateOf = async (name: string) => {
      const [item] = await store.get([rows.state.key({ key: `${name}.event` })]);
      return item && rows.state.read(item);
    };
    return { ...gates, store, project, stateOf };
  };

  it("a follow-up of the same batch is released though the original's commit had no answer", async () => {
    let isLost = true;
    const gates = open(async call => {
      const registers =
        "writes" in call && call.writes.some(write => "put" in write && write.put.SK === "REQUEST");
      if (!registers || !isLost) return undefined;
      isLost = false;
      return { answer: { outcome: "unknown", reason: "timeout" } };
    });
    const back = await gates.put("return_a", { at: 1 });
    const coin = await gates.put("coin_a", { gate: "g1", coins: 3, at: 2 });
    expect(await gates.project(back, coin)).toEqual([]);
    expect((await gates.stateOf("return_a"))?.decision?.outcome).toBe("accepted");
  });

  it("a failure stops those behind it in its group, so that order holds", async () => {
    let isBroken = true;
    const gates = open(async call => {
      if (call.call !== "transact" || !isBroken) return undefined;
      if (
        !call.writes.some(
          write => "put" in write && write.put.key === "coin_a.event" && write.put.SK === "STATE",
        )
      )
        return undefined;
      isBroken = false;
      throw new Trouble("the table is away");
    });
    const coin = await gates.put("coin_a", { gate: "g1", coins: 1, at: 1 });
    const push = await gates.put("push_a", { gate: "g1", at: 2 });
    expect(await gates.project(coin, push)).toEqual([0, 1]);
    expect(await gates.project(coin, push)).toEqual([]);
    expect((await gates.stateOf("push_a"))?.decision?.outcome).toBe("accepted");
  });

  it("a decided request whose version is purged is still published and releases what waits", async () => {
    const gates = open();
    const broken = { is: false };
    const { put } = gates.objects;
    const ledger = {
      ...gates.ledger,
      objects: new Proxy(gates.objects, {
        get: (target, name: keyof ObjectStore) =>
          name === "put" && broken.is
            ? () => Promise.reject(new Trouble("no way to S3"))
            : (target[name].bind(target) as unknown),
      }),
    };
    expect(put).toBeDefined();
    const project = (body: string) => projectBatch(ledger, [{ id: "m", body }], () => 1_000);
    await project(await gates.put("return_a", { at: 1 }));
    const coin = await gates.put("coin_a", { gate: "g1", coins: 3, at: 2 });
    broken.is = true;
    expect((await project(coin)).size).toBe(1);
    broken.is = false;
    const { versions } = await gates.objects.listVersions({ bucket: "new-events", prefix: "coin_a" });
    await gates.objects.delete({
      bucket: "new-events",
      key: "coin_a.event",
      versionId: versions[0]?.versionId,
    });
    expect((await project(coin)).size).toBe(0);
    expect((await gates.objects.list({ bucket: DECISIONS, prefix: "dec/" })).objects.length).toBe(2);
    expect((await gates.stateOf("return_a"))?.decision?.outcome).toBe("accepted");
  });

  it("two contents of one key that wait both get their decision, and no parked row stays", async () => {
    const gates = open();
    await gates.project(await gates.put("return_a", { at: 1 }));
    await gates.project(await gates.put("return_a", { at: 1, other: true }));
    await gates.project(await gates.put("coin_a", { gate: "g1", coins: 3, at: 2 }));
    const parked = await gates.store.query({ partition: "REQ#coin#a", from: "PARKED#", to: "PARKED#~" });
    expect(parked.items).toEqual([]);
    const { objects } = await gates.objects.list({ bucket: DECISIONS, prefix: "dec/000001/return_a" });
    expect(objects.length).toBe(2);
  });

  it("parked content is decided at once when other content of its key is decided first", async () => {
    const gates = open();
    await gates.project(await gates.put("return_a", { at: 1 }));
    await gates.project(await gates.put("return_a", "no json"));
    const parked = await gates.store.query({ partition: "REQ#coin#a", from: "PARKED#", to: "PARKED#~" });
    expect(parked.items).toEqual([]);
    const { objects } = await gates.objects.list({ bucket: DECISIONS, prefix: "dec/000001/return_a" });
    expect(objects.length).toBe(2);
  });

  it("junk without a stream of its own does not fight itself within a batch", async () => {
    let transactions = 0;
    const gates = open(async call => {
      if (call.call === "transact" && call.writes.some(write => "put" in write && write.put.SK === "GATE"))
        transactions += 1;
      return undefined;
    });
    const bodies: string[] = [];
    for (let n = 0; n < 10; n += 1) bodies.push(await gates.put(`junk${n}`, "?"));
    expect(await gates.project(...bodies)).toEqual([]);
    expect(transactions).toBe(10);
  });

  it("a request in a cold class is refused unread and kept", async () => {
    const gates = open();
    const body = JSON.stringify({ gate: "g1", coins: 1 });
    await gates.objects.put({ bucket: "new-events", key: "coin_a.event", body, storageClass: "GLACIER" });
    expect(await gates.project(gates.notifications.at(-1) ?? "")).toEqual([]);
    expect((await gates.stateOf("coin_a"))?.decision?.outcome).toBe("refused");
  });

  it("no try is begun when the time is up", async () => {
    const gates = open();
    const body = await gates.put("coin_a", { gate: "g1", coins: 1 });
    expect([...(await projectBatch(gates.ledger, [{ id: "m", body }], () => -1))]).toEqual(["m"]);
    expect(await gates.stateOf("coin_a")).toMatchObject({ lifecycle: "RECEIVED", nextAction: "decide" });
  });
});
