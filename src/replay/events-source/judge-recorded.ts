import type { Candidate } from "../../ledger/canonical-order.ts";
import type { DecisionRecord, Domain, Facts, Original } from "../../ledger/domain.ts";
import { requestPartition } from "../../ledger/entities.ts";
import { type Judgement, judge, type RecordFrame, recordOf, type StreamAt } from "../../ledger/judge.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { namelessStream } from "../../ledger/nameless-stream.ts";
import type { PlacedDecision } from "../../ledger/place/read-placement.ts";
import { deadlineOf } from "../../ledger/waiting.ts";
import { type ChainState, streamIn } from "./chain-state.ts";
import { isReuse } from "./known-decision.ts";

type Verdict = Exclude<Judgement<unknown>, { outcome: "deferred" }>;
type AnyDomain = Domain<unknown, unknown, unknown, Facts>;

/** A record made again; `isHonoured`: the domain comes to another outcome, and the recorded one was kept. */
export type Remade = { readonly record: DecisionRecord; readonly isHonoured: boolean };

/** All that judging a request at its place takes. */
export type Remaking = {
  readonly ledger: AnyLedger;
  readonly state: ChainState;
  readonly candidate: Candidate<unknown>;
  readonly frame: RecordFrame;
  /** Of the content that was decided first under its key, for a reuse. */
  readonly firstDigest?: string | undefined;
};

/**
 * The records that the domain makes of a request where its streams stand: with its original as it is known by then, and,
 * for one that refers to an original, as if that had not come in time; there is no telling which of two streams was
 * earlier. Deferred is no outcome. Pure.
 */
export const judgedRecords = (remaking: Remaking): readonly DecisionRecord[] => {
  const { ledger, state, candidate } = remaking;
  const { parsed, found } = candidate;
  const known = parsed.valid && parsed.original ? parsed.original : undefined;
  const original = known && state.originals.get(requestPartition(known));
  const late = { ...candidate, deadline: deadlineOf(ledger, found.seen.time) };
  const attempts: readonly (readonly [Candidate<unknown>, Original | undefined])[] = [
    [candidate, original],
    ...(known === undefined ? [] : ([[late, undefined]] as const)),
  ];
  return attempts.flatMap(([each, its]) => {
    const streams = streamsFor(remaking, its);
    const verdict = verdictOf(remaking, each, its, streams);
    return verdict.outcome === "deferred" ? [] : [made(remaking, verdict, streams)];
  });
};

const verdictOf = (
  { ledger, frame, firstDigest }: Remaking,
  candidate: Candidate<unknown>,
  original: Original | undefined,
  streams: ReadonlyMap<string, StreamAt<unknown>>,
): Judgement<unknown> =>
  judge(ledger.domain as AnyDomain, frame.settings, candidate, {
    ...{ streams, original, draining: new Set() },
    reuse: firstDigest === undefined ? undefined : { digest: firstDigest },
  });

const streamsFor = (
  { ledger, state, candidate }: Remaking,
  original: Original | undefined,
): ReadonlyMap<string, StreamAt<unknown>> => {
  const { parsed, found } = candidate;
  const named: readonly string[] = parsed.valid ? ledger.domain.streamsOf(parsed, original) : parsed.streams;
  const names = named.length > 0 ? named : [namelessStream(found.seen.key)];
  return new Map(names.map(name => [name, streamIn(ledger, state, name)]));
};

const made = (
  { ledger, frame, candidate, firstDigest }: Remaking,
  verdict: Verdict,
  streams: ReadonlyMap<string, StreamAt<unknown>>,
): DecisionRecord =>
  recordOf(ledger.domain as AnyDomain, frame, candidate, verdict, streams, firstDigest !== undefined).record;

const agrees = ({ outcome, code, legs }: DecisionRecord, placed: PlacedDecision): boolean =>
  outcome === placed.outcome &&
  code === placed.code &&
  legs.length === placed.legs.length &&
  legs.every(({ stream, sequence }, i) => {
    const told = placed.legs[i];
    return stream === told?.stream && sequence === told.sequence;
  });

/**
 * The records that a placed request may have had: those the domain makes and the copy agrees with. Where there is none,
 * the one record with the outcome that the copy tells, as far as the copy tells enough of it.
 *
 * Returns: none for an acceptance whose changes are told by neither.
 */
export const recordedOutcome = (remaking: Remaking, placed: PlacedDecision): readonly Remade[] => {
  const agreeing = judgedRecords(remaking).filter(record => agrees(record, placed));
  const withChanges = agreeing.filter(({ legs }) => isSameChange(remaking, legs, placed.changes));
  if (withChanges.length > 0) return withChanges.map(record => ({ record, isHonoured: false }));
  const verdict = honoured(placed);
  if (verdict === undefined) return [];
  const { ledger, state } = remaking;
  const streams = new Map(placed.legs.map(({ stream }) => [stream, streamIn(ledger, state, stream)]));
  return [{ record: made(remaking, verdict, streams), isHonoured: true }];
};

const isSameChange = (
  { ledger }: Remaking,
  legs: DecisionRecord["legs"],
  changes: readonly unknown[] | undefined,
): boolean => {
  if (changes === undefined) return true;
  const text = (change: unknown): string => JSON.stringify(ledger.domain.canonicalFields(change));
  return legs.length === changes.length && legs.every(({ change }, i) => text(change) === text(changes[i]));
};

/** Facts are not told by a copy, and are not part of what was decided. */
const honoured = ({ outcome, code, legs, changes }: PlacedDecision): Verdict | undefined => {
  if (outcome === "refused") return { outcome, code: code ?? "", facts: {} };
  if (changes?.length !== legs.length) return undefined;
  return { outcome, facts: {}, legs: legs.map(({ stream }, i) => ({ stream, change: changes[i] })) };
};

/** What is recorded beside the verdict: as the copy tells, else as it is now. */
export const frameOf = ({ domain, settings }: AnyLedger, placed: PlacedDecision): RecordFrame => ({
  epoch: placed.epoch,
  decidedAt: placed.decidedAt,
  rules: placed.rules ?? domain.rules,
  settings: placed.settings ?? settings,
});

export const firstDigestFor = (
  placed: PlacedDecision,
  firstDigests: ReadonlyMap<string, string>,
): string | undefined => (isReuse(placed) ? (firstDigests.get(placed.key) ?? "") : undefined);
