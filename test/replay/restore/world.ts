import type { AnyLedger } from "../../../src/ledger/ledger.ts";
import { readLive } from "../../../src/ledger/live.ts";
import { projectBatch } from "../../../src/ledger/project.ts";
import { createReads } from "../../../src/ledger/reads.ts";
import { releaseOpened } from "../../../src/ledger/release.ts";
import { type Repaired, repairStream } from "../../../src/ledger/repair.ts";
import { MemoryStore, type StoreFault } from "../../../src/local/memory-store.ts";
import { memoryPointInTime } from "../../../src/local/point-in-time/over-memory.ts";
import { seededRandom } from "../../../src/local/seeded-random.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import type { Torn } from "../../../src/ports/point-in-time.ts";
import type { RestoreWish } from "../../../src/replay/restore/plan.ts";
import { type Restored, type Restoring, restore } from "../../../src/replay/restore/restore.ts";
import type { Step } from "../../../src/replay/restore/steps.ts";
import type { TableDefinition } from "../../../src/table/definition.ts";
import { DECISIONS, NEW_EVENTS, openGates } from "../../support/gates.ts";

export class Trouble extends Error {
  override readonly name = "Trouble";
}

export type Kind = {
  readonly definition: TableDefinition;
  readonly ledger: (gates: AnyLedger) => AnyLedger;
};

const FIRST = "daybook";

/** Several tables with a past, one S3, workers of every epoch, and troubles that can be switched off. */
export const openWorld = (kind: Kind, seed: number, rate: number) => {
  const random = seededRandom(seed);
  const troubles = { rate };
  const draw = (): boolean => random.next() < troubles.rate;
  const fault = async (call: object): Promise<StoreFault | undefined> => {
    if (!("writes" in call) || !draw()) return undefined;
    const kindOf = random.next();
    if (kindOf < 0.3) return { instead: { outcome: "conflict", reason: "throttled" } };
    if (kindOf < 0.6) return { instead: { outcome: "unknown", reason: "before" } };
    return { answer: { outcome: "unknown", reason: "after" } };
  };
  const late: { clock?: { now(): number } } = {};
  const clock = {
    now: () => late.clock?.now() ?? Date.UTC(2026, 0, 5, 9),
    sleep: async (_: number) => {},
  };
  const make = (): MemoryStore => new MemoryStore(kind.definition, fault, clock);
  const tables = new Map<string, MemoryStore>([[FIRST, make()]]);
  const storeOf = (table: string): MemoryStore => {
    const store = tables.get(table);
    if (store === undefined) throw new Error(`Expected a table ${table}`);
    return store;
  };
  const breakable = (objects: ObjectStore): ObjectStore =>
    new Proxy(objects, {
      get: (target, name: keyof ObjectStore) => {
        const call = target[name].bind(target) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]) => {
          if (draw()) throw new Trouble(`before ${name}`);
          const answer = await call(...args);
          if (draw()) throw new Trouble(`after ${name}`);
          return answer;
        };
      },
    });
  const gates = openGates(storeOf(FIRST), { seed, wrap: breakable });
  late.clock = gates.clock;
  const pointInTime = memoryPointInTime({ tables, make, clock });
  const place = { objects: gates.objects, bucket: DECISIONS };

  /** A worker that has just read which table is live. */
  const worker = async (): Promise<AnyLedger & { readonly table: string }> => {
    const live = await readLive(place);
    const table = live?.table ?? FIRST;
    const epoch = live?.epoch ?? 1;
    return { ...kind.ledger(gates.ledger), store: storeOf(table), epoch, published: new Map(), table };
  };
  /** Hands a batch to a worker. Returns: the bodies that must come again. */
  const deliver = async (ledger: AnyLedger, bodies: readonly string[]): Promise<readonly string[]> => {
    const messages = bodies.map((body, i) => ({ id: String(i), body }));
    try {
      const failed = await projectBatch({ ...ledger, published: new Map() }, messages, () => 60);
      return bodies.filter((_, i) => failed.has(String(i)));
    } catch (error) {
      if (error instanceof Trouble || String(error).includes("could not be")) return bodies;
      throw error;
    }
  };
  const restoring = async (torn: Torn | undefined, onStep?: (step: Step) => void): Promise<Restoring> => {
    const ledger = await worker();
    const port = { pointInTime, open: async (name: string) => storeOf(name) };
    const create = async (name: string): Promise<MemoryStore> => {
      if (!tables.has(name)) tables.set(name, make());
      return storeOf(name);
    };
    const consumers = { halt: async () => {}, resume: async () => {} };
    return { ledger, table: ledger.table, tables: { ...port, create }, consumers, torn, onStep };
  };
  /** A restore that is killed now and then, and started again until it is through. */
  const restoreUntilDone = async (
    wish: RestoreWish,
    torn: Torn | undefined,
    killRate: number,
  ): Promise<Restored> => {
    for (let tries = 0; tries < 200; tries += 1) {
      try {
        const onStep = (): void => {
          if (random.next() < killRate) throw new Trouble("killed");
        };
        return await restore(await restoring(torn, onStep), wish);
      } catch (error) {
        if (error instanceof Trouble || String(error).includes("could not be")) continue;
        throw error;
      }
    }
    throw new Error("The restore is never through");
  };
  const repair = async (stream: string): Promise<Repaired | undefined> => {
    try {
      const ledger = await worker();
      const repaired = await repairStream(ledger, stream);
      await releaseOpened(ledger, { reads: createReads(ledger.store), remainingMs: () => 60 }, stream);
      return repaired;
    } catch (error) {
      if (error instanceof Error && error.name === "OffTheChain") throw error;
      return undefined;
    }
  };
  const put = async (key: string, body: string): Promise<string> => {
    await gates.objects.put({ bucket: NEW_EVENTS, key, body });
    return gates.notifications.at(-1) ?? "";
  };
  return {
    ...gates,
    random,
    troubles,
    tables,
    storeOf,
    worker,
    deliver,
    restoring,
    restoreUntilDone,
    repair,
    put,
    pointInTime,
  };
};

export type World = ReturnType<typeof openWorld>;
