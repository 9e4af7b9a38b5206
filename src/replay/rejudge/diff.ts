import { sha256Hex } from "../../ledger/chain.ts";
import type { DecisionRecord, Facts } from "../../ledger/domain.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { compareUtf8 } from "../../table/utf8-order.ts";
import { canonicalJson } from "../snapshot/canonical-json.ts";
import type { JudgedAnew, Rejudged } from "./judge-anew.ts";

/** What came out of a request, and where it stands. */
export type Outcome = {
  readonly outcome: "accepted" | "refused";
  readonly code?: string;
  readonly legs: readonly { readonly stream: string; readonly sequence: number }[];
};

/** Numbers of a post-image by name, in the domain's own units: what is more of it, or less. */
export type Gains = { readonly [name: string]: number };

/** A decision that comes out otherwise. `name`: its object. `gains`: by stream, what it does now less what it did. */
export type ChangedDecision = {
  readonly key: string;
  readonly digest: string;
  readonly name: string;
  readonly was: Outcome;
  readonly now: Outcome;
  readonly gains: { readonly [stream: string]: Gains };
};

/** A stream that ends otherwise, by its post-images. */
export type ChangedStream = { readonly stream: string; readonly was: Facts; readonly now: Facts };

/**
 * How a history comes out when it is judged anew. `moved`: decisions of the same outcome that stand elsewhere in their
 * chains, or on other hashes, because of those that changed; they are written again, too.
 */
export type RejudgeDiff = {
  /** What it was computed against. */
  readonly epoch: number;
  readonly rules: string;
  readonly settings: Facts;
  readonly changed: readonly ChangedDecision[];
  readonly streams: readonly ChangedStream[];
  readonly totals: {
    readonly judged: number;
    readonly kept: number;
    readonly moved: number;
    readonly changed: number;
    /** By `accepted to refused` and the like. */
    readonly ways: { readonly [way: string]: number };
    /** Sums of `gains` over all changed decisions. */
    readonly gains: Gains;
  };
};

/** The difference between a history and its new judgement. Pure. */
export const diffOf = (
  { domain, epoch, settings }: AnyLedger,
  { decisions, ends }: Rejudged,
): RejudgeDiff => {
  const otherwise = decisions.filter(each => !each.isKept && isOtherwise(domain, each));
  const changed = otherwise.map(changedOf);
  const kept = decisions.filter(({ isKept }) => isKept).length;
  const totals = {
    judged: decisions.length,
    kept,
    moved: decisions.length - kept - changed.length,
    changed: changed.length,
    ways: countOf(changed.map(({ was, now }) => `${was.outcome} to ${now.outcome}`)),
    gains: changed.flatMap(({ gains }) => Object.values(gains)).reduce(sumOf, {}),
  };
  return { epoch, rules: domain.rules, settings, changed, streams: streamsOf(ends), totals };
};

/**
 * The digest of a difference: SHA-256 of the canonical JSON of what changes, and of what that was computed against, hex.
 * Decisions made meanwhile that come out the same leave it as it is.
 */
export const digestOf = ({ epoch, rules, settings, changed }: RejudgeDiff): string => {
  const inOrder = [...changed].sort((a, b) => compareUtf8(a.name, b.name));
  return sha256Hex(canonicalJson({ epoch, rules, settings, changed: inOrder }));
};

/** Whether anything but the place in the chains differs. */
const isOtherwise = (domain: AnyLedger["domain"], { past, record }: JudgedAnew): boolean => {
  const textOf = ({ outcome, code = "", legs }: DecisionRecord): string =>
    JSON.stringify([
      outcome,
      code,
      legs.map(({ stream, change }) => [stream, domain.canonicalFields(change)]),
    ]);
  return textOf(past.record) !== textOf(record);
};

const outcomeOf = ({ outcome, code, legs }: DecisionRecord): Outcome => ({
  outcome,
  ...(code !== undefined && { code }),
  legs: legs.map(({ stream, sequence }) => ({ stream, sequence })),
});

const changedOf = ({ past, record, before }: JudgedAnew): ChangedDecision => {
  const { key, digest } = record;
  const did = gainsOf(past.record, before.past);
  const does = gainsOf(record, before.now);
  const streams = [...new Set([...did.keys(), ...does.keys()])].sort();
  const gains = Object.fromEntries(
    streams.map(stream => [stream, lessOf(does.get(stream) ?? {}, did.get(stream) ?? {})]),
  );
  return { key, digest, name: past.line.name, was: outcomeOf(past.record), now: outcomeOf(record), gains };
};

/** What a decision did to each of its streams, in numbers. */
const gainsOf = ({ legs }: DecisionRecord, before: ReadonlyMap<string, Facts>): ReadonlyMap<string, Gains> =>
  new Map(
    legs.map(({ stream, after }) => [stream, lessOf(numbersIn(after), numbersIn(before.get(stream) ?? {}))]),
  );

const numbersIn = (facts: Facts): Gains =>
  Object.fromEntries(
    Object.entries(facts).flatMap(([name, value]) => (typeof value === "number" ? [[name, value]] : [])),
  );

const lessOf = (a: Gains, b: Gains): Gains =>
  sumOf(a, Object.fromEntries(Object.entries(b).map(([name, n]) => [name, -n])));

/** Names that sum up to nothing are left out. */
const sumOf = (a: Gains, b: Gains): Gains =>
  Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])]
      .sort()
      .map(name => [name, (a[name] ?? 0) + (b[name] ?? 0)] as const)
      .filter(([, sum]) => sum !== 0),
  );

const countOf = (names: readonly string[]): { readonly [name: string]: number } =>
  Object.fromEntries([...Map.groupBy(names, name => name)].map(([name, all]) => [name, all.length]));

const streamsOf = ({ past, now }: Rejudged["ends"]): readonly ChangedStream[] =>
  [...new Set([...past.keys(), ...now.keys()])].sort().flatMap(stream => {
    const [was, is] = [past.get(stream) ?? {}, now.get(stream) ?? {}];
    return canonicalJson(was) === canonicalJson(is) ? [] : [{ stream, was, now: is }];
  });
