import type { Cells, Column } from "../../src/cli/scenario-columns.ts";

/** A row being planned: its link is the row itself, since ids are given once all rows are in order. */
export type Draft = {
  /** Days from the first one. */
  readonly day: number;
  /** Minutes from midnight. */
  readonly minute: number;
  readonly cells: Cells;
  /** `never`: an original that does not come. */
  readonly link?: Draft | "never";
};

const PIECES: readonly (readonly [Column, number])[] = [
  ["Notes-100", 10_000],
  ["Notes-50", 5_000],
  ["Notes-20", 2_000],
  ["Notes-10", 1_000],
  ["Coins-50", 50],
  ["Coins-20", 20],
  ["Coins-10", 10],
  ["Coins-5", 5],
];

/** Notes and coins for an amount that is a multiple of five cents, the largest first. */
export const piecesOf = (cents: number): Cells => {
  let rest = cents;
  const pieces = PIECES.map(([column, unit]) => {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    return [column, String(count)] as const;
  });
  if (rest !== 0) throw new Error(`${cents} cents cannot be paid in cash`);
  return Object.fromEntries(pieces);
};

/** Integer cents as euro text, by their digits. */
export const euroOf = (cents: number): string => {
  const digits = String(cents).padStart(3, "0");
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
};

/** The cells of each type of row, for an account and an amount where it has one. */
export const rowCells = {
  opening: (account: string, customer: string): Cells => ({
    "Transaction Type": "open_account_",
    "Reference Account": account,
    CustomerNumber: customer,
    "Transaction Description": "Account opened",
  }),
  teller: (account: string, cents: number): Cells => ({
    ...cash("cash_deposit_", account, cents),
    "Transaction Description": "Paid in at the counter",
    Location: "Teller",
    "Instant Verify Flag": "true",
    "Verified by Employee ID": "e5001",
  }),
  machine: (account: string, cents: number): Cells => ({
    ...cash("cash_deposit_", account, cents),
    "Transaction Description": "Paid in at a machine",
    "Instant Verify Flag": "false",
  }),
  verification: (account: string, cents: number, isGenuine = true): Cells => ({
    ...cash("verify_cash_deposit_", account, cents),
    "Transaction Description": isGenuine ? "Machine emptied and counted" : "Deposit refused",
    "Instant Verify Flag": isGenuine ? "true" : "false",
    "Verified by Employee ID": "e5002",
  }),
  withdrawal: (account: string, cents: number): Cells => ({
    ...cash("cash_withdrawal_", account, cents),
    "Transaction Description": "Cash paid out",
  }),
  incoming: (account: string, cents: number): Cells => ({
    ...paid("incoming_payment_", account, cents),
    "Transaction Description": "Money from elsewhere",
    "Source Bank": "Far Bank",
    "Source Reference": "7700770077",
  }),
  payment: (account: string, cents: number): Cells => ({
    ...paid("outgoing_payment_unverified_", account, cents),
    "Transaction Description": "A bill",
    "Destination Bank": "Far Bank",
    "Destination Account Reference": "9900990099",
  }),
  acceptance: (account: string): Cells => ({
    "Transaction Type": "outgoing_payment_verified_",
    "Reference Account": account,
    "Transaction Description": "The other bank took it",
  }),
  rejection: (account: string): Cells => ({
    "Transaction Type": "outgoing_payment_rejected_",
    "Reference Account": account,
    "Transaction Description": "The other bank sent it back",
    "Final Finding": "Account not known there",
  }),
  transfer: (account: string, target: string, cents: number): Cells => ({
    ...paid("inter_account_transfer_", account, cents),
    "Transaction Description": "Between two accounts",
    "Destination Account Reference": target,
  }),
} as const;

const paid = (type: string, account: string, cents: number): Cells => ({
  "Transaction Type": type,
  "Reference Account": account,
  Amount: euroOf(cents),
});

const cash = (type: string, account: string, cents: number): Cells => ({
  ...paid(type, account, cents),
  Location: "ATM",
  ...piecesOf(cents),
});
