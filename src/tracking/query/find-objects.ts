import { GET_KEYS_MAX } from "../../table/store.ts";
import type { ObjectState } from "../state.ts";
import type { TrackingTable } from "../track.ts";
import { entriesOf, type ObjectEntry } from "./entry.ts";
import { filterOf, type ObjectFilter } from "./filter.ts";
import { comparePlaces, isByTime, isDescending, type Position, placeOf, type Sort } from "./order.ts";
import { pageCursor, readPageCursor } from "./page-cursor.ts";
import { literalOf, parsePattern } from "./pattern.ts";
import { rangeOf } from "./range.ts";
import { walkRecent } from "./walk-recent.ts";

/** Entries on one page. */
export const PAGE_ENTRIES_MAX = 1_000;

/** Entries that are sorted by anything but time, and keys that are patched in one run: all are held in memory. */
export const GATHERED_MAX = 10_000;

/** Rows of a shard read at once: sixteen shards together are a page of a list; a count has no use for small pages. */
const LIST_ROWS = 50;
const COUNT_ROWS = 1_000;

export type ObjectQuery = {
  readonly filter: ObjectFilter;
  readonly sort: Sort;
  /** 1 to `PAGE_ENTRIES_MAX`. */
  readonly limit: number;
  readonly cursor?: string | undefined;
};

/** More matches than `max`: nothing was done. */
export type TooMany = { readonly outcome: "too many"; readonly max: number };

export type ObjectPage = {
  readonly outcome: "page";
  readonly entries: readonly ObjectEntry[];
  /** For the next page; absent on the last. */
  readonly cursor?: string | undefined;
  /** From when on keys were looked for; absent where the keys were named. */
  readonly from?: string | undefined;
};

/**
 * One page of the entries that a filter wants, in a total order.
 *
 * Pages of one query together are the whole: every entry that is there all along, unchanged in what it is sorted by,
 * comes exactly once, whatever is added between the pages. By time entries are read as they are needed; in any other
 * order all matches are read for every page. Keys without wildcards are read directly, whenever they were seen.
 * `now`: epoch milliseconds.
 * Throws: `InvalidQuery`; what the store throws.
 */
export const listObjects = async (
  table: TrackingTable,
  { filter, sort, limit, cursor }: ObjectQuery,
  now: number,
): Promise<ObjectPage | TooMany> => {
  const before = cursor === undefined ? undefined : readPageCursor(cursor, { sort, filter });
  const search = searchOf(table, filter, now, before?.from);
  const isStreamed = isByTime(sort) && search.keys === undefined;
  const found = isStreamed
    ? await firstOf(search, sort, limit + 1, before?.after)
    : await sorted(search, sort, before?.after);
  if ("outcome" in found) return found;
  const entries = found.slice(0, limit);
  const last = entries.at(-1);
  const { from } = search;
  return {
    outcome: "page",
    entries,
    ...(from === undefined ? {} : { from }),
    ...(last === undefined || found.length <= limit
      ? {}
      : { cursor: pageCursor({ sort, filter, from, after: placeOf(last, sort) }) }),
  };
};

/** The first entries behind a place, of matches that come in order. */
const firstOf = async (search: Search, sort: Sort, count: number, after: Position | undefined) => {
  const found: ObjectEntry[] = [];
  for await (const { wanted } of search.inOrder(isDescending(sort), LIST_ROWS, after)) {
    found.push(...behind(wanted, sort, after));
    if (found.length >= count) break;
  }
  return found;
};

/** All entries behind a place, of matches that come in any order. */
const sorted = async (search: Search, sort: Sort, after: Position | undefined) => {
  const found: ObjectEntry[] = [];
  for await (const { wanted } of search.inOrder(true, COUNT_ROWS)) {
    found.push(...wanted);
    if (found.length > GATHERED_MAX) return { outcome: "too many", max: GATHERED_MAX } as const;
  }
  return behind(found, sort, after);
};

const behind = (entries: readonly ObjectEntry[], sort: Sort, after: Position | undefined) =>
  entries
    .map(entry => ({ entry, place: placeOf(entry, sort) }))
    .filter(({ place }) => after === undefined || comparePlaces(place, after, sort) > 0)
    .sort((left, right) => comparePlaces(left.place, right.place, sort))
    .map(({ entry }) => entry);

/** How many entries a filter wants. Throws: `InvalidQuery`; what the store throws. */
export const countObjects = async (
  table: TrackingTable,
  filter: ObjectFilter,
  now: number,
): Promise<{ readonly count: number; readonly from?: string | undefined }> => {
  const search = searchOf(table, filter, now);
  let count = 0;
  for await (const { wanted } of search.inOrder(true, COUNT_ROWS)) count += wanted.length;
  return { count, ...(search.from === undefined ? {} : { from: search.from }) };
};

/** The keys that have an entry which a filter wants. Throws: `InvalidQuery`; what the store throws. */
export const matchingKeys = async (
  table: TrackingTable,
  filter: ObjectFilter,
  now: number,
): Promise<
  { readonly outcome: "keys"; readonly keys: readonly string[]; readonly from?: string } | TooMany
> => {
  const search = searchOf(table, filter, now);
  // A key that moves to an earlier time during the walk comes twice.
  const keys = new Set<string>();
  for await (const { key } of search.inOrder(true, COUNT_ROWS)) {
    keys.add(key);
    if (keys.size > GATHERED_MAX) return { outcome: "too many", max: GATHERED_MAX };
  }
  return { outcome: "keys", keys: [...keys], ...(search.from === undefined ? {} : { from: search.from }) };
};

/** A key with the entries of it that are wanted, at least one. */
type Match = { readonly key: string; readonly wanted: readonly ObjectEntry[] };

type Search = {
  /** The keys that were named. */
  readonly keys: readonly string[] | undefined;
  readonly from: string | undefined;
  /** Matches by time; of named keys in no order. `after` lets what lies far before it be skipped. */
  inOrder(newestFirst: boolean, pageRows: number, after?: Position): AsyncGenerator<Match>;
};

const searchOf = (table: TrackingTable, filter: ObjectFilter, now: number, from?: string): Search => {
  const isWanted = filterOf(filter);
  const keys = namedKeys(filter);
  const range = keys === undefined ? rangeOf(filter, now, from) : undefined;
  return {
    keys,
    from: range?.from,
    async *inOrder(newestFirst, pageRows, after) {
      const start = after === undefined ? undefined : String(after.rank);
      const states = range
        ? walkRecent(table, { ...range, newestFirst, pageRows, start })
        : statesOf(table, keys ?? []);
      for await (const state of states) {
        const wanted = entriesOf(state).filter(isWanted);
        if (wanted.length > 0) yield { key: state.key, wanted };
      }
    },
  };
};

/** The keys of a filter that names keys without wildcards, else `undefined`. */
const namedKeys = ({ keys = [], ignoreCase = false }: ObjectFilter): readonly string[] | undefined => {
  const named = keys.map(key => literalOf(parsePattern(key))).filter(key => key !== undefined);
  return keys.length > 0 && named.length === keys.length && !ignoreCase ? [...new Set(named)] : undefined;
};

async function* statesOf(
  { store, rows }: TrackingTable,
  keys: readonly string[],
): AsyncGenerator<ObjectState> {
  for (let at = 0; at < keys.length; at += GET_KEYS_MAX) {
    const chunk = keys.slice(at, at + GET_KEYS_MAX).filter(key => key !== "");
    for (const item of await store.get(chunk.map(key => rows.state.key({ key }))))
      if (item !== undefined) yield rows.state.read(item);
  }
}
