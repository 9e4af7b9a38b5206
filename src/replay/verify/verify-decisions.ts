import type { DecisionRecord } from "../../ledger/domain.ts";
import { type Fold, foldDecisions } from "../../ledger/fold.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { GET_KEYS_MAX } from "../../table/store.ts";
import { validDecisions } from "../manifest/valid-decisions.ts";
import { inBatches } from "../snapshot/in-batches.ts";
import { listedHeads } from "../snapshot/listed-heads.ts";
import { type Difference, differencesInTable } from "./differences.ts";

/** What came out of the comparison of the table with the published decisions. */
export type DecisionsVerified = {
  readonly decisions: number;
  readonly streams: number;
  /** Streams that began while this ran, and so were not compared. */
  readonly newStreams: number;
  /** What in S3 does not hold together by itself; a sentence each. */
  readonly faults: readonly string[];
  readonly differences: readonly Difference[];
};

/** Streams by name, with a sequence of each. */
type Sequences = Map<string, number>;

/**
 * Computes every stream from the decisions in S3 alone and compares the table with it, while traffic goes on.
 *
 * The table's heads are listed first, and each stream is compared as far as its head stood then: every decision before
 * that one was published earlier than it was committed, so that the listing of S3, which takes a while and is no
 * snapshot, must show them all.
 * Memory: every decision that counts (see `foldDecisions`). Throws: what the ports throw.
 */
export const verifyDecisions = async (
  ledger: AnyLedger,
  onProgress: (streams: number, total: number) => void = () => {},
): Promise<DecisionsVerified> => {
  const listed: Sequences = new Map();
  for await (const { stream, sequence } of listedHeads(ledger)) listed.set(stream, sequence);
  const unlisted: Sequences = new Map();
  const decisions = validDecisions(ledger);
  const fold: Fold<unknown> = await foldDecisions(ledger.domain, asFarAsListed(decisions, listed, unlisted));
  const lost = await headless(ledger, unlisted);
  const differences = [...unpublished(listed, fold), ...lost];
  const expected = [...fold.streams].map(([stream, at]) => ({ stream, ...at }));
  let streams = 0;
  for await (const batch of differencesInTable(ledger, each(expected))) {
    streams += batch.streams;
    differences.push(...batch.differences);
    onProgress(streams, expected.length);
  }
  const newStreams = unlisted.size - lost.length;
  return { decisions: fold.decisions, streams, newStreams, faults: fold.faults, differences };
};

/** Cuts off what was decided since the heads were listed; notes the streams that were not listed at all. */
async function* asFarAsListed(
  decisions: AsyncIterable<DecisionRecord>,
  listed: Sequences,
  unlisted: Sequences,
): AsyncGenerator<DecisionRecord> {
  for await (const record of decisions) {
    const legs = record.legs.filter(({ stream, sequence }) => sequence <= (listed.get(stream) ?? 0));
    for (const { stream, sequence } of record.legs)
      if (!listed.has(stream)) unlisted.set(stream, Math.max(sequence, unlisted.get(stream) ?? 0));
    yield { ...record, legs };
  }
}

/** Streams that the index did not list are new, or the table has lost them: it is asked once more, consistently. */
const headless = async ({ store, rows }: AnyLedger, unlisted: Sequences): Promise<readonly Difference[]> => {
  const lost: Difference[] = [];
  for await (const batch of inBatches(each([...unlisted]), GET_KEYS_MAX)) {
    const items = await store.get(batch.map(([stream]) => rows.head.key({ stream })));
    for (const [i, [stream, sequence]] of batch.entries())
      if (items[i] === undefined)
        lost.push({ stream, sequence, what: "head-missing", expected: String(sequence), found: "" });
  }
  return lost;
};

/** A head's own decision may be unpublished for a moment; those before it may not. */
const unpublished = (listed: Sequences, fold: Fold<unknown>): Difference[] =>
  [...listed].flatMap(([stream, at]): readonly Difference[] => {
    const known = fold.streams.get(stream)?.sequence ?? 0;
    const sequence = at - 1;
    if (known >= sequence) return [];
    const what = "decisions-missing";
    return [{ stream, sequence, what, expected: String(sequence), found: String(known) }];
  });

async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}
