import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import {
  type AccountSummary,
  accountJson,
  accountsTable,
  listAccounts,
} from "../../src/projections/accounts.ts";
import { statement } from "../../src/projections/statement.ts";
import { statementCsv, statementJson, statementTable } from "../../src/projections/statement-text.ts";
import { transactionsOf } from "../../src/projections/transactions.ts";
import { bodies, NOON_SECONDS } from "../domain/book.ts";
import { openLedger } from "./ledger-in-memory.ts";

const APRIL = NOON_SECONDS - 20 * 86_400;

/** Account `a` over two months; `late` happened in April and came in May. */
const history = async () => {
  const ledger = openLedger();
  await ledger.decide("open_account_a", bodies.open("a", { EventTimeStamp: APRIL }));
  await ledger.decide("incoming_payment_1", bodies.incoming("a", "100.00", { EventTimeStamp: APRIL }));
  await ledger.decide("cash_withdrawal_2", bodies.withdrawal("a", "30.00", { Reference: '=SUM(A1), "x"' }));
  await ledger.decide("incoming_payment_late", bodies.incoming("a", "5.00", { EventTimeStamp: APRIL }));
  await ledger.decide("cash_withdrawal_3", bodies.withdrawal("a", "1000.00"));
  await ledger.decide("outgoing_payment_unverified_o", bodies.outgoing("a", "10.00"));
  return ledger;
};

test("the whole history is in sequence order, refusals included, and closes at the balances", async () => {
  const whole = await statement((await history()).store, "a");
  expect(whole.lines.map(line => [line.sequence, line.code ?? line.type])).toEqual([
    [1, "open_account"],
    [2, "incoming_payment"],
    [3, "cash_withdrawal"],
    [4, "incoming_payment"],
    [5, "INSUFFICIENT_FUNDS"],
    [6, "outgoing_payment_unverified"],
  ]);
  expect(whole.openingCents).toEqual({ actual: 0, available: 0 });
  expect(whole.closingCents).toEqual({ actual: 7_500, available: 6_500 });
  expect(whole.lines.at(-1)?.balanceCents).toEqual(whole.closingCents);
});

test("a month's closing is the next month's opening, also where a request came late", async () => {
  const { store } = await history();
  const april = await statement(store, "a", "2026-04");
  const may = await statement(store, "a", "2026-05");
  expect(april.lines.map(line => line.sequence)).toEqual([1, 2, 4]);
  expect(april.closingCents).toEqual({ actual: 10_500, available: 10_500 });
  expect(may.openingCents).toEqual(april.closingCents);
  expect(may.lines.map(line => line.sequence)).toEqual([3, 5, 6]);
  expect(may.closingCents).toEqual({ actual: 7_500, available: 6_500 });
});

test("an account nobody knows has an empty statement", async () => {
  const zero = { actual: 0, available: 0 };
  expect(await statement((await history()).store, "nobody")).toEqual({
    account: "nobody",
    openingCents: zero,
    lines: [],
    closingCents: zero,
  });
});

test("the table prints money with two decimals", async () => {
  const text = statementTable(await statement((await history()).store, "a", "2026-05"));
  expect(
    text
      .split("\n")
      .slice(0, 4)
      .map(line => line.trim()),
  ).toEqual([
    "Account a, 2026-05",
    "Opening: actual 105.00, available 105.00",
    expect.stringMatching(/^sequence +time +type +outcome +amount /),
    expect.stringMatching(/^3 {2}2026-05-06 12:00:00 {2}cash_withdrawal +accepted +30\.00 +-30\.00 /),
  ]);
  expect(text).toContain("INSUFFICIENT_FUNDS");
  expect(text.endsWith("Closing: actual 75.00, available 65.00\n")).toBe(true);
});

test("the CSV is read back by a CSV reader, and no text in it is a formula", async () => {
  const rows: Record<string, string>[] = parse(statementCsv(await statement((await history()).store, "a")), {
    columns: true,
  });
  expect(rows).toHaveLength(6);
  expect(rows[2]).toEqual({
    sequence: "3",
    time: "2026-05-06 12:00:00",
    type: "cash_withdrawal",
    outcome: "accepted",
    amount: "30.00",
    actual: "-30.00",
    available: "-30.00",
    "actual after": "70.00",
    "available after": "70.00",
    reference: `'=SUM(A1), "x"`,
    key: "cash_withdrawal_2.event",
  });
});

test("the JSON is one document with money as text", async () => {
  const document = JSON.parse(statementJson(await statement((await history()).store, "a", "2026-04")));
  expect(document).toMatchObject({ account: "a", month: "2026-04", closing: { actual: "105.00" } });
  expect(document.lines[1]).toEqual({
    sequence: 2,
    key: "incoming_payment_1.event",
    type: "incoming_payment",
    outcome: "accepted",
    reference: "text",
    time: "2026-04-16T12:00:00.000Z",
    amount: "100.00",
    effect: { actual: "100.00", available: "100.00" },
    balance: { actual: "100.00", available: "100.00" },
  });
});

test("what is open is listed by its pending transactions", async () => {
  const ledger = await history();
  for (const id of ["p", "q", "r"]) await ledger.decide(`cash_deposit_${id}`, bodies.deposit("a", "1.00"));
  const open: string[] = [];
  for await (const row of transactionsOf(ledger.store, "a", "PENDING")) open.push(row.EventKey);
  expect(open).toEqual([
    "cash_deposit_p.event",
    "cash_deposit_q.event",
    "cash_deposit_r.event",
    "outgoing_payment_unverified_o.event",
  ]);
});

test("accounts are listed if they were ever opened", async () => {
  const ledger = await history();
  await ledger.decide("cash_withdrawal_n", bodies.withdrawal("nobody", "1.00"));
  const heads = async function* () {
    for (const [stream, state] of ledger.states) yield { stream, state };
  };
  const listed: AccountSummary[] = [];
  for await (const account of listAccounts(heads())) listed.push(account);
  expect(accountsTable(listed)).toBe(
    "account  customer  status  actual  available  open\na        c1        OPEN     75.00      65.00     1\n",
  );
  expect(listed.map(accountJson)).toEqual([
    { account: "a", customer: "c1", status: "OPEN", actual: "75.00", available: "65.00", openCount: 1 },
  ]);
});
