import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnyLedger } from "../../../src/ledger/ledger.ts";
import { repairedAt } from "../../../src/ledger/live.ts";
import { epochMarkerName } from "../../../src/ledger/names.ts";
import { projectBatch } from "../../../src/ledger/project.ts";
import { createReads } from "../../../src/ledger/reads.ts";
import { releaseDue } from "../../../src/ledger/sweep.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import { setControl } from "../../../src/replay/control/control.ts";
import { planReplay } from "../../../src/replay/replay/plan.ts";
import { repairAll } from "../../../src/replay/replay/repair-all.ts";
import { type RecordedReplay, type Replayed, recordedReplay } from "../../../src/replay/replay/replay.ts";
import { restore } from "../../../src/replay/restore/restore.ts";
import { RUN_LEASE_MS } from "../../../src/replay/runs/run-record.ts";
import { canonicalJson } from "../../../src/replay/snapshot/canonical-json.ts";
import { verifyDecisions } from "../../../src/replay/verify/verify-decisions.ts";
import type { Item } from "../../../src/table/store.ts";
import { DECISIONS, GATE_TABLE, NEW_EVENTS, rows } from "../../support/gates.ts";
import { openWorld, type World } from "../restore/world.ts";
import { Killed, killable } from "./killable.ts";

const RUNS = 12 * Number(process.env.RUNS ?? 1);
const GATES = ["g0", "g1", "g2", "g3", "g4", "g5"];
const DAY_MS = 86_400_000;
const MARGIN_MS = 1_000;

type Request = { readonly name: string; readonly body: object };

const coin = (name: string, gate: string, coins = 3): Request => ({
  name: `coin_${name}`,
  body: { gate, coins },
});

const feed = async (world: World, { name, body }: Request): Promise<void> => {
  const message = await world.put(`${name}.event`, JSON.stringify(body));
  expect(await world.deliver(await world.worker(), [message])).toEqual([]);
};

/** Opens g5 by a worker that dies before it decides what waits there. */
const openWithoutRelease = async (world: World): Promise<void> => {
  const message = await world.put("open_x.event", JSON.stringify({ gate: "g5" }));
  const { store, ...rest } = await world.worker();
  const dying = new Proxy(store, {
    get: (real, name) => {
      const member = Reflect.get(real, name, real);
      return async (...args: unknown[]) => {
        if (JSON.stringify(args).includes('"delete":')) throw new Killed("release");
        return Reflect.apply(member, real, args);
      };
    },
  });
  await expect(
    projectBatch({ ...rest, store: dying }, [{ id: "0", body: message }], () => 60_000),
  ).resolves.toEqual(new Set(["0"]));
};

/**
 * Gates of which all but the first were used after the instant that was restored to, torn by the seed. Under g5, which
 * was shut, a push waits; and a return waits for a coin that never comes.
 */
const restored = async (seed: number) => {
  const world = openWorld({ definition: GATE_TABLE, ledger: gates => gates }, seed, 0);
  for (const gate of GATES) await feed(world, coin(`a${gate}`, gate));
  await feed(world, { name: "return_z", body: { at: 1 } });
  await feed(world, { name: "shut_x", body: { gate: "g5" } });
  await feed(world, { name: "push_w", body: { gate: "g5" } });
  await world.clock.sleep(60_000);
  const at = isoInstant(world.clock.now());
  await world.clock.sleep(2_000);
  for (const gate of GATES.slice(1, 5)) {
    await feed(world, coin(`b${gate}`, gate));
    await feed(world, { name: `push_${gate}`, body: { gate } });
  }
  await feed(world, { name: "move_m", body: { from: "g1", to: "g2", coins: 1 } });
  await openWithoutRelease(world);
  const done = await restore(await world.restoring({ seed, withinMs: 3_000 }), {
    from: { kind: "pitr", at },
    marginMs: MARGIN_MS,
    reason: "test",
    isInstead: false,
  });
  expect(done).toMatchObject({ gated: 5, isRepaired: false });
  return world;
};

const itemsOf = async (world: World): Promise<readonly Item[]> =>
  world.storeOf((await world.worker()).table).snapshot();

const waitingFor = (items: readonly Item[]): ReadonlySet<string> =>
  new Set(items.flatMap(item => (item.__edb_e__ === rows.catalogue.name ? [item.PK] : [])));

const everything = async (world: World): Promise<readonly string[]> =>
  (await world.objects.list({ bucket: DECISIONS })).objects.map(({ key, eTag }) => `${key} ${eTag}`);

const place = (world: World) => ({ objects: world.objects, bucket: DECISIONS });

const replayed = (recorded: RecordedReplay): Replayed => {
  if (recorded.outcome !== "done") throw new Error(`Expected a replay that is done, got ${recorded.outcome}`);
  return recorded.replayed;
};

