import { EVENT_TYPES } from "../domain/events.ts";
import { NOTES_AND_COINS } from "./scenario-body.ts";
import type { Cells, Column } from "./scenario-columns.ts";
import { InvalidScenario } from "./scenario-error.ts";

/** A rule for the cells of one column. */
type CheckedCell = {
  readonly column: Column;
  readonly pattern: RegExp;
  readonly rule: string;
  readonly remedy: string;
};
const YEAR: CheckedCell = {
  column: "Transaction Date Year",
  pattern: /^(19[7-9]\d|[2-9]\d{3})$/,
  rule: "a year from 1970 to 9999",
  remedy: "Write four digits.",
};
const MONTH: CheckedCell = {
  column: "Transaction Date Month",
  pattern: /^(0?[1-9]|1[0-2])$/,
  rule: "a month from 1 to 12",
  remedy: "Write the month as a number.",
};
const DAY: CheckedCell = {
  column: "Transaction Date Day",
  pattern: /^(0?[1-9]|[12]\d|3[01])$/,
  rule: "a day from 1 to 31",
  remedy: "Write the day as a number.",
};
const TIME: CheckedCell = {
  column: "Transaction Date 24HR Time",
  // Spreadsheets drop leading zeros: 905 is five past nine, 0 is midnight.
  pattern: /^(([01]?\d|2[0-3])[0-5]\d|[0-5]?\d)$/,
  rule: "a time from 0000 to 2359",
  remedy: "Write hours and minutes as HHMM, in UTC.",
};
export const LINK: CheckedCell = {
  column: "Linked RequestId",
  pattern: /^r\d{7}$/,
  rule: "the request id of the row it follows up",
  remedy: "Write r and seven digits: the first row below the header is r0000001.",
};
export const TYPE: CheckedCell = {
  column: "Transaction Type",
  pattern: new RegExp(`^(${EVENT_TYPES.join("|")})_$`),
  rule: "a type of request with its underscore, as keys begin",
  remedy: `Use one of: ${EVENT_TYPES.map(type => `${type}_`).join(", ")}.`,
};

const FLAG: CheckedCell = {
  column: "Instant Verify Flag",
  pattern: /^(true|false)$/i,
  rule: "true or false",
  remedy: "Write true, false or n/a.",
};
const PIECES: readonly CheckedCell[] = NOTES_AND_COINS.map(([column]) => ({
  column,
  // Nine digits stay a safe integer and are more than any cash desk has.
  pattern: /^\d{1,9}$/,
  rule: "how many pieces: a whole number from 0 on",
  remedy: "Write a number, or n/a for none.",
}));
/** Columns that may be absent, but not anything. */
const IF_PRESENT = [LINK, FLAG, ...PIECES];

export type Row = { readonly cells: Cells; readonly file: string; readonly line: number };

const invalid = ({ cells, file, line }: Row, { column, rule, remedy }: CheckedCell): InvalidScenario =>
  new InvalidScenario({ file, line, column, rule, got: cells[column] ?? "n/a", remedy });

/** The cell's text. Throws `InvalidScenario` if it is absent or against the rule. */
export const checked = (row: Row, cell: CheckedCell): string => {
  const text = row.cells[cell.column] ?? "";
  if (cell.pattern.test(text)) return text;
  throw invalid(row, cell);
};

/** Throws `InvalidScenario` at the first cell of the row that is there and against its column's rule. */
export const checkCells = (row: Row): void => {
  for (const cell of IF_PRESENT) if (row.cells[cell.column] !== undefined) checked(row, cell);
};

/**
 * When a row happens.
 *
 * Returns: its UTC day `YYYY-MM-DD`, and milliseconds since the epoch.
 * Throws:  `InvalidScenario` where a cell is wrong or the month has no such day.
 */
export const momentOf = (row: Row): { readonly day: string; readonly atMs: number } => {
  const [year, month, date] = [YEAR, MONTH, DAY].map(cell => checked(row, cell).padStart(2, "0"));
  const time = checked(row, TIME).padStart(4, "0");
  const day = `${year}-${month}-${date}`;
  const atMs = Date.parse(`${day}T${time.slice(0, 2)}:${time.slice(2)}:00.000Z`);
  // 30 February is no date or, by engine, one of March.
  if (Number.isNaN(atMs) || new Date(atMs).toISOString().slice(0, 10) !== day)
    throw invalid(row, { ...DAY, rule: `a day that ${year}-${month} has` });
  return { day, atMs };
};
