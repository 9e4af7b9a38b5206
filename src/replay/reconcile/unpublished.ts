import pMap from "p-map";
import { observationOf } from "../../ledger/guards.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { isPublished } from "../../ledger/publish.ts";
import type { HeadRow } from "../../ledger/reading.ts";
import { parseRecord } from "../../ledger/record.ts";
import { GET_KEYS_MAX } from "../../table/store.ts";
import type { Check } from "./due.ts";

/** Decisions asked for in S3 at once. */
const ASKS_AT_ONCE = 16;
/** How many streams are remembered as published; beyond it all are forgotten and asked for again. */
const REMEMBERED_MAX = 100_000;

/**
 * Decisions that are committed and not published: their workers died in between, and no further decision on the stream
 * has made up for it. Only the newest decision of a stream can be one. Its request is told again, and the live path
 * publishes what it finds decided.
 *
 * Made for one run, which asks once for each newest decision. Throws: `SplitBrain`.
 */
export const unpublishedCheck = (): Check => {
  const asked = new Map<string, number>();
  const isNew = ({ stream, sequence }: HeadRow): boolean => (asked.get(stream) ?? 0) < sequence;
  return async (ledger, seen) => {
    const heads = (await headsOf(ledger, seen)).filter(isNew);
    if (asked.size > REMEMBERED_MAX) asked.clear();
    for (const { stream, sequence } of heads) asked.set(stream, sequence);
    // Both streams of a decision have it as their newest: one question is enough.
    const texts = [...new Set(heads.map(({ last }) => last))];
    const found = await pMap(
      texts,
      async text => {
        const record = parseRecord(text, "a head");
        return (await isPublished(ledger, { record, text })) ? [] : [record];
      },
      { concurrency: ASKS_AT_ONCE },
    );
    return found.flat().map(record => ({
      finding: "unpublished",
      observation: observationOf(record),
      since: record.decidedAt,
    }));
  };
};

/** The heads of the streams these keys were decided on; those that wait for a repair are left to it. */
const headsOf = async (
  { store, rows, epoch }: AnyLedger,
  seen: Parameters<Check>[1],
): Promise<readonly HeadRow[]> => {
  const legs = seen.flatMap(({ state }) => state?.decision?.legs ?? []);
  const streams = [...new Set(legs.map(({ stream }) => stream))];
  const heads: HeadRow[] = [];
  for (let at = 0; at < streams.length; at += GET_KEYS_MAX) {
    const keys = streams.slice(at, at + GET_KEYS_MAX).map(stream => rows.head.key({ stream }));
    for (const item of await store.get(keys)) if (item !== undefined) heads.push(rows.head.read(item));
  }
  return heads.filter(head => head.epoch === epoch && head.publishedThrough < head.sequence);
};
