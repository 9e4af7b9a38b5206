import type { Scenario, ScenarioRow } from "../../src/cli/scenario-file.ts";
import type { ScenarioOutcome, ShownBalances } from "../../src/cli/scenario-outcome.ts";
import type { AccountState } from "../../src/domain/account.ts";
import { bank } from "../../src/domain/bank.ts";
import { printCents } from "../../src/domain/money.ts";
import type { ParsedRequest } from "../../src/domain/parse.ts";
import { DEFAULT_SETTINGS } from "../../src/domain/settings.ts";
import type { Original, Verdict } from "../../src/domain/verdict.ts";
import { isoInstant } from "../../src/ports/clock.ts";

export const SETTINGS = { ...DEFAULT_SETTINGS, currencyRequired: false };

export type ParsedRow = { readonly row: ScenarioRow; readonly parsed: ParsedRequest };
export type ParsedDays = readonly (readonly ParsedRow[])[];

const parsedRow = (row: ScenarioRow): ParsedRow => {
  const bytes = new TextEncoder().encode(row.body);
  const object = { key: row.key, bytes, sizeBytes: bytes.length, eventTime: isoInstant(row.atMs) };
  return { row, parsed: bank.parse(object, SETTINGS) };
};

/** A scenario as the bank reads it, by day. Parsing knows no order, so one parse serves all orders. */
export const parsedDays = (scenario: Scenario): ParsedDays =>
  scenario.days.map(({ rows }) => rows.map(parsedRow));

const nameOf = ({ flow, id }: { readonly flow: string; readonly id: string }): string => `${flow}#${id}`;
const timestampOf = ({ parsed }: ParsedRow): number => (parsed.valid ? parsed.timestamp : 0);
/** What waits for one original, or under one frozen account, is judged by business time, then key. */
const byTime = (a: ParsedRow, b: ParsedRow): number =>
  timestampOf(a) - timestampOf(b) || (a.row.key < b.row.key ? -1 : 1);

/** The least that stands around the bank: states, decided originals, and what waits for one or under an account. */
export const openDriver = () => {
  const states = new Map<string, AccountState>();
  const originals = new Map<string, Original>();
  const waiting = new Map<string, readonly ParsedRow[]>();
  const outcomes = new Map<string, string>();
  const stateOf = (account: string): AccountState => states.get(account) ?? bank.initialState();

  const verdictOn = (parsed: ParsedRequest): Verdict => {
    if (!parsed.valid) return { outcome: "refused", code: parsed.code, facts: parsed.facts };
    const original = parsed.original && originals.get(nameOf(parsed.original));
    const known = bank.streamsOf(parsed, original).map(stream => [stream, stateOf(stream)] as const);
    return bank.decide(parsed.request, { states: new Map(known), original, settings: SETTINGS });
  };

  /** Its original comes first, then the first of its accounts that is frozen. */
  const awaitedBy = (parsed: ParsedRequest, verdict: Verdict): string | undefined => {
    if (!parsed.valid || bank.passesClosed(parsed.request)) return undefined;
    if (verdict.outcome === "deferred") return parsed.original && nameOf(parsed.original);
    const original = parsed.original && originals.get(nameOf(parsed.original));
    return bank.streamsOf(parsed, original).find(stream => bank.isClosed(stateOf(stream)));
  };

  const park = (item: ParsedRow, name: string): void => {
    waiting.set(name, [...(waiting.get(name) ?? []), item].sort(byTime));
    outcomes.set(item.row.requestId, "parked");
  };

  const judge = (item: ParsedRow): void => {
    const { row, parsed } = item;
    const verdict = verdictOn(parsed);
    const awaited = awaitedBy(parsed, verdict);
    if (awaited !== undefined) {
      park(item, awaited);
      return;
    }
    if (verdict.outcome === "deferred") throw new Error("Waits for nothing");
    outcomes.set(row.requestId, verdict.outcome === "refused" ? verdict.code : "accepted");
    for (const { stream, change } of verdict.outcome === "accepted" ? verdict.legs : [])
      states.set(stream, bank.evolve(stateOf(stream), change));
    if (parsed.registers !== undefined) {
      const name = nameOf(parsed.registers);
      originals.set(name, { key: row.key, stream: parsed.streams[0] ?? "~0", outcome: verdict.outcome });
      release(name);
    }
    for (const stream of parsed.streams) if (!bank.isClosed(stateOf(stream))) release(stream);
  };

  const release = (name: string): void => {
    const released = waiting.get(name) ?? [];
    waiting.delete(name);
    for (const each of released) judge(each);
  };

  const balancesOf = (account: string): ShownBalances => {
    const { actualCents, availableCents } = stateOf(account);
    return { actual: printCents(actualCents), available: printCents(availableCents) };
  };
  const outcome = (): ScenarioOutcome => ({
    accounts: Object.fromEntries(
      [...states]
        .filter(([, state]) => bank.isListed(state))
        .map(([account]) => [account, balancesOf(account)]),
    ),
    outcomes: Object.fromEntries(outcomes),
  });
  return { judge, balancesOf, outcome };
};

/** How a scenario ends when each day's rows are judged in the order given. */
export const runDays = (days: ParsedDays): ScenarioOutcome => {
  const driver = openDriver();
  for (const day of days) for (const item of day) driver.judge(item);
  return driver.outcome();
};