/** Heads and rows; without what tells when and by which process it was written down. */
const rowsOf = (items: readonly Item[]): readonly string[] =>
  items
    .filter(({ __edb_e__: name }) => name !== rows.event.name && name !== rows.state.name)
    .map(item => canonicalJson({ ...item, last: "" }))
    .sort();

const expectWhole = async (world: World): Promise<void> => {
  const { faults, differences } = await verifyDecisions(await world.worker());
  expect({ faults, differences }).toEqual({ faults: [], differences: [] });
  expect(waitingFor(await itemsOf(world))).toEqual(new Set());
};

describe("a replay", () => {
  it("repairs every gated stream, releases what waited, and the next one changes nothing", async () => {
    const world = await restored(1);
    const plan = await planReplay(await world.worker());
    expect(plan).toMatchObject({ epoch: 2, toRepair: 5, alreadyDone: 1, sealed: 17 });
    const { outcome, isRepaired, counts } = replayed(await recordedReplay(await world.worker(), {}));
    expect({ outcome, isRepaired }).toEqual({ outcome: "completed", isRepaired: true });
    const { toRepair: repaired, decisions } = plan;
    expect(counts).toMatchObject({ repaired, decisions, alreadyDone: 1, released: 1, lines: 17 });
    await expectWhole(world);
    const [items, objects] = [await itemsOf(world), await everything(world)];
    const { ledger, calls } = killable(await world.worker());
    expect((await repairAll(ledger)).counts).toMatchObject({ repaired: 0, alreadyDone: 6, rows: 0 });
    expect(await recordedReplay(ledger, {})).toEqual({ outcome: "nothing", why: "repaired" });
    expect(calls.writes).toBe(0);
    expect(await itemsOf(world)).toEqual(items);
    expect(await everything(world)).toEqual(objects);
  });

  it("is planned without a change, and has nothing to do in the first epoch", async () => {
    const world = await restored(2);
    const [items, objects] = [await itemsOf(world), await everything(world)];
    await planReplay(await world.worker());
    expect(await itemsOf(world)).toEqual(items);
    expect(await everything(world)).toEqual(objects);
    const fresh = openWorld({ definition: GATE_TABLE, ledger: gates => gates }, 1, 0);
    expect(await recordedReplay(await fresh.worker(), {})).toEqual({ outcome: "nothing", why: "first" });
  });

  it("lets deadlines pass again, and not before", async () => {
    const world = await restored(3);
    const sweep = async (): Promise<number> => {
      const ledger = await world.worker();
      const invocation = { reads: createReads(ledger.store), remainingMs: () => 60_000 };
      return (await releaseDue(ledger, invocation, { now: world.clock.now() })).decided;
    };
    const waits = async (): Promise<boolean> =>
      (await itemsOf(world)).some(
        item =>
          item.__edb_e__ === rows.parked.name && rows.parked.read(item).observation.key === "return_z.event",
      );
    await world.clock.sleep(31 * DAY_MS);
    await sweep();
    expect(await waits()).toBe(true);
    await recordedReplay(await world.worker(), {});
    expect(await waits()).toBe(true);
    expect(await sweep()).toBe(1);
    expect(await waits()).toBe(false);
  });

  it("of two processes one says that the other runs; taken over, both end with the same rows", async () => {
    const alone = await restored(4);
    await recordedReplay(await alone.worker(), {});
    const refused = await restored(4);
    const both = await Promise.all([
      recordedReplay(await refused.worker(), {}),
      recordedReplay(await refused.worker(), {}),
    ]);
    expect(both.map(({ outcome }) => outcome).sort()).toEqual(["busy", "done"]);
    const world = await restored(4);
    const two = await Promise.all([
      recordedReplay(await world.worker(), {}),
      recordedReplay(await world.worker(), { isTakeOver: true }),
    ]);
    expect(two.map(({ outcome }) => outcome)).toEqual(["done", "done"]);
    await expectWhole(world);
    expect(rowsOf(await itemsOf(world))).toEqual(rowsOf(await itemsOf(alone)));
  });

  it("keeps to its rate by the clock", async () => {
    const world = await restored(5);
    const startedMs = world.clock.now();
    const { counts } = await repairAll(await world.worker(), { rate: 2, parallel: 3 });
    const seconds = (world.clock.now() - startedMs) / 1000;
    // The last turn begins when all before it are paid for.
    expect(seconds).toBeGreaterThan((counts.decisions - 6) / 2);
    await expect(repairAll(await world.worker(), { parallel: 0 })).rejects.toThrow("1 to 64");
  });

  it("stops when asked to, and goes on", async () => {
    const world = await restored(6);
    let asked = 0;
    const isStopping = (): boolean => {
      asked += 1;
      return asked > 3;
    };
    const first = replayed(await recordedReplay(await world.worker(), { isStopping, parallel: 1 }));
    expect(first).toMatchObject({ outcome: "stopped", isRepaired: false, counts: { repaired: 2 } });
    expect(await repairedAt(place(world), 2)).toBeUndefined();
    const next = replayed(await recordedReplay(await world.worker(), {}));
    expect(next).toMatchObject({ outcome: "completed", counts: { repaired: 3, alreadyDone: 3 } });
    await expectWhole(world);
  });

  it("tells a stream off its chain, repairs the others, and holds deadlines back", async () => {
    const world = await restored(7);
    const key = "dec/000001/coin_bg3.event";
    const lost = await world.objects.get({ bucket: DECISIONS, key });
    await world.objects.delete({ bucket: DECISIONS, key });
    const first = replayed(await recordedReplay(await world.worker(), {}));
    expect(first).toMatchObject({ outcome: "failed", isRepaired: false, counts: { offTheChain: 1 } });
    expect(first.troubles).toMatchObject([{ stream: "g3", reason: expect.stringContaining(key) }]);
    expect(waitingFor(await itemsOf(world))).toEqual(new Set(["g3"]));
    expect(await repairedAt(place(world), 2)).toBeUndefined();
    await world.objects.put({ bucket: DECISIONS, key, body: lost?.body ?? "" });
    const next = replayed(await recordedReplay(await world.worker(), {}));
    expect(next).toMatchObject({ outcome: "completed", counts: { repaired: 1, offTheChain: 0 } });
    await expectWhole(world);
  });

  it("ends when another restore has begun", async () => {
    const world = await restored(8);
    await world.objects.put({ bucket: DECISIONS, key: epochMarkerName(3), body: "{}" });
    await expect(recordedReplay(await world.worker(), {})).rejects.toThrow("another restore has begun");
    expect(await repairedAt(place(world), 2)).toBeUndefined();
    expect(waitingFor(await itemsOf(world)).size).toBe(5);
  });

  it("decides nothing while all is halted", async () => {
    const world = await restored(9);
    const control = { ...place(world), clock: world.clock };
    await setControl(control, { state: "halted", reason: "test" });
    const { counts } = await repairAll(await world.worker());
    expect(counts).toMatchObject({ repaired: 5, released: 0 });
    await setControl(control, { state: "running", reason: "test" });
    expect((await repairAll(await world.worker())).counts).toMatchObject({ repaired: 0, released: 1 });
  });

  it("brings tracking up and has told what was never decided, once", async () => {
    const world = await restored(10);
    await world.put("coin_lost.event", JSON.stringify({ gate: "g0", coins: 2 }));
    await world.clock.sleep(60_000);
    const bodies: string[] = [];
    const topic = {
      publish: async ({ body }: { readonly body: string }): Promise<void> => {
        bodies.push(body);
      },
    };
    const catchUp = {
      buckets: [NEW_EVENTS],
      since: "2026-01-01",
      graceMs: 0,
      feed: { topic, region: "eu-central-1" },
    };
    const { outcome, caughtUp } = replayed(await recordedReplay(await world.worker(), { catchUp }));
    expect(outcome).toBe("completed");
    expect(caughtUp?.crawls).toMatchObject([{ bucket: NEW_EVENTS, outcome: "completed" }]);
    expect(caughtUp?.reconciled).toMatchObject({ isComplete: true, counts: { undecided: 1, lost: 0 } });
    expect(bodies).toHaveLength(1);
    expect(bodies[0]).toContain("coin_lost.event");
    expect(await world.deliver(await world.worker(), bodies)).toEqual([]);
    await expectWhole(world);
  });
});

