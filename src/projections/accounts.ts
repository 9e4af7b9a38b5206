import { type AccountState, holdCount } from "../domain/account.ts";
import { printCents } from "../domain/money.ts";
import { textTable } from "./text-table.ts";

/** An account as a listing shows it; cents. */
export type AccountSummary = {
  readonly account: string;
  readonly status: "OPEN" | "FROZEN";
  readonly customer: string;
  readonly actualCents: number;
  readonly availableCents: number;
  /** Deposits and payments that wait to be settled. */
  readonly openCount: number;
};

export type Head = { readonly stream: string; readonly state: AccountState };

/** An account out of its head; undefined if it is known from refused requests only. */
export const summaryOf = ({ stream, state }: Head): AccountSummary | undefined => {
  const { status, customer, actualCents, availableCents } = state;
  if (status === "NONE" || customer === undefined) return undefined;
  return { account: stream, status, customer, actualCents, availableCents, openCount: holdCount(state) };
};

/** The accounts among heads, one at a time, in the order in which the heads come. */
export const listAccounts = async function* (heads: AsyncIterable<Head>): AsyncGenerator<AccountSummary> {
  for await (const head of heads) {
    const summary = summaryOf(head);
    if (summary !== undefined) yield summary;
  }
};

const COLUMNS = ["account", "customer", "status", "actual", "available", "open"] as const;
const NUMERIC = new Set([3, 4, 5]);

/** Accounts for people; money as `1234.50`. */
export const accountsTable = (accounts: readonly AccountSummary[]): string => {
  const rows = accounts.map(account => [
    account.account,
    account.customer,
    account.status,
    printCents(account.actualCents),
    printCents(account.availableCents),
    String(account.openCount),
  ]);
  return `${textTable(COLUMNS, rows, NUMERIC)}\n`;
};

/** An account as JSON shows it; money as text in euro, as in requests. */
export const accountJson = ({ actualCents, availableCents, ...account }: AccountSummary) => ({
  ...account,
  actual: printCents(actualCents),
  available: printCents(availableCents),
});
