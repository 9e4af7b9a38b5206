import { type KnownDecision, toldOf } from "./known-decision.ts";
import type { Trouble } from "./trouble.ts";

type Slots = ReadonlyMap<string, ReadonlyMap<number, KnownDecision>>;

/**
 * Takes away what claims a place on a stream that another claims too: all of them, but for one that is published or
 * bundled, whose text is the decision itself. Pure.
 */
export const withoutRivals = (
  known: readonly KnownDecision[],
): { readonly kept: readonly KnownDecision[]; readonly troubles: readonly Trouble[] } => {
  const claims = new Map<string, KnownDecision[]>();
  for (const decision of known)
    for (const { stream, sequence } of toldOf(decision).legs) {
      const place = `${stream} at ${sequence}`;
      claims.set(place, [...(claims.get(place) ?? []), decision]);
    }
  const dropped = new Map<KnownDecision, string>();
  for (const [place, rivals] of claims) {
    if (rivals.length === 1) continue;
    const certain = rivals.filter(each => "from" in each && each.from !== "table");
    for (const each of rivals)
      if (certain.length !== 1 || each !== certain[0])
        dropped.set(each, `${place} is claimed by ${rivals.map(({ name }) => name).join(" and ")}`);
  }
  return {
    kept: known.filter(each => !dropped.has(each)),
    troubles: [...dropped].map(([each, detail]) => ({ kind: "rivals", key: toldOf(each).key, detail })),
  };
};

/** Decisions by their places. */
const slotsOf = (known: Iterable<KnownDecision>): Slots => {
  const slots = new Map<string, Map<number, KnownDecision>>();
  for (const decision of known)
    for (const { stream, sequence } of toldOf(decision).legs) {
      const places = slots.get(stream) ?? new Map<number, KnownDecision>();
      slots.set(stream, places.set(sequence, decision));
    }
  return slots;
};

/**
 * The decisions that can be reached without a gap, each behind all that come before it on its streams; where streams
 * leave it open, by the time they were decided. Pure.
 *
 * `at`: where each stream stands; what is not in it stands at 0.
 */
export function* inChainOrder(
  known: Iterable<KnownDecision>,
  at: (stream: string) => number,
): Generator<KnownDecision> {
  const slots = slotsOf(known);
  const next = new Map([...slots.keys()].map(stream => [stream, at(stream) + 1]));
  const ready: KnownDecision[] = [];
  const offered = new Set<KnownDecision>();
  const offer = (stream: string): void => {
    const decision = slots.get(stream)?.get(next.get(stream) ?? 0);
    if (decision === undefined || offered.has(decision)) return;
    if (!toldOf(decision).legs.every(leg => next.get(leg.stream) === leg.sequence)) return;
    offered.add(decision);
    insert(ready, decision);
  };
  for (const stream of slots.keys()) offer(stream);
  for (let first = ready.pop(); first !== undefined; first = ready.pop()) {
    yield first;
    const { legs } = toldOf(first);
    for (const { stream, sequence } of legs) next.set(stream, sequence + 1);
    for (const { stream } of legs) offer(stream);
  }
}

const rank = (decision: KnownDecision): string => `${toldOf(decision).decidedAt} ${decision.name}`;

/** Keeps the list sorted, the latest first, so that the earliest is taken off its end. */
const insert = (ready: KnownDecision[], decision: KnownDecision): void => {
  const own = rank(decision);
  let [low, high] = [0, ready.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = ready[middle];
    if (there !== undefined && rank(there) > own) low = middle + 1;
    else high = middle;
  }
  ready.splice(low, 0, decision);
};
