import { NULL_VERSION } from "../tracking/observation.ts";
import type { Candidate } from "./canonical-order.ts";
import { GENESIS_HASH, legHash } from "./chain.ts";
import type { Awaits, DecisionRecord, Domain, Facts, Leg, Original, Verdict } from "./domain.ts";
import { requestText } from "./record.ts";

/** What a decision reads of one stream. A stream without a head is at sequence 0 in the domain's initial state. */
export type StreamAt<State> = {
  readonly sequence: number;
  readonly hash: string;
  readonly state: State;
};

export const streamBegin = <State>(domain: { initialState(): State }): StreamAt<State> => ({
  sequence: 0,
  hash: GENESIS_HASH,
  state: domain.initialState(),
});

/** The key stands for another content already, that with this digest. */
export type KeyReuse = { readonly digest: string };

export const KEY_REUSED = "KEY_REUSED";

/** A verdict that stands, or what has to happen before there can be one. */
export type Judgement<Change> =
  | Exclude<Verdict<Change>, { outcome: "deferred" }>
  | { readonly outcome: "deferred"; readonly awaits: Awaits };

/**
 * The verdict over one candidate. Pure.
 *
 * `reuse` comes first: a key stands for the content that was decided first, whatever the new content says. It, and what
 * is malformed, is refused on closed streams too, since it needs no state. A follow-up waits for its original first and
 * for closed streams then; with a `deadline` that passed it is refused instead of waiting for its original.
 * `draining`: streams that are open again, while others still wait under them and come first.
 */
export const judge = <Request, State, Change, Settings>(
  domain: Domain<Request, State, Change, Settings>,
  settings: Settings,
  { parsed, deadline }: Candidate<Request>,
  context: {
    readonly streams: ReadonlyMap<string, StreamAt<State>>;
    readonly original: Original | undefined;
    readonly reuse: KeyReuse | undefined;
    readonly draining: ReadonlySet<string>;
  },
): Judgement<Change> => {
  const { reuse } = context;
  if (reuse) return { outcome: "refused", code: KEY_REUSED, facts: { firstDigest: reuse.digest } };
  if (!parsed.valid) return { outcome: "refused", code: parsed.code, facts: parsed.facts };
  const { request, original: awaited } = parsed;
  const states = new Map([...context.streams].map(([stream, at]) => [stream, at.state]));
  const verdict = domain.decide(request, { states, original: context.original, settings });
  if (verdict.outcome === "deferred") {
    if (awaited === undefined) throw new Error("A request was deferred that refers to no original.");
    // Its original may wait too, under the closed stream: no time passes there.
    const isHeld = context.draining.size > 0 || [...states.values()].some(state => domain.isClosed(state));
    if (deadline === undefined || isHeld) return { outcome: "deferred", awaits: { original: awaited } };
    const { code, facts } = domain.refuseUnfound(request);
    return { outcome: "refused", code, facts: { ...facts, deadline } };
  }
  if (domain.passesClosed(request)) return verdict;
  const closed = [...states].find(
    ([stream, state]) => domain.isClosed(state) || context.draining.has(stream),
  );
  return closed === undefined ? verdict : { outcome: "deferred", awaits: { stream: closed[0] } };
};

/** Everything of a record but the verdict and the legs. */
export type RecordFrame = {
  readonly epoch: number;
  readonly decidedAt: string;
  readonly rules: string;
  readonly settings: Facts;
};

/**
 * The record of a verdict, with its place on every stream it touches, and the streams as they are after it. Pure.
 *
 * A refusal takes one leg without change, on the first stream of `streams`.
 */
export const recordOf = <Request, State, Change, Settings>(
  domain: Domain<Request, State, Change, Settings>,
  frame: RecordFrame,
  { found, parsed }: Candidate<Request>,
  verdict: Exclude<Verdict<Change>, { outcome: "deferred" }>,
  streams: ReadonlyMap<string, StreamAt<State>>,
  isReused: boolean,
): { readonly record: DecisionRecord<Change>; readonly after: ReadonlyMap<string, StreamAt<State>> } => {
  const { seen, digest, sizeBytes, bytes } = found;
  const { key, bucket, versionId, sequencer } = seen;
  const code = verdict.outcome === "refused" ? verdict.code : "";
  const changes =
    verdict.outcome === "accepted"
      ? verdict.legs
      : [...streams.keys()].slice(0, 1).map(stream => ({ stream, change: domain.noChange() }));
  const after = new Map<string, StreamAt<State>>();
  const legs = changes.map(({ stream, change }): Leg<Change> => {
    const before = streams.get(stream) ?? streamBegin(domain);
    const sequence = before.sequence + 1;
    const state = domain.evolve(before.state, change);
    const changeFields = domain.canonicalFields(change);
    const { outcome } = verdict;
    const hash = legHash({
      prevHash: before.hash,
      key,
      digest,
      outcome,
      code,
      stream,
      sequence,
      changeFields,
    });
    after.set(stream, { sequence, hash, state });
    return { stream, sequence, prevHash: before.hash, hash, change, after: domain.postImage(state) };
  });
  const record: DecisionRecord<Change> = {
    key,
    digest,
    outcome: verdict.outcome,
    ...(verdict.outcome === "refused" ? { code } : {}),
    facts: verdict.facts,
    ...frame,
    legs,
    // A refused second content must not stand in the registry for the first.
    ...(parsed.registers && code !== KEY_REUSED ? { registers: parsed.registers } : {}),
    ...(isReused ? { reused: true } : {}),
    source: {
      bucket,
      ...(versionId === NULL_VERSION ? {} : { versionId }),
      ...(sequencer === undefined ? {} : { sequencer }),
      eventTime: seen.time,
      sizeBytes,
    },
    ...requestText(bytes),
  };
  return { record, after };
};
