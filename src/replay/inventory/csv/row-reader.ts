import { InvalidRow, Unreadable } from "../errors.ts";
import type { InventoryRecord } from "../record.ts";
import { type Row, recordOf, rowOf } from "./cells.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { newRowScanner } from "./quoted-rows.ts";

export type CsvOptions = {
  /** Names of the columns, separated by commas. */
  readonly schema: string | undefined;
  /** Rows that are counted and left out. */
  readonly fromRow: number;
};

type Quoted = {
  readonly records: readonly InventoryRecord[];
  /** What was not read: a row that goes on in the next text, or what a full parser must read. */
  readonly rest: string;
  readonly isOther: boolean;
};

/**
 * Turns the rows of one file into records, whichever parser cuts them: learns the columns from the first row, counts
 * rows, leaves out those before `fromRow`.
 *
 * Its functions throw `InvalidSchema` and `InvalidRow`.
 */
export const newRowReader = (file: string, { schema, fromRow }: CsvOptions) => {
  const scanner = newRowScanner();
  let layout: Layout | undefined;
  let rows = 0;

  /** Learns the columns from the first row. Returns: whether that is a header. */
  const begin = (cells: readonly string[]): boolean => {
    const begun = layoutOf(file, schema, cells);
    layout = begun.layout;
    return begun.hasHeader;
  };

  /** Returns: undefined for a header and for a row to be left out. */
  const read = (row: Row): InventoryRecord | undefined => {
    if (layout === undefined && begin(cellsOf(row))) return undefined;
    rows += 1;
    if (rows <= fromRow || layout === undefined) return undefined;
    try {
      return recordOf(row, layout);
    } catch (error) {
      throw error instanceof Unreadable ? new InvalidRow(file, rows, error.message, { cause: error }) : error;
    }
  };

  return {
    /** Reads rows in which every cell is in quotes, up to the first that is not so. */
    readQuoted: (text: string): Quoted => {
      const records: InventoryRecord[] = [];
      scanner.open(text);
      while (!scanner.isAtEnd()) {
        const scanned = scanner.next();
        if (scanned === "incomplete" || scanned === "other")
          return { records, rest: scanner.rest(), isOther: scanned === "other" };
        const record = scanned === "row" ? read(scanner) : undefined;
        if (record !== undefined) records.push(record);
      }
      return { records, rest: "", isOther: false };
    },
    /** Reads a row of the full parser. */
    readCells: (cells: readonly string[]): InventoryRecord | undefined => read(rowOf(cells)),
    /** Where the next row is wrong in a way that no parser could cut it. */
    nextInvalid: (what: string, cause?: unknown): InvalidRow =>
      new InvalidRow(file, rows + 1, what, { cause }),
  };
};

const cellsOf = (row: Row): readonly string[] =>
  Array.from({ length: row.width() }, (_, column) => row.cell(column) ?? "");
