import { isoInstant } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import {
  type PointInTime,
  type RestoreTableOutcome,
  type RestoreTableRequest,
  type RestoreWindow,
  refusalOf,
  wholeSecondMs,
} from "../../ports/point-in-time.ts";
import type { Item, Store } from "../../table/store.ts";
import type { TableStreams } from "../../table/table-streams.ts";
import type { AlarmClock } from "../system-clock.ts";
import { Follower } from "./follower.ts";
import { type EntryFile, entriesInMemory, entriesOnDisk } from "./journal.ts";
import { Past } from "./past.ts";
import { restoreId, windowOf } from "./window.ts";

/** What the local backend does with whole tables. */
export type LocalTables = {
  /** Makes a table with the indexes that all tables here have, and with a stream unless it is not to be followed. */
  create(table: string, isFollowed?: boolean): Promise<Store>;
  open(table: string): Store;
  exists(table: string): Promise<boolean>;
  delete(table: string): Promise<void>;
};

/** A clock that tells when it is moved. */
export type MovedClock = {
  now(): number;
  /** Calls `listener` after each move, with the time before it, epoch milliseconds. Returns: stop. */
  onMove?(listener: (beforeMs: number) => void): () => void;
};

export type LocalPointInTimeOptions = {
  readonly tables: LocalTables;
  readonly streams: TableStreams;
  readonly clock: MovedClock;
  readonly realClock: AlarmClock;
  /** Where the journal is kept. Absent: in memory. */
  readonly dataDir?: string | undefined;
  readonly log: Log;
};

/** Point-in-time recovery on this machine, where DynamoDB Local has none. */
export type LocalPointInTime = PointInTime & {
  /** Resolves once all writes acknowledged before the call are in the journal. Throws: the table server's error. */
  caughtUp(): Promise<void>;
  /** How many changes of the tables were found that happened while nobody kept the journal; they count as of then. */
  readonly found: () => number;
  /** Ends looking and lets go of the journal; the table's server must still run. */
  close(): Promise<void>;
};

/** Of writing a restored table: each failed try is a table server that is gone or stuck. */
const PUT_TRIES_MAX = 5;
/** Written at a time, so that a failed try repeats no more. */
const ITEMS_PER_PUT = 1_000;

/**
 * Starts keeping a journal of everything written to the tables, from their own streams, and restores from it.
 *
 * Resolves once tables and journal agree: what was written while nobody kept it counts as of now; tables that a restore
 * began and did not finish are removed. The journal only grows; a restore reads it once and holds the table's items.
 *
 * Throws: `JournalCorrupt`; the table server's error.
 */
export const startLocalPointInTime = async (options: LocalPointInTimeOptions): Promise<LocalPointInTime> => {
  const { tables, clock, realClock, dataDir } = options;
  const file: EntryFile = dataDir === undefined ? entriesInMemory() : entriesOnDisk(dataDir);
  try {
    const past = new Past(file);
    const follower = new Follower({ ...options, past, storeOf: tables.open });
    for (const table of [...past.building()]) {
      if (await tables.exists(table)) await tables.delete(table);
      past.add({ kind: "dropped", table, atMs: clock.now(), realMs: realClock.now() });
    }
    await follower.caughtUp();
    follower.start();
    const forget = clock.onMove?.(beforeMs => follower.clockMoved(beforeMs));
    return {
      ...restorer(options, past, follower),
      caughtUp: () => follower.caughtUp(),
      found: () => follower.found,
      close: async () => {
        forget?.();
        await follower.stop();
        past.close();
      },
    };
  } catch (error) {
    file.close();
    throw error;
  }
};

const restorer = (
  { tables, clock, realClock, streams }: LocalPointInTimeOptions,
  past: Past,
  follower: Follower,
): PointInTime => {
  const running = new Map<string, Promise<void>>();
  const scratch = new Map<string, string>();
  const seen = () => ({ atMs: clock.now(), realMs: realClock.now() });
  const windowNow = (table: string): RestoreWindow | undefined => {
    const life = past.bornLife(table);
    return life && windowOf(table, life.bornAtMs, clock.now());
  };

  const drop = async (table: string): Promise<void> => {
    if (await tables.exists(table)) await tables.delete(table);
    past.add({ kind: "dropped", table, ...seen() });
  };

  const build = async ({ table, to, torn }: RestoreTableRequest, atMs: number, madeBy: string) => {
    const life = past.bornLife(table);
    const items = life === undefined ? [] : past.items(life, atMs, torn);
    past.add({ kind: "building", table: to, ...seen() });
    past.sync();
    try {
      await putWhole(await tables.create(to), items);
      await follower.caughtUp();
      const made = (await streams.list()).find(each => each.table === to);
      if (made === undefined) throw new Error(`Expected a stream of the table ${to}`);
      past.add({ kind: "born", ...made, madeBy, ...seen() });
      past.sync();
    } catch (error) {
      await drop(to);
      throw error;
    }
  };

  /** Nothing of it goes into the journal: without a stream it is not followed. */
  const buildScratch = async ({ table, to, torn }: RestoreTableRequest, atMs: number, madeBy: string) => {
    const life = past.bornLife(table);
    try {
      const items = life === undefined ? [] : past.items(life, atMs, torn);
      await putWhole(await tables.create(to, false), items);
      scratch.set(to, madeBy);
    } catch (error) {
      if (await tables.exists(to)) await tables.delete(to);
      throw error;
    }
  };

  const restore = async (request: RestoreTableRequest): Promise<RestoreTableOutcome> => {
    const { table, to } = request;
    const atMs = wholeSecondMs(request.at);
    await follower.caughtUp();
    const refusal = refusalOf(table, atMs, windowNow(table));
    if (refusal !== undefined) return refusal;
    const id = restoreId(request);
    const restored = (wasThere: boolean): RestoreTableOutcome => ({
      outcome: "restored",
      table: to,
      at: isoInstant(atMs),
      wasThere,
    });
    const isThere = await tables.exists(to);
    // From here on nothing waits until the table is known to be under construction: of two calls one builds.
    const same = running.get(`${to} ${id}`);
    if (same !== undefined) return await same.then(() => restored(true));
    const madeBy = request.isScratch === true ? scratch.get(to) : past.bornLife(to)?.madeBy;
    if (isThere && madeBy === id) return restored(true);
    if (isThere || past.building().has(to)) return { outcome: "targetExists", table: to };
    const work = (request.isScratch === true ? buildScratch : build)(request, atMs, id).finally(() =>
      running.delete(`${to} ${id}`),
    );
    running.set(`${to} ${id}`, work);
    await work;
    return restored(false);
  };

  return {
    window: async table => {
      await follower.caughtUp();
      return windowNow(table);
    },
    restore,
  };
};

const putWhole = async (store: Store, items: readonly Item[]): Promise<void> => {
  for (let at = 0; at < items.length; at += ITEMS_PER_PUT)
    await putAgain(store, items.slice(at, at + ITEMS_PER_PUT));
};

const putAgain = async (store: Store, items: readonly Item[]): Promise<void> => {
  let last = "";
  for (let tried = 0; tried < PUT_TRIES_MAX; tried += 1) {
    const answer = await store.putAll(items);
    if (answer.outcome === "committed") return;
    last = answer.outcome === "refused" ? answer.outcome : answer.reason;
  }
  throw new Error(`The restored table could not be written, ${PUT_TRIES_MAX} tries: ${last}`);
};
