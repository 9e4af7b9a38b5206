import pMap from "p-map";
import type { Item } from "../../table/store.ts";
import { compareUtf8 } from "../../table/utf8-order.ts";
import { RECENT_SHARDS, recentPartition, recentTimeOf } from "../entities.ts";
import type { ObjectState } from "../state.ts";
import type { TrackingTable } from "../track.ts";
import { daysOf, type Range } from "./range.ts";

/** Pages of one shard of one day; with the smallest pages, 16 million objects a day. */
const SHARD_PAGES_MAX = 10_000;

/** Behind every key: `RecentTime` of an instant lies between the instant and the instant with this. */
const LAST_KEY = "#\u{10FFFF}";

export type Walk = Range & {
  readonly newestFirst: boolean;
  /** Rows asked for at once of each shard: few for a page of a list, many for a count. */
  readonly pageRows: number;
  /** Where to begin inside the range, a `RecentTime`, itself included. */
  readonly start?: string | undefined;
};

/**
 * The states of all keys first observed in a range, in the order of (first observation, key), read from `RecentIdx`
 * day by day, the sixteen shards of a day merged.
 *
 * Not a snapshot: a key seen first while the walk goes on may be missed. Every key that keeps its place comes exactly
 * once. A key whose first observation turns out to be earlier moves to the earlier place.
 * Throws: what the store throws; an error above `SHARD_PAGES_MAX` pages.
 */
export async function* walkRecent(table: TrackingTable, walk: Walk): AsyncGenerator<ObjectState> {
  const { newestFirst, start } = walk;
  const from = newestFirst ? walk.from : (start ?? walk.from);
  const to = newestFirst ? (start ?? walk.to + LAST_KEY) : walk.to + LAST_KEY;
  const days = daysOf({ from: from.slice(0, INSTANT_LENGTH), to: to.slice(0, INSTANT_LENGTH) });
  for (const day of newestFirst ? days.toReversed() : days)
    yield* mergedDay(table, day, { from, to, newestFirst, pageRows: walk.pageRows });
}

/** Length of an instant, with which every `RecentTime` begins. */
const INSTANT_LENGTH = "2026-01-01T00:00:00.000Z".length;

type Slice = Pick<Walk, "from" | "to" | "newestFirst" | "pageRows">;

/** A row of the index and its place there. */
type Placed = { readonly place: string; readonly state: ObjectState };

async function* mergedDay(table: TrackingTable, day: string, slice: Slice): AsyncGenerator<ObjectState> {
  const sign = slice.newestFirst ? -1 : 1;
  const open = await pMap(
    [...RECENT_SHARDS],
    async shard => {
      const rows = shardRows(table, recentPartition(day, shard), slice);
      return { rows, head: await next(rows) };
    },
    { concurrency: RECENT_SHARDS.length },
  );
  for (;;) {
    const heads = open.flatMap(({ head }) => head ?? []);
    const [first] = heads.sort((left, right) => sign * compareUtf8(left.place, right.place));
    if (first === undefined) return;
    // Shortened keys may share a place; the index does not say which of them comes first.
    const group: ObjectState[] = [];
    for (const shard of open)
      while (shard.head?.place === first.place) {
        group.push(shard.head.state);
        shard.head = await next(shard.rows);
      }
    yield* group.sort((left, right) => sign * compareUtf8(left.key, right.key));
  }
}

const next = async (rows: AsyncGenerator<Placed>): Promise<Placed | undefined> => {
  const { done, value } = await rows.next();
  return done ? undefined : value;
};

async function* shardRows(
  { store, rows }: TrackingTable,
  partition: string,
  { from, to, newestFirst, pageRows: limit }: Slice,
): AsyncGenerator<Placed> {
  let cursor: string | undefined;
  for (let pages = 0; pages < SHARD_PAGES_MAX; pages += 1) {
    const page: { readonly items: readonly Item[]; readonly cursor?: string | undefined } = await store.query(
      {
        index: { name: "RecentIdx", partition: "RecentDay", sort: "RecentTime" },
        partition,
        from,
        to,
        newestFirst,
        limit,
        cursor,
      },
    );
    for (const state of page.items.map(rows.state.read)) yield { place: recentTimeOf(state), state };
    cursor = page.cursor;
    if (cursor === undefined) return;
  }
  throw new Error(`Expected at most ${SHARD_PAGES_MAX} pages in ${partition}: ask for a shorter time.`);
}
