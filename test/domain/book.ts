import type { AccountChange, AccountState } from "../../src/domain/account.ts";
import { brokenInvariant } from "../../src/domain/account.ts";
import { bank } from "../../src/domain/bank.ts";
import type { ParsedRequest } from "../../src/domain/parse.ts";
import { DEFAULT_SETTINGS, type Settings } from "../../src/domain/settings.ts";
import type { Original, Verdict } from "../../src/domain/verdict.ts";

export type Body = { readonly [name: string]: unknown };
export type Outcome = { readonly outcome: string; readonly code?: string };
type Valid = ParsedRequest & { readonly valid: true };

/** When S3 stored what the tests put, unless they say otherwise. */
export const NOON = "2026-05-06T12:00:00.000Z";
export const NOON_SECONDS = 1_778_068_800;

export const bytesOf = (content: Body | string): Uint8Array =>
  new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content));

/**
 * The least that stands around the domain: states, the registry of originals, what waits for one. One request at a
 * time, and the invariants are checked after each.
 */
export const openBook = (settings: Settings = DEFAULT_SETTINGS) => {
  const states = new Map<string, AccountState>();
  const registry = new Map<string, Original>();
  const outcomes = new Map<string, Outcome>();
  const parked = new Map<string, { key: string; parsed: Valid }[]>();
  const changes: { key: string; stream: string; change: AccountChange }[] = [];

  const apply = (key: string, verdict: Verdict & { outcome: "accepted" }): void => {
    for (const { stream, change } of verdict.legs) {
      const state = bank.evolve(states.get(stream) ?? bank.initialState(), change);
      const broken = brokenInvariant(state);
      if (broken !== undefined) throw new Error(`${stream} after ${key}: ${broken}`);
      states.set(stream, state);
      changes.push({ key, stream, change });
    }
  };

  const register = (
    key: string,
    parsed: ParsedRequest,
    verdict: Exclude<Verdict, { outcome: "deferred" }>,
  ) => {
    if (parsed.registers === undefined) return;
    const name = `${parsed.registers.flow}#${parsed.registers.id}`;
    registry.set(name, { key, stream: parsed.streams[0] ?? "~0", outcome: verdict.outcome });
    for (const waiting of parked.get(name) ?? []) judge(waiting.key, waiting.parsed);
    parked.delete(name);
  };

  const verdictOn = (parsed: ParsedRequest): Verdict => {
    if (!parsed.valid) return { outcome: "refused", code: parsed.code, facts: parsed.facts };
    const name = parsed.original && `${parsed.original.flow}#${parsed.original.id}`;
    const original = name === undefined ? undefined : registry.get(name);
    const streams = bank.streamsOf(parsed, original);
    const known = streams.map(stream => [stream, states.get(stream) ?? bank.initialState()] as const);
    return bank.decide(parsed.request, { states: new Map(known), original, settings });
  };

  const judge = (key: string, parsed: ParsedRequest): Outcome => {
    const verdict = verdictOn(parsed);
    if (verdict.outcome === "deferred") {
      if (!parsed.valid || parsed.original === undefined) throw new Error("deferred without an original");
      const name = `${parsed.original.flow}#${parsed.original.id}`;
      parked.set(name, [...(parked.get(name) ?? []), { key, parsed }]);
      outcomes.set(key, { outcome: "deferred" });
      return { outcome: "deferred" };
    }
    if (verdict.outcome === "accepted") apply(key, verdict);
    const { outcome } = verdict;
    const result =
      outcome === "refused"
        ? { outcome, code: verdict.code, facts: verdict.facts }
        : { outcome, facts: verdict.facts };
    outcomes.set(key, result);
    register(key, parsed, verdict);
    return result;
  };

  const put = (name: string, content: Body | string | Uint8Array, eventTime = NOON): Outcome => {
    const key = name.includes(".") ? name : `${name}.event`;
    const bytes = content instanceof Uint8Array ? content : bytesOf(content);
    return judge(key, bank.parse({ key, bytes, sizeBytes: bytes.length, eventTime }, settings));
  };

  return {
    put,
    changes,
    outcomeOf: (name: string) => outcomes.get(`${name}.event`),
    stateOf: (account: string) => states.get(account) ?? bank.initialState(),
    /** ACTUAL and AVAILABLE in cents. */
    balancesOf: (account: string): readonly [number, number] => {
      const { actualCents, availableCents } = states.get(account) ?? bank.initialState();
      return [actualCents, availableCents];
    },
    snapshot: () => JSON.stringify([...states]),
  };
};

export type Book = ReturnType<typeof openBook>;

/** Bodies with everything a type asks for; a test says what is special about its own. */
export const bodies = {
  open: (account: string, more: Body = {}): Body => ({
    EventTimeStamp: NOON_SECONDS,
    AccountNumber: account,
    CustomerNumber: "c1",
    ...more,
  }),
  deposit: (account: string, amount: string, more: Body = {}): Body => ({
    EventTimeStamp: NOON_SECONDS,
    TargetAccount: account,
    Amount: amount,
    LocationType: "ATM",
    Reference: "text",
    Verified: false,
    Currency: cashOf(amount),
    ...more,
  }),
  verify: (account: string, amount: string, original: string, more: Body = {}): Body => ({
    EventTimeStamp: NOON_SECONDS,
    TargetAccount: account,
    Amount: amount,
    LocationType: "ATM",
    Reference: "text",
    Verified: true,
    VerifiedCurrency: cashOf(amount),
    PreviousRequestIdReference: original,
    ...more,
  }),
  withdrawal: (account: string, amount: string, more: Body = {}): Body => ({
    EventTimeStamp: NOON_SECONDS,
    SourceAccount: account,
    Amount: amount,
    LocationType: "Teller",
    Reference: "text",
    Currency: cashOf(amount),
    ...more,
  }),
  incoming: (account: string, amount: string, more: Body = {}): Body => ({
    EventTimeStamp: NOON_SECONDS,
    TargetAccount: account,
    Amount: amount,
    SourceInstitution: "Source Bank",
    SourceAccount: "remote",
    Reference: "text",
    ...more,
  }),
  outgoing: (account: string, amount: string, more: Body = {}): Body => ({
    EventTimeStamp: NOON_SECONDS,
    SourceAccount: account,
    Amount: amount,
    TargetInstitution: "Remote Bank",
    TargetAccount: "remote",
    Reference: "text",
    ...more,
  }),
  settled: (original: string, more: Body = {}): Body => ({
    EventTimeStamp: NOON_SECONDS,
    PreviousRequestIdReference: original,
    ...more,
  }),
  transfer: (source: string, target: string, amount: string, more: Body = {}): Body => ({
    EventTimeStamp: NOON_SECONDS,
    SourceAccount: source,
    TargetAccount: target,
    Amount: amount,
    Reference: "text",
    ...more,
  }),
};

/** Cash that adds up to an amount of euro text, all in cents; whatever is no such text gets no valid heap. */
const cashOf = (amount: string): Body => ({ "1-cents": Math.round(Number(amount) * 100) });
