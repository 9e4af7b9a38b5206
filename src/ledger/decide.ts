import { isoInstant } from "../ports/clock.ts";
import type { WriteOutcome } from "../table/store.ts";
import type { DecisionSummary } from "../tracking/state.ts";
import type { Candidate } from "./canonical-order.ts";
import { summaryOf, writesOf } from "./commit.ts";
import type { Awaits } from "./domain.ts";
import { placeOf } from "./entities.ts";
import { judge, recordOf } from "./judge.ts";
import type { AnyLedger } from "./ledger.ts";
import { park } from "./park.ts";
import { isUnderStream } from "./parked-count.ts";
import { publish, publishPredecessor } from "./publish.ts";
import { isApplied, openStreams, type Reading, readFor } from "./reading.ts";
import type { Reads } from "./reads.ts";
import { type CommittedDecision, recordText } from "./record.ts";
import { OutOfTime, type RemainingMs, waitForNextTry } from "./waits.ts";

/**
 * What became of one request.
 * `decided`: it has its one decision, committed and published; `isNew` tells whether it got it just now.
 * `parked`: it waits, for its original or for a closed stream; `place` is the partition it waits in.
 * `isFirst`: nothing was known of the request's object before, so that the commit wrote all there is to know.
 */
export type Decided =
  | {
      readonly result: "decided";
      readonly decision: DecisionSummary;
      readonly isNew: boolean;
      readonly isFirst: boolean;
      /** Partitions where other content of the same key still waits, which this decision makes a reuse of the key. */
      readonly displaced: readonly string[];
    }
  | { readonly result: "parked"; readonly isFirst: boolean; readonly place: string };

/** One invocation's view of the table, and the time it has left. */
export type Invocation = { readonly reads: Reads; readonly remainingMs: RemainingMs };

/** A try that led nowhere because the table had moved on. */
type Lost = { readonly result: "lost"; readonly reason: string };

/**
 * Decides one request, exactly once: finds its decision, or makes it, commits it and publishes it.
 *
 * Whatever stands in the way of the commit (a condition, a conflict, throttling, a timeout) means the same: read again
 * and decide again, until the invocation's time is used up. It is never a refusal.
 *
 * Throws: `OutOfTime`, `SplitBrain`, or what a port throws; the request is then as undecided or decided as before, and
 *         its message may come again.
 */
export const decide = async <R>(
  ledger: AnyLedger,
  invocation: Invocation,
  candidate: Candidate<R>,
): Promise<Decided> => {
  const { key } = candidate.found.seen;
  if (invocation.remainingMs() <= 0) throw new OutOfTime(key, 0, "no try at all");
  for (let attempt = 1; ; attempt += 1) {
    const reading = await readFor<R, unknown>(ledger, invocation.reads, candidate);
    const tried =
      (reading.decision && (await confirm(ledger, invocation, reading.decision, displacedBy(reading)))) ??
      (await attemptOn(ledger, invocation, candidate, reading));
    if (tried.result !== "lost") return tried;
    invocation.reads.forget(reading.keys);
    await waitForNextTry(ledger, invocation.remainingMs, key, attempt, tried.reason);
  }
};

/**
 * Makes sure of a decision that a request's rows speak of: it is in the chains, and published.
 *
 * Returns: undefined if it is in no chain, as after a torn restore.
 */
export const confirm = async (
  ledger: AnyLedger,
  { reads }: Invocation,
  decision: DecisionSummary,
  displaced: readonly string[] = [],
): Promise<Extract<Decided, { result: "decided" }> | undefined> => {
  await openStreams(
    ledger,
    reads,
    decision.legs.map(({ stream }) => stream),
  );
  if (!(await isApplied(ledger, reads, decision))) return undefined;
  const { head } = ledger.rows;
  const items = await reads.items(decision.legs.map(({ stream }) => head.key({ stream })));
  // A leg with a successor was published before that was committed; only a head's own may still be unpublished.
  for (const item of items) if (item) await publishPredecessor(ledger, head.read(item));
  return { result: "decided", decision, isNew: false, isFirst: false, displaced };
};

const attemptOn = async <R>(
  ledger: AnyLedger,
  invocation: Invocation,
  candidate: Candidate<R>,
  reading: Reading<unknown>,
): Promise<Decided | Lost> => {
  for (const head of reading.heads) await publishPredecessor(ledger, head);
  const { domain, settings } = ledger;
  const { streams, original, state } = reading;
  const reuse = state?.decision?.digest === candidate.found.digest ? undefined : state?.decision;
  const draining = drainingFor(candidate, reading);
  const verdict = judge(domain, settings, candidate, { streams, original, reuse, draining });
  if (verdict.outcome === "deferred") return parkOn(ledger, invocation, candidate, reading, verdict.awaits);

  const frame = {
    epoch: ledger.epoch,
    decidedAt: isoInstant(ledger.clock.now()),
    rules: domain.rules,
    settings,
  };
  const { record, after } = recordOf(domain, frame, candidate, verdict, streams, reuse !== undefined);
  const decision: CommittedDecision = { record, text: recordText(record) };
  const writes = writesOf(ledger, candidate, reading, decision, after);
  const outcome = await ledger.store.transact(writes);
  if (outcome.outcome !== "committed") return { result: "lost", reason: reasonOf(outcome) };
  invocation.reads.absorb(writes);
  await publish(ledger, decision);
  return {
    result: "decided",
    decision: summaryOf(record),
    isNew: true,
    isFirst: state === undefined,
    displaced: displacedBy(reading),
  };
};

/** Who arrives waits behind those that wait already; who waited is not held up by those that came after. */
const drainingFor = <R>(
  { parkedRow, deadline }: Candidate<R>,
  { heads }: Reading<unknown>,
): ReadonlySet<string> =>
  new Set(
    parkedRow && deadline === undefined
      ? []
      : heads.filter(head => head.parkedCount > 0).map(({ stream }) => stream),
  );

/** Where other content of the key is known to wait, but for the place this content itself is taken from. */
const displacedBy = ({ state, parked, others }: Reading<unknown>): readonly string[] => {
  const awaits = state?.parked?.awaits;
  const known = [awaits, parked?.before].flatMap(place => (place === undefined ? [] : [place]));
  const places = new Set([...known, ...others.map(({ place }) => place)]);
  if (parked) places.delete(parked.place);
  return [...places];
};

const parkOn = async <R>(
  ledger: AnyLedger,
  { reads }: Invocation,
  candidate: Candidate<R>,
  reading: Reading<unknown>,
  awaits: Awaits,
): Promise<Decided | Lost> => {
  const place = placeOf(awaits);
  const { parked, state, keys } = reading;
  if (parked && (parked.place === place || isQueued(candidate, parked.place, place)))
    return { result: "parked", isFirst: false, place: parked.place };
  const outcome = await park(ledger, candidate, reading, awaits);
  if (outcome.outcome !== "committed") return { result: "lost", reason: reasonOf(outcome) };
  reads.forget(keys);
  return { result: "parked", isFirst: state === undefined, place };
};

/** A request that is told of again stays under the stream where it waits, whatever other streams it would wait for. */
const isQueued = <R>({ parkedRow }: Candidate<R>, from: string, to: string): boolean =>
  parkedRow === undefined && isUnderStream(from) && isUnderStream(to);

const reasonOf = (outcome: Exclude<WriteOutcome, { outcome: "committed" }>): string =>
  outcome.outcome === "refused" ? "a newer decision" : outcome.reason;
