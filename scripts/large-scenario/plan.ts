import type { Cells } from "../../src/cli/scenario-columns.ts";
import { randomInteger, seededRandom } from "../../src/local/seeded-random.ts";
import { type Draft, rowCells } from "./draft.ts";

/**
 * What the plan is sure of about an account today. `sureCents`: AVAILABLE this morning less today's debits; what is
 * credited today counts from tomorrow on, so that no debit leans on the order within a day.
 */
export type Account = {
  readonly number: string;
  readonly customer: string;
  sureCents: number;
  tomorrowCents: number;
};

/** A deposit or payment that can be followed up. */
export type Original = {
  readonly draft: Draft;
  readonly flow: "deposit" | "payment";
  readonly account: Account;
  readonly cents: number;
  /** Day of its latest follow-up: the outcomes of two on one day would depend on their order. */
  busyDay: number;
  isSettled: boolean;
};

/** Everything the plan remembers while it is made. */
export type Plan = {
  /** A whole number at or above 0 and below the limit. */
  readonly below: (limit: number) => number;
  readonly accounts: readonly Account[];
  readonly drafts: Draft[];
  readonly originals: Original[];
  readonly refusedOriginals: Original[];
  /** Deposits of tomorrow morning whose verifications came first. */
  owed: Draft[];
  /** Counted from 0. */
  day: number;
};

export const ROWS = 1_000;
export const DAYS = 6;
const ACCOUNTS = 40;

export type Span = readonly [fromMinute: number, toMinute: number];
const ALL_DAY: Span = [0, 24 * 60];

export const openPlan = (seed: number): Plan => {
  const random = seededRandom(seed);
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => ({
    number: String(200_001 + index),
    customer: String(440_001 + Math.floor(index / 2)),
    sureCents: 0,
    tomorrowCents: 0,
  }));
  return {
    below: limit => randomInteger(random, limit),
    accounts,
    drafts: [],
    originals: [],
    refusedOriginals: [],
    owed: [],
    day: 0,
  };
};

export const chance = (plan: Plan, percent: number): boolean => plan.below(100) < percent;

/** One of the values, or undefined if there is none. */
export const pick = <Value>(plan: Plan, values: readonly Value[]): Value | undefined =>
  values[plan.below(values.length)];

/** One of the accounts, or one of the others. */
export const anyAccount = (plan: Plan, but?: Account): Account => {
  const account = pick(
    plan,
    plan.accounts.filter(candidate => candidate !== but),
  );
  if (account === undefined) throw new Error("The plan has no accounts");
  return account;
};

/** Up to 400 euro in steps of the smallest coin there is a column for. */
export const someCents = (plan: Plan): number => 5 * (1 + plan.below(8_000));

export const draftOf = (
  plan: Plan,
  cells: Cells,
  more: { readonly link?: Draft | "never"; readonly span?: Span; readonly day?: number } = {},
): Draft => {
  const [from, to] = more.span ?? ALL_DAY;
  return {
    day: more.day ?? plan.day,
    minute: from + plan.below(to - from),
    cells,
    ...(more.link === undefined ? {} : { link: more.link }),
  };
};

/** Adds a row of today. */
export const add = (plan: Plan, cells: Cells, link?: Draft | "never", span?: Span): Draft => {
  const draft = draftOf(plan, cells, { ...(link ? { link } : {}), ...(span ? { span } : {}) });
  plan.drafts.push(draft);
  return draft;
};

/** With the account's customer, on some rows. */
export const signed = (plan: Plan, account: Account, cells: Cells): Cells =>
  chance(plan, 30) ? { ...cells, CustomerNumber: account.customer } : cells;

export const credit = (account: Account, cents: number): void => {
  account.tomorrowCents += cents;
};

/** An amount that is there whatever the order of the day, now and then all there is; 0 if there is nothing. */
export const takeCents = (plan: Plan, account: Account): number => {
  const cents = chance(plan, 10) ? account.sureCents : Math.min(account.sureCents, someCents(plan));
  account.sureCents -= cents;
  return cents;
};

export const originalOf = (
  draft: Draft,
  flow: Original["flow"],
  account: Account,
  cents: number,
): Original => ({
  draft,
  flow,
  account,
  cents,
  busyDay: -1,
  isSettled: false,
});

/** An original without a follow-up today, which now has one. */
export const takeOriginal = (plan: Plan, fits: (original: Original) => boolean): Original | undefined => {
  const found = pick(
    plan,
    plan.originals.filter(original => original.busyDay !== plan.day && fits(original)),
  );
  if (found !== undefined) found.busyDay = plan.day;
  return found;
};

/** The row that settles an original: verified or accepted if all is well, else refused or rejected. */
export const followUp = ({ flow, account, cents }: Original, isWell: boolean): Cells => {
  if (flow === "deposit") return rowCells.verification(account.number, cents, isWell);
  return isWell ? rowCells.acceptance(account.number) : rowCells.rejection(account.number);
};
