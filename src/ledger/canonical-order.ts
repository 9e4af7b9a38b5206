import type { Original, Parsed } from "./domain.ts";
import { requestPartition } from "./entities.ts";
import type { FoundRequest } from "./found-request.ts";
import { namelessStream } from "./nameless-stream.ts";
import type { ParkedRow } from "./reading.ts";

/** A request that was found and parsed, and waits for its verdict. */
export type Candidate<Request> = {
  readonly found: FoundRequest;
  readonly parsed: Parsed<Request>;
  /** What the registry says of the original it refers to, as far as known when the batch was grouped. */
  readonly original?: Original | undefined;
  /** The row it was parked in, when it comes from there: it is its turn, whoever else waits by now. */
  readonly parkedRow?: ParkedRow | undefined;
  /** The deadline that passed while it waited for its original, ISO instant; only a sweep says so. */
  readonly deadline?: string | undefined;
};

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Malformed requests have no business time of their own: they stand at the time S3 stored them. */
const timestampOf = <R>({ parsed, found }: Candidate<R>): number =>
  parsed.valid ? parsed.timestamp : Math.floor(Date.parse(found.seen.time) / 1000);

/** Of two contents under one key the one that S3 stored first. */
const byArrival = <R>(a: Candidate<R>, b: Candidate<R>): number =>
  compareText(a.found.seen.sequencer ?? "", b.found.seen.sequencer ?? "") ||
  compareText(a.found.seen.time, b.found.seen.time) ||
  compareText(a.found.digest, b.found.digest);

/**
 * Orders requests for judgement: business time, then S3's time, then key; contents of one key stay in the order in
 * which S3 stored them, at the place of the first.
 *
 * Source: rulings on canonical order and on the identity of a decision. A total order: equal only if the same.
 */
export const inCanonicalOrder = <R>(candidates: readonly Candidate<R>[]): readonly Candidate<R>[] => {
  const firstOfKey = new Map<string, Candidate<R>>();
  for (const candidate of [...candidates].sort(byArrival)) {
    const { key } = candidate.found.seen;
    if (!firstOfKey.has(key)) firstOfKey.set(key, candidate);
  }
  const standIn = (candidate: Candidate<R>): Candidate<R> =>
    firstOfKey.get(candidate.found.seen.key) ?? candidate;
  return [...candidates].sort((a, b) => {
    const [first, second] = [standIn(a), standIn(b)];
    return (
      timestampOf(first) - timestampOf(second) ||
      compareText(first.found.seen.time, second.found.seen.time) ||
      compareText(first.found.seen.key, second.found.seen.key) ||
      byArrival(a, b)
    );
  });
};

/** The streams a candidate is known to touch before anything of it is judged; the nameless have one too. */
export const streamsNamed = <R>({ parsed, found, original }: Candidate<R>): readonly string[] => {
  const named = [...parsed.streams, ...(original ? [original.stream] : [])];
  return named.length > 0 ? named : [namelessStream(found.seen.key)];
};

/** All that a candidate may share with another one. */
const tiesOf = <R>(candidate: Candidate<R>): readonly string[] => [
  `key ${candidate.found.seen.key}`,
  ...streamsNamed(candidate).map(stream => `stream ${stream}`),
  ...tiesOfRegistry(candidate),
];

const tiesOfRegistry = <R>({ parsed }: Candidate<R>): readonly string[] => [
  ...(parsed.registers ? [requestPartition(parsed.registers)] : []),
  ...(parsed.valid && parsed.original ? [requestPartition(parsed.original)] : []),
];

/**
 * Splits a batch into groups that share nothing: no stream, no request id, no key. Groups may be judged side by side;
 * within a group the order is canonical.
 */
export const independentGroups = <R>(
  candidates: readonly Candidate<R>[],
): readonly (readonly Candidate<R>[])[] => {
  const parent = new Map<string, string>();
  const rootOf = (tie: string): string => {
    let root = tie;
    for (let up = parent.get(root); up !== undefined && up !== root; up = parent.get(root)) root = up;
    return root;
  };
  const tied = candidates.map(candidate => ({ candidate, ties: tiesOf(candidate) }));
  for (const { ties } of tied) {
    const root = rootOf(ties[0] ?? "");
    for (const tie of ties) parent.set(rootOf(tie), root);
  }
  const groups = Map.groupBy(tied, ({ ties }) => rootOf(ties[0] ?? ""));
  return [...groups.values()].map(group => inCanonicalOrder(group.map(({ candidate }) => candidate)));
};
