import type { Store } from "../table/store.ts";
import { bankEntities, type StoredLine } from "./entities.ts";
import { monthOf } from "./lab-time.ts";

/** One line: a decision over the account. Cents throughout; `seconds` since the epoch, as the request says. */
export type StatementLine = {
  readonly sequence: number;
  readonly seconds: number;
  readonly key: string;
  readonly type: string;
  readonly outcome: "accepted" | "refused";
  readonly code?: string;
  readonly reference: string;
  /** What was asked for; absent where the request could not be read that far. */
  readonly amountCents?: number;
  readonly effectCents: { readonly actual: number; readonly available: number };
  /** Balances after this line was decided. */
  readonly balanceCents: { readonly actual: number; readonly available: number };
};

export type Balances = { readonly actual: number; readonly available: number };

export type Statement = {
  readonly account: string;
  /** `YYYY-MM`; absent for the whole history. */
  readonly month?: string;
  readonly openingCents: Balances;
  readonly lines: readonly StatementLine[];
  readonly closingCents: Balances;
};

/** Lines asked for at once: about 300 KB, below the 1 MB at which DynamoDB ends a page itself. */
const PAGE_LINES = 1_000;
/** Ten million lines, ten a minute for two years: an account beyond that needs another kind of statement. */
const PAGES_MAX = 10_000;

const lineOf = (row: StoredLine): StatementLine => ({
  sequence: row.sequence,
  seconds: row.EventTimeStamp,
  key: row.RequestKey,
  type: row.TransactionType ?? "",
  outcome: row.outcome,
  ...(row.code === undefined ? {} : { code: row.code }),
  reference: row.Reference ?? "",
  ...(row.AmountCents === undefined ? {} : { amountCents: row.AmountCents }),
  effectCents: { actual: row.EffectOnActualCents, available: row.EffectOnAvailableCents },
  balanceCents: { actual: row.BalanceActualCents, available: row.BalanceAvailableCents },
});

/** All lines of an account, in sequence order. Throws beyond `PAGES_MAX` pages. */
export const linesOf = async function* (
  store: Pick<Store, "query">,
  account: string,
): AsyncGenerator<StatementLine> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const range = { partition: account, from: "LINE#", to: "LINE#\u{10FFFF}", limit: PAGE_LINES };
    const { items, cursor: next } = await store.query({ ...range, cursor });
    for (const item of items) yield lineOf(bankEntities.line.read(item));
    if (next === undefined) return;
    cursor = next;
  }
  throw new Error(`Account ${account} has more than ${PAGES_MAX} pages of lines`);
};

const plus = (balances: Balances, effect: Balances): Balances => ({
  actual: balances.actual + effect.actual,
  available: balances.available + effect.available,
});

/**
 * What happened to an account, in one month or ever.
 *
 * Shape:   `month` is `YYYY-MM`; a line belongs to the UTC month of its EventTimeStamp (ruling 47), in sequence order.
 * Returns: the lines; opening is what all lines of earlier months add up to and closing adds this month's, so one
 *          month's closing is the next one's opening even where a request came late. A line's own balances are
 *          those at its decision.
 */
export const statement = async (
  store: Pick<Store, "query">,
  account: string,
  month?: string,
): Promise<Statement> => {
  let openingCents: Balances = { actual: 0, available: 0 };
  const lines: StatementLine[] = [];
  for await (const line of linesOf(store, account)) {
    const lineMonth = monthOf(line.seconds);
    if (month === undefined || lineMonth === month) lines.push(line);
    else if (lineMonth < month) openingCents = plus(openingCents, line.effectCents);
  }
  const closingCents = lines.reduce((sum, line) => plus(sum, line.effectCents), openingCents);
  return { account, ...(month === undefined ? {} : { month }), openingCents, lines, closingCents };
};