describe("a replay that is killed", () => {
  it(`at any call, and started again, ends as one that was not (${RUNS} kills)`, async () => {
    const whole = await restored(11);
    const counted = killable(await whole.worker());
    await recordedReplay(counted.ledger, {});
    const expected = rowsOf(await itemsOf(whole));
    const total = counted.calls.all;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: total - 1 }), fc.boolean(), async (lives, isAfter) => {
        const world = await restored(11);
        const first: AnyLedger = killable(await world.worker(), lives, isAfter).ledger;
        await expect(recordedReplay(first, {})).rejects.toBeInstanceOf(Killed);
        const left = waitingFor(await itemsOf(world)).size;
        const isMarked = (await repairedAt(place(world), 2)) !== undefined;
        // It died without a word, so it counts as running until its lease is over.
        await world.clock.sleep(RUN_LEASE_MS + 1_000);
        const recorded = await recordedReplay(await world.worker(), {});
        if (recorded.outcome === "nothing") expect({ left, isMarked }).toEqual({ left: 0, isMarked: true });
        else {
          const { outcome, counts } = replayed(recorded);
          expect(outcome).toBe("completed");
          expect(counts).toMatchObject({ repaired: left, alreadyDone: GATES.length - left });
        }
        await expectWhole(world);
        expect(await repairedAt(place(world), 2)).toBeDefined();
        expect(rowsOf(await itemsOf(world))).toEqual(expected);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });
});
