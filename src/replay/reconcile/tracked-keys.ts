import pMap from "p-map";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { isoInstant } from "../../ports/clock.ts";
import { RECENT_SHARDS, recentPartition } from "../../tracking/entities.ts";
import type { Scope } from "./picture.ts";
import { TooManyKeys } from "./too-many-keys.ts";

/** Keys held in memory at once, some 250 MB. */
export const TRACKED_KEYS_MAX = 2_000_000;
/** Ten years: further back nobody looks day by day. */
export const DAYS_MAX = 3_660;
/** Pages of one day and shard; each holds up to 1 MB of states. */
const PAGES_MAX = 10_000;
/** Shards read at once: all of a day. */
const SHARDS_AT_ONCE = 16;
const DAY_MS = 86_400_000;

/** Keys that tracking knows something of, by bucket. */
export type TrackedKeys = ReadonlyMap<string, Set<string>>;

/**
 * Every key under the prefix that was first seen from a day on and that one of the buckets is known to hold, or to have
 * held. From an index, which may lag a moment behind: what it misses is seen by the next run.
 *
 * `since`: UTC day, YYYY-MM-DD. Throws: `TooManyKeys`; `RangeError` for more than `DAYS_MAX` days.
 */
export const trackedKeys = async (
  ledger: AnyLedger,
  { buckets, prefix }: Scope,
  { since, until, keysMax = TRACKED_KEYS_MAX }: { since: string; until: number; keysMax?: number },
): Promise<TrackedKeys> => {
  const tracked = new Map(buckets.map(bucket => [bucket, new Set<string>()]));
  let count = 0;
  for (const day of daysFrom(since, until)) {
    await pMap(
      [...RECENT_SHARDS],
      async shard => {
        for await (const { key, buckets: views } of statesOf(ledger, recentPartition(day, shard))) {
          if (!key.startsWith(prefix)) continue;
          for (const bucket of buckets) {
            if (views[bucket] === undefined) continue;
            tracked.get(bucket)?.add(key);
            count += 1;
            if (count > keysMax) throw new TooManyKeys(keysMax);
          }
        }
      },
      { concurrency: SHARDS_AT_ONCE },
    );
  }
  return tracked;
};

const daysFrom = (since: string, untilMs: number): readonly string[] => {
  const firstMs = Date.parse(`${since}T00:00:00.000Z`);
  const days = Math.floor((untilMs - firstMs) / DAY_MS) + 1;
  if (!(days <= DAYS_MAX)) throw new RangeError(`Expected at most ${DAYS_MAX} days, got ${days}`);
  return Array.from({ length: Math.max(0, days) }, (_, i) => isoInstant(firstMs + i * DAY_MS).slice(0, 10));
};

async function* statesOf({ store, rows }: AnyLedger, partition: string) {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await store.query({
      index: { name: "RecentIdx", partition: "RecentDay", sort: "RecentTime" },
      partition,
      cursor,
    });
    for (const item of found.items) yield rows.state.read(item);
    cursor = found.cursor;
    if (cursor === undefined) return;
  }
  throw new Error(`More than ${PAGES_MAX} pages of objects first seen in ${partition}.`);
}
