import type { AnyLedger } from "../../../src/ledger/ledger.ts";
import { readLive } from "../../../src/ledger/live.ts";
import { projectBatch } from "../../../src/ledger/project.ts";
import { createReads } from "../../../src/ledger/reads.ts";
import { releaseOpened } from "../../../src/ledger/release.ts";
import { type Repaired, repairStream } from "../../../src/ledger/repair.ts";
import { OffTheChain } from "../../../src/ledger/repair-errors.ts";
import { MemoryStore, type StoreFault, type StoreHook } from "../../../src/local/memory-store.ts";
import { memoryPointInTime } from "../../../src/local/point-in-time/over-memory.ts";
import { seededRandom } from "../../../src/local/seeded-random.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import type { PointInTime, Torn } from "../../../src/ports/point-in-time.ts";
import { repairAll } from "../../../src/replay/replay/repair-all.ts";
import { EpochOver } from "../../../src/replay/replay/replay-errors.ts";
import type { RestoreWish } from "../../../src/replay/restore/plan.ts";
import { type Restored, type Restoring, restore } from "../../../src/replay/restore/restore.ts";
import type { Step } from "../../../src/replay/restore/steps.ts";
import type { TableDefinition } from "../../../src/table/definition.ts";
import type { Item, Store } from "../../../src/table/store.ts";
import { DECISIONS, NEW_EVENTS, openGates } from "../../support/gates.ts";

export class Trouble extends Error {
  override readonly name = "Trouble";
}

export type Kind = {
  readonly definition: TableDefinition;
  readonly ledger: (gates: AnyLedger) => AnyLedger;
};

export const FIRST = "daybook";

/** A table whose past is known, and that can be looked at from outside. */
export type PastTable = Store & {
  readonly bornAtMs: number | undefined;
  snapshot(): readonly Item[] | Promise<readonly Item[]>;
};

/** Where a world's tables come from. `tables` has the first one. */
export type Backend<Table extends PastTable> = {
  readonly tables: Map<string, Table>;
  readonly pointInTime: PointInTime;
  readonly create: (table: string) => Promise<Table>;
};

/** What a world gives its backend. */
export type BackendParts = {
  readonly kind: Kind;
  readonly fault: StoreHook;
  readonly clock: Clock;
};

const inMemory = ({ kind, fault, clock }: BackendParts): Backend<MemoryStore> => {
  const make = (): MemoryStore => new MemoryStore(kind.definition, fault, clock);
  const tables = new Map<string, MemoryStore>([[FIRST, make()]]);
  const create = async (name: string): Promise<MemoryStore> => {
    const table = tables.get(name) ?? make();
    tables.set(name, table);
    return table;
  };
  return { tables, pointInTime: memoryPointInTime({ tables, make, clock }), create };
};

/** Several tables with a past, one S3, workers of every epoch, and troubles that can be switched off; all in memory. */
export const openWorld = (kind: Kind, seed: number, rate: number) =>
  openWorldOver(kind, seed, rate, inMemory);

/** The same over tables of any kind. */
export const openWorldOver = <Table extends PastTable>(
  kind: Kind,
  seed: number,
  rate: number,
  backend: (parts: BackendParts) => Backend<Table>,
) => {
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
  const { tables, pointInTime, create } = backend({ kind, fault, clock });
  const storeOf = (table: string): Table => {
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
  /** Replays that repaired anything, and those that met the end of their epoch. */
  const met = { replays: 0, overtaken: 0 };
  /** A replay of all that is left, beside whatever else goes on; it may meet the end of its epoch. */
  const replay = async (): Promise<void> => {
    try {
      const { counts } = await repairAll(await worker(), { parallel: 3 });
      if (counts.repaired > 0) met.replays += 1;
      if (counts.offTheChain > 0) throw new OffTheChain("a stream", "was off its chain in a replay");
    } catch (error) {
      if (error instanceof Error && (error.name === "OffTheChain" || error.name === "SplitBrain"))
        throw error;
      if (error instanceof EpochOver) met.overtaken += 1;
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
    replay,
    met,
    put,
    pointInTime,
  };
};

export type World = ReturnType<typeof openWorld>;
export type AnyWorld = ReturnType<typeof openWorldOver<PastTable>>;
