import { pMapIterable } from "p-map";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { GET_KEYS_MAX } from "../../table/store.ts";
import { inBatches } from "../snapshot/in-batches.ts";
import { listedHeads } from "../snapshot/listed-heads.ts";
import { type DecisionAt, decisionAt, namedByTable } from "./decision-at.ts";
import type { Difference } from "./difference.ts";
import { differencesInTable, type ExpectedStream } from "./differences.ts";
import { type Link, readLinks } from "./links.ts";
import { walkChain } from "./walk-chain.ts";

/** Streams of which newest decisions are looked for at once. */
const LOOKS_AT_ONCE = 32;

/** What came out of the comparison of the table with the published decisions. */
export type DecisionsVerified = {
  readonly decisions: number;
  readonly streams: number;
  /** Streams that began while this ran, and so were not compared. */
  readonly newStreams: number;
  /** Heads whose own decision is committed and not published yet, as a worker leaves it that was killed in between. */
  readonly unpublished: number;
  /** What in S3 does not hold together by itself, or is not there. */
  readonly faults: readonly Difference[];
  /** What in the table is not as S3 says. */
  readonly differences: readonly Difference[];
};

/** Streams by name, with a sequence of each. */
type Sequences = Map<string, number>;

/**
 * Computes every stream from the decisions in S3 alone and compares the table's heads with it, while traffic goes on.
 *
 * The table's heads are listed first, and each stream is compared as far as its head stood then: every decision before
 * that one was published earlier than it was committed, so that S3 must have them all.
 * Memory: a place for each leg of each decision (see `readLinks`). Throws: `ManifestDamaged`; what the ports throw.
 */
export const verifyDecisions = async (
  ledger: AnyLedger,
  onProgress: (streams: number, total: number) => void = () => {},
  onRead: (decisions: number) => void = () => {},
): Promise<DecisionsVerified> => {
  const listed: Sequences = new Map();
  for await (const { stream, sequence } of listedHeads(ledger)) listed.set(stream, sequence);
  const { links, decisions, faults: found } = await readLinks(ledger, { onProgress: onRead });
  const walks: Difference[] = [];
  const expected: ExpectedStream[] = [];
  const unlisted: Sequences = new Map();
  for (const [stream, all] of links) {
    const through = listed.get(stream);
    if (through === undefined) unlisted.set(stream, lastOf(all));
    else expected.push(...place(ledger, stream, all, through, walks));
  }
  const lost = await headless(ledger, unlisted);
  const late = await lookForLate(ledger, listed, links);
  const faults = [...found, ...(await namedByTable(ledger, walks)), ...late.lost];
  const differences = [...lost];
  let streams = 0;
  for await (const batch of differencesInTable(ledger, each(expected))) {
    streams += batch.streams;
    differences.push(...batch.differences);
    onProgress(streams, expected.length);
  }
  const newStreams = unlisted.size - lost.length;
  return { decisions, streams, newStreams, unpublished: late.unpublished, faults, differences };
};

const lastOf = (links: readonly Link[]): number =>
  links.reduce((last, { sequence }) => Math.max(last, sequence), 0);

/** Where a stream must have been, as far as it is compared; nothing of it may be known of S3 that far. */
const place = (
  { domain }: AnyLedger,
  stream: string,
  links: readonly Link[],
  through: number,
  faults: Difference[],
): readonly ExpectedStream[] => {
  const walked = walkChain(
    domain,
    stream,
    links.filter(({ sequence }) => sequence <= through),
  );
  faults.push(...walked.faults);
  const { sequence, hash, state } = walked.end;
  return sequence === 0 ? [] : [{ stream, sequence, hash, ...(walked.isWhole && { state }) }];
};

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

type Unlisted = { readonly stream: string; readonly from: number; readonly to: number };

type Late = { readonly lost: readonly Difference[]; readonly unpublished: number };

/** What the heads have and the listing of S3 did not show: it is there by now, never was there, or is lost. */
const lookForLate = async (
  ledger: AnyLedger,
  listed: Sequences,
  links: ReadonlyMap<string, readonly Link[]>,
): Promise<Late> => {
  const behind = [...listed].flatMap(([stream, to]): readonly Unlisted[] => {
    const from = lastOf(links.get(stream) ?? []) + 1;
    return from > to ? [] : [{ stream, from, to }];
  });
  const lost: Difference[] = [];
  let unpublished = 0;
  const ends = pMapIterable(behind, each => endOf(ledger, each), { concurrency: LOOKS_AT_ONCE });
  for await (const end of ends) {
    if (end === undefined) continue;
    if ("lost" in end) lost.push(end.lost);
    else if (!end.isPublished) unpublished += 1;
  }
  return { lost, unpublished };
};

/** The first of these places that S3 lacks, else what is at the last. */
const endOf = async (ledger: AnyLedger, { stream, from, to }: Unlisted): Promise<DecisionAt | undefined> => {
  let at: DecisionAt | undefined;
  for (let sequence = from; sequence <= to; sequence += 1) {
    at = await decisionAt(ledger, { stream, sequence });
    if ("lost" in at) return at;
  }
  return at;
};

async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}
