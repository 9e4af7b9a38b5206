import type { DecisionRecord, Facts, Original, Parsed } from "../../ledger/domain.ts";
import { requestPartition } from "../../ledger/entities.ts";
import { requestObject } from "../../ledger/found-request.ts";
import { judge, recordOf, type StreamAt, streamBegin } from "../../ledger/judge.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { namelessStream } from "../../ledger/nameless-stream.ts";
import type { PastDecision } from "./history.ts";
import { deadlineIn, firstDecidedAt, foundIn, inRecordedOrder } from "./order.ts";

/** What the new decisions are written under. */
export type NewFrame = { readonly epoch: number; readonly decidedAt: string };

/**
 * One decision, judged anew. `record`: the new one; where its chain hashes are those of the past one, nothing is new, and
 * `isKept` says so. `before`: the post-images that both rest on, by stream.
 */
export type JudgedAnew = {
  readonly past: PastDecision;
  readonly record: DecisionRecord;
  readonly isKept: boolean;
  readonly before: {
    readonly past: ReadonlyMap<string, Facts>;
    readonly now: ReadonlyMap<string, Facts>;
  };
};

/** All of them, in the order in which they were judged, and where each stream ends. */
export type Rejudged = {
  readonly decisions: readonly JudgedAnew[];
  readonly ends: {
    readonly past: ReadonlyMap<string, Facts>;
    readonly now: ReadonlyMap<string, Facts>;
  };
};

type World = {
  readonly ledger: AnyLedger;
  readonly streams: Map<string, StreamAt<unknown>>;
  readonly registry: Map<string, Original>;
};

/**
 * Judges all decisions anew, by the ledger's rules and settings, from the requests and facts in their records alone, in
 * the order they were made in. Pure.
 *
 * The order stands: what would wait under a closed stream now is judged in its place; a follow-up whose original is not
 * decided in its place is refused as if its deadline had passed. Which content of a used key came first stands too.
 * Source: ruling on records, which carry the request's text; ruling on promises, of which this is the exception.
 */
export const judgeAnew = (
  ledger: AnyLedger,
  decisions: readonly PastDecision[],
  frame: NewFrame,
): Rejudged => {
  const world: World = { ledger, streams: new Map(), registry: new Map() };
  const past = new Map<string, Facts>();
  const now = new Map<string, Facts>();
  const begin: Facts = ledger.domain.postImage(ledger.domain.initialState());
  const imagesOf = (images: ReadonlyMap<string, Facts>, { legs }: DecisionRecord) =>
    new Map(legs.map(({ stream }) => [stream, images.get(stream) ?? begin]));
  const judged = inRecordedOrder(ledger, decisions).map((each): JudgedAnew => {
    const record = judgeOne(world, each.record, frame);
    const before = { past: imagesOf(past, each.record), now: imagesOf(now, record) };
    for (const { stream, after } of each.record.legs) past.set(stream, after);
    for (const { stream, after } of record.legs) now.set(stream, after);
    return { past: each, record, isKept: hasSameHashes(each.record, record), before };
  });
  return { decisions: judged, ends: { past, now } };
};

const hasSameHashes = (a: DecisionRecord, b: DecisionRecord): boolean =>
  a.legs.length === b.legs.length && a.legs.every(({ hash }, i) => hash === b.legs[i]?.hash);

const judgeOne = (
  { ledger, streams, registry }: World,
  past: DecisionRecord,
  { epoch, decidedAt }: NewFrame,
): DecisionRecord => {
  const { domain, settings } = ledger;
  const found = foundIn(past);
  const parsed: Parsed<unknown> = domain.parse(requestObject(found), settings);
  const original =
    parsed.valid && parsed.original ? registry.get(requestPartition(parsed.original)) : undefined;
  const named = parsed.valid ? domain.streamsOf(parsed, original) : parsed.streams;
  const names = named.length > 0 ? [...new Set(named)] : [namelessStream(past.key)];
  const at = new Map(names.map(stream => [stream, streams.get(stream) ?? streamBegin<unknown>(domain)]));
  const candidate = { found, parsed, deadline: deadlineIn(past) ?? firstDecidedAt(past) };
  const verdict = judge({ ...domain, isClosed: () => false }, settings, candidate, {
    streams: at,
    original,
    reuse: past.reused ? { digest: String(past.facts.firstDigest) } : undefined,
    draining: new Set(),
  });
  if (verdict.outcome === "deferred") throw new Error(`${past.key} was deferred in spite of its deadline.`);
  const frame = { epoch, decidedAt, rules: domain.rules, settings };
  const { record, after } = recordOf(domain, frame, candidate, verdict, at, past.reused === true);
  for (const [stream, end] of after) streams.set(stream, end);
  const { registers, key, outcome, legs } = record;
  const [leg] = legs;
  if (registers && leg) registry.set(requestPartition(registers), { key, stream: leg.stream, outcome });
  return record;
};
