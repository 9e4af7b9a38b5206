/**
 * The columns of a scenario file, in their order.
 *
 * Source: Lab 4's own test sheet, with CustomerNumber put in.
 */
export const COLUMNS = [
  "Transaction Date Year",
  "Transaction Date Month",
  "Transaction Date Day",
  "Transaction Date 24HR Time",
  "Transaction Type",
  "Reference Account",
  "CustomerNumber",
  "Amount",
  "Transaction Description",
  "Location",
  "Reference",
  "Instant Verify Flag",
  "Notes-100",
  "Notes-50",
  "Notes-20",
  "Notes-10",
  "Coins-50",
  "Coins-20",
  "Coins-10",
  "Coins-5",
  "Destination Bank",
  "Destination Account Reference",
  "Linked RequestId",
  "Source Bank",
  "Source Reference",
  "Verified by Employee ID",
  "Final Finding",
] as const;
export type Column = (typeof COLUMNS)[number];

/** How a cell says that there is nothing. An empty cell, which spreadsheets make easily, says the same. */
export const ABSENT = "n/a";

/** A row's cells by column, verbatim; what is absent is left out. */
export type Cells = { readonly [column in Column]?: string };

/** A row's cells from its texts in column order, of which there must be as many as columns. */
export const cellsOf = (texts: readonly string[]): Cells =>
  Object.fromEntries(
    COLUMNS.map((column, index) => [column, texts[index] ?? ""] as const).filter(
      ([, text]) => text !== "" && text !== ABSENT,
    ),
  );

/** The id of a scenario's row: `r` and seven digits, counted from 1 in file order. */
export const requestIdOf = (row: number): string => `r${String(row).padStart(7, "0")}`;
