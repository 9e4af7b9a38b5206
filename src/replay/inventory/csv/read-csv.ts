import { Unreadable } from "../errors.ts";
import type { InventoryRecord } from "../record.ts";
import type { Source } from "../source.ts";
import { readAnyRows } from "./any-rows.ts";
import { LINE_BYTES_MAX, readLines } from "./csv-text.ts";
import { type CsvOptions, newRowReader } from "./row-reader.ts";

/** Records of the full parser that are handed on together. */
const BATCH_ROWS = 1000;

type RowReader = ReturnType<typeof newRowReader>;

/**
 * The records of a CSV file in batches, beginning after `fromRow` rows.
 *
 * Rows as S3 writes them, every cell in quotes, are cut out of the text directly. From the first row of another shape
 * on, a full CSV parser reads the rest of the file. Both give the same records where both can read.
 *
 * Throws: `InvalidSchema`, `InvalidRow`, `TruncatedFile`, `CorruptFile`; what the source throws.
 */
export async function* readCsv(
  source: Source,
  options: CsvOptions,
): AsyncGenerator<readonly InventoryRecord[]> {
  const rows = newRowReader(source.name, options);
  const lines = readLines(source);
  let rest = "";
  for await (const text of lines) {
    const read = rows.readQuoted(rest + text);
    rest = read.rest;
    if (read.records.length > 0) yield read.records;
    if (read.isOther) return yield* readOther(rows, joined(rest, lines));
    if (rest.length > LINE_BYTES_MAX) throw rows.nextInvalid("a quote is not closed within a megabyte");
  }
  if (rest !== "") throw rows.nextInvalid("a quote is not closed at the end of the file");
}

async function* readOther(
  rows: RowReader,
  text: AsyncIterable<string>,
): AsyncGenerator<readonly InventoryRecord[]> {
  let records: InventoryRecord[] = [];
  try {
    for await (const cells of readAnyRows(text)) {
      const record = isBlank(cells) ? undefined : rows.readCells(cells);
      if (record !== undefined) records.push(record);
      if (records.length < BATCH_ROWS) continue;
      yield records;
      records = [];
    }
  } catch (error) {
    throw error instanceof Unreadable ? rows.nextInvalid(error.message, error) : error;
  }
  if (records.length > 0) yield records;
}

const isBlank = ([first = "", ...others]: readonly string[]): boolean => first === "" && others.length === 0;

async function* joined(first: string, others: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* others;
}
