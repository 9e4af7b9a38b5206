import type { LedgerNames } from "../ledger/entities.ts";
import type { TrackingNames } from "../tracking/entities.ts";

/** What the machinery's rows are called in the bank's table: Lab 4's own names. */
export const BANK_NAMES = {
  headSortKey: "ACCOUNT",
  streamField: "AccountNumber",
  streamIndex: "AccountNumberIdx",
  dateField: "TransactionDate",
  timeField: "TransactionTime",
} as const satisfies LedgerNames & TrackingNames;
