import { HEAD_SHARDS, headPartition } from "../../ledger/entities.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import type { HeadRow } from "../../ledger/reading.ts";
import { compareUtf8 } from "../../table/utf8-order.ts";

/** Sixteen pages are held at a time, one of each shard. */
const PAGE_HEADS = 200;
/** 10 million streams are 625,000 a shard; pages may hold as few as ten heads, where each carries a large request. */
const PAGES_MAX = 100_000;

/**
 * Every stream's head as the index of heads knows it, by stream in UTF-8 order, whatever order shards answer in.
 *
 * The index may lag a moment behind the table: a stream that has just begun may be missing, a sequence may be lower
 * than the table's. Memory: one page per shard. Throws: above `PAGES_MAX` pages of a shard; what the table throws.
 */
export async function* listedHeads(ledger: AnyLedger): AsyncGenerator<HeadRow> {
  const shards = [...HEAD_SHARDS].map(shard => headsOfShard(ledger, shard));
  const next = await Promise.all(shards.map(shard => shard.next()));
  for (let first = lowest(next); first !== undefined; first = lowest(next)) {
    yield first.head;
    const shard = shards[first.at];
    if (shard) next[first.at] = await shard.next();
  }
}

type Next = IteratorResult<HeadRow, void>;

const lowest = (next: readonly Next[]): { readonly at: number; readonly head: HeadRow } | undefined => {
  let found: { readonly at: number; readonly head: HeadRow } | undefined;
  for (const [at, { done, value }] of next.entries()) {
    if (done || value === undefined) continue;
    if (found === undefined || compareUtf8(value.stream, found.head.stream) < 0) found = { at, head: value };
  }
  return found;
};

async function* headsOfShard({ store, rows }: AnyLedger, shard: string): AsyncGenerator<HeadRow, void> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await store.query({
      index: { name: "HeadIdx", partition: "HeadShard", sort: "HeadStream" },
      partition: headPartition(shard),
      limit: PAGE_HEADS,
      cursor,
    });
    for (const item of found.items) yield rows.head.read(item);
    cursor = found.cursor;
    if (cursor === undefined) return;
  }
  throw new Error(`More than ${PAGES_MAX} pages of heads in shard ${shard} of HeadIdx: spread them further.`);
}
