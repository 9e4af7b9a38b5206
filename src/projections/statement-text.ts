import { printCents } from "../domain/money.ts";
import { printTime } from "./lab-time.ts";
import type { Balances, Statement, StatementLine } from "./statement.ts";
import { textTable } from "./text-table.ts";

const COLUMNS = [
  "sequence",
  "time",
  "type",
  "outcome",
  "amount",
  "actual",
  "available",
  "actual after",
  "available after",
  "reference",
  "key",
] as const;

const cellsOf = (line: StatementLine): readonly string[] => [
  String(line.sequence),
  printTime(line.seconds),
  line.type,
  line.code ?? line.outcome,
  line.amountCents === undefined ? "" : printCents(line.amountCents),
  printCents(line.effectCents.actual),
  printCents(line.effectCents.available),
  printCents(line.balanceCents.actual),
  printCents(line.balanceCents.available),
  line.reference,
  line.key,
];

const NUMERIC = new Set([0, 4, 5, 6, 7, 8]);

const printed = ({ actual, available }: Balances) => ({
  actual: printCents(actual),
  available: printCents(available),
});

const titleOf = ({ account, month }: Statement): string =>
  month === undefined ? `Account ${account}` : `Account ${account}, ${month}`;

const balanceLine = (name: string, balances: Balances): string => {
  const { actual, available } = printed(balances);
  return `${name}: actual ${actual}, available ${available}`;
};

/** A statement for people: one row per line, money as `1234.50`. */
export const statementTable = (statement: Statement): string =>
  [
    titleOf(statement),
    balanceLine("Opening", statement.openingCents),
    textTable(COLUMNS, statement.lines.map(cellsOf), NUMERIC),
    balanceLine("Closing", statement.closingCents),
    "",
  ].join("\n");

/** A cell by RFC 4180. Text that a spreadsheet would take for a formula is led by an apostrophe. */
const csvCell = (text: string, column: number): string => {
  const harmless = !NUMERIC.has(column) && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};

/** A statement as CSV with a header, CRLF line ends, without opening and closing. */
export const statementCsv = (statement: Statement): string =>
  [COLUMNS, ...statement.lines.map(cellsOf)].map(cells => `${cells.map(csvCell).join(",")}\r\n`).join("");

/** A statement as one JSON document; money as text in euro, as in requests. */
export const statementJson = (statement: Statement): string => {
  const { account, month, openingCents, lines, closingCents } = statement;
  const document = {
    account,
    ...(month === undefined ? {} : { month }),
    opening: printed(openingCents),
    lines: lines.map(({ seconds, amountCents, effectCents, balanceCents, ...line }) => ({
      ...line,
      time: new Date(seconds * 1000).toISOString(),
      ...(amountCents === undefined ? {} : { amount: printCents(amountCents) }),
      effect: printed(effectCents),
      balance: printed(balanceCents),
    })),
    closing: printed(closingCents),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
};
