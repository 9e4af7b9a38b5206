import { pMapIterable, pMapSkip } from "p-map";
import type { DecisionRecord } from "../../ledger/domain.ts";
import { decisionPrefix } from "../../ledger/names.ts";
import { parseRecord } from "../../ledger/record.ts";
import { spanOf } from "./day.ts";
import { type BundlePlace, objectsUnder } from "./place.ts";

/** A decision's object: its key, and its published text as bytes and as a record. */
export type PublishedDecision = {
  readonly key: string;
  readonly text: Buffer;
  readonly record: DecisionRecord;
};

/** How far a worker's clock, by which decisions are dated, may be ahead of S3's, by which objects are. */
export const CLOCKS_APART_MS = 15 * 60_000;
/**
 * How long after its day's end a decision is looked for. It is published within a second of its commit, or when its
 * message comes again; what is read in vain for it are the decisions of the next day's first hour.
 */
export const PUBLISHED_LATE_MS = 60 * 60_000;

/** Small requests that wait for S3 and for nothing else. */
export const READS_AT_ONCE = 32;

export type DayQuery = {
  readonly day: string;
  /** Only decisions behind this key. */
  readonly startAfter?: string | undefined;
  /** How long after the day's end a decision may have been published. */
  readonly publishedLateMs: number;
  /** Asked in the order of keys: true for what is not to be read. */
  readonly isKnown: (key: string) => Promise<boolean>;
};

/**
 * The decisions of a UTC day by `decidedAt`, in the order of their keys' UTF-8 bytes: all epochs up to the present one.
 *
 * Lists every decision there is, which is a request for a thousand of them, and reads those published on the day or
 * little later. Decisions of an epoch that a restore gave up are among them: they were made and told on that day.
 * Throws: for an object that is no decision record; what the object store throws.
 */
export async function* decisionsOfDay(
  place: BundlePlace,
  query: DayQuery,
): AsyncGenerator<PublishedDecision> {
  const reading = pMapIterable(
    keysPublished(place, query),
    async key => {
      const decision = await readDecision(place, key);
      if (decision === undefined)
        throw new Error(`${key} was there and is gone: decisions must never be deleted.`);
      return decision.record.decidedAt.startsWith(query.day) ? decision : pMapSkip;
    },
    { concurrency: READS_AT_ONCE },
  );
  yield* reading;
}

/** One decision as it lies in S3 now; `undefined` if it is not there. */
export const readDecision = async (
  { objects, decisionsBucket }: Pick<BundlePlace, "objects" | "decisionsBucket">,
  key: string,
): Promise<PublishedDecision | undefined> => {
  const found = await objects.get({ bucket: decisionsBucket, key });
  if (found === undefined) return undefined;
  const text = Buffer.from(found.body);
  if (text.includes(0x0a)) throw new Error(`Expected a decision of one line in ${key}`);
  return { key, text, record: parseRecord(text.toString("utf8"), key) };
};

async function* keysPublished(place: BundlePlace, query: DayQuery): AsyncGenerator<string> {
  const { fromMs, toMs } = spanOf(query.day);
  const { objects, decisionsBucket: bucket } = place;
  const startAfter = query.startAfter ?? "";
  for (let epoch = 1; epoch <= place.epoch; epoch += 1) {
    const prefix = decisionPrefix(epoch);
    // Prefixes are ASCII of one length, so that plain comparison is that of bytes.
    if (prefix < startAfter.slice(0, prefix.length)) continue;
    const after = startAfter.startsWith(prefix) ? startAfter : undefined;
    for await (const { key, lastModified } of objectsUnder(objects, { bucket, prefix, startAfter: after })) {
      const publishedMs = Date.parse(lastModified);
      if (publishedMs < fromMs - CLOCKS_APART_MS || publishedMs > toMs + query.publishedLateMs) continue;
      if (!(await query.isKnown(key))) yield key;
    }
  }
}
