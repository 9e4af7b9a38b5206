import type { Item, Write } from "../table/store.ts";
import { type DecisionSummary, judgedState } from "../tracking/state.ts";
import { businessDate, businessTime } from "./business-time.ts";
import type { Candidate } from "./canonical-order.ts";
import type { DecisionRecord } from "./domain.ts";
import { headShard } from "./entities.ts";
import type { StreamAt } from "./judge.ts";
import type { AnyLedger } from "./ledger.ts";
import { countAfter, leaving, unchangedHead } from "./parked-count.ts";
import type { Reading } from "./reading.ts";
import type { CommittedDecision } from "./record.ts";

export const summaryOf = (record: DecisionRecord): DecisionSummary => ({
  digest: record.digest,
  outcome: record.outcome,
  ...(record.code === undefined ? {} : { code: record.code }),
  epoch: record.epoch,
  decidedAt: record.decidedAt,
  legs: record.legs.map(({ stream, sequence, hash }) => ({ stream, sequence, hash })),
});

/**
 * All writes of one decision, for one transaction. Pure.
 *
 * Conditional on the heads it was judged on and on the request's own state: another decision on one of the streams, or
 * of the same key, and nothing is written. A refusal by deadline is conditional on the original's absence besides.
 */
export const writesOf = <R, State>(
  ledger: AnyLedger,
  candidate: Candidate<R>,
  reading: Reading<State>,
  { record, text }: CommittedDecision,
  after: ReadonlyMap<string, StreamAt<State>>,
): readonly Write[] => {
  const { projection } = ledger;
  return [
    ...[...after].map(([stream, at]) => headWrite(ledger, reading, stream, at, text)),
    ...record.legs.flatMap(leg => {
      const state = after.get(leg.stream)?.state;
      const shown: readonly Item[] = projection.headRows({ stream: leg.stream, state, last: record, leg });
      return shown.map(put => ({ put }));
    }),
    ...record.legs.flatMap(leg => projection.legRows(record, leg)),
    ownWrite(ledger, candidate, reading, record),
    ...registryWrite(ledger, record),
    ...(reading.parked ? leaving(ledger, reading.parked, reading.heads, new Set(after.keys())) : []),
    ...originalCheck(ledger, candidate, reading),
  ];
};

const originalCheck = <R, State>(
  { rows }: AnyLedger,
  { parsed, deadline }: Candidate<R>,
  { original }: Reading<State>,
): readonly Write[] =>
  deadline === undefined || original !== undefined || !parsed.valid || parsed.original === undefined
    ? []
    : [{ check: rows.request.key(parsed.original), if: { absent: true } }];

const headWrite = <State>(
  ledger: AnyLedger,
  reading: Reading<State>,
  stream: string,
  { sequence, hash, state }: StreamAt<State>,
  last: string,
): Write => {
  const before = reading.heads.find(head => head.stream === stream);
  const row = {
    stream,
    sequence,
    hash,
    epoch: ledger.epoch,
    state: state as { readonly [name: string]: unknown },
    last,
    // The rule before every commit: the predecessor is published.
    publishedThrough: sequence - 1,
    parkedCount: countAfter(before?.parkedCount ?? 0, reading.parked?.place === stream ? -1 : 0),
    // Always: whoever compares or restores streams needs those too that are known from refusals only.
    shard: headShard(stream),
  };
  return {
    put: ledger.rows.head.item(row),
    if: unchangedHead(before),
  };
};

/** The row that says of the request itself that it is decided: its state, or for second content a row of its own. */
const ownWrite = <R, State>(
  ledger: AnyLedger,
  { found, parsed }: Candidate<R>,
  { state: previous }: Reading<State>,
  record: DecisionRecord,
): Write => {
  const decision = summaryOf(record);
  const { rows, roles } = ledger;
  if (record.reused) {
    const { key, digest } = record;
    return { put: rows.reused.item({ key, digest, decision }), if: { absent: true } };
  }
  const state = judgedState({
    previous,
    observation: found.seen,
    judgement: {
      decision,
      stream: record.legs[0]?.stream,
      date: businessDate(parsed, found.seen.time),
      time: businessTime(parsed, found.seen.time),
    },
    roles,
  });
  return { put: rows.state.item(state), if: unchangedSince(previous) };
};

/** The condition that nobody wrote the request's state since it was read. */
export const unchangedSince = (previous: { readonly revision: number } | undefined) =>
  previous ? ({ equals: { revision: previous.revision } } as const) : ({ absent: true } as const);

/** An original's entry in the registry, refused or not, so that its follow-ups learn its fate. */
const registryWrite = (ledger: AnyLedger, record: DecisionRecord): readonly Write[] => {
  const { registers, legs, key, outcome } = record;
  const [leg] = legs;
  if (!registers || !leg) return [];
  const { stream, sequence, hash } = leg;
  return [{ put: ledger.rows.request.item({ ...registers, key, stream, outcome, sequence, hash }) }];
};
