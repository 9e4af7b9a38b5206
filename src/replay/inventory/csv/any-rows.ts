import { pipeline, Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { Unreadable } from "../errors.ts";
import { LINE_BYTES_MAX } from "./csv-text.ts";

/**
 * Rows of any CSV, by a full parser: cells with or without quotes, quotes and line breaks in cells, blanks around them,
 * a byte order mark, lines that end in CR LF. Empty lines are skipped.
 *
 * Throws: `Unreadable` for what is no CSV; what the text throws.
 */
export async function* readAnyRows(text: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  const parser = parse({
    bom: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    record_delimiter: ["\n", "\r\n"],
    max_record_size: LINE_BYTES_MAX,
  });
  // Errors of the text destroy the parser, and come out of it below.
  pipeline(Readable.from(text), parser, () => {});
  try {
    yield* parser as AsyncIterable<readonly string[]>;
  } catch (error) {
    throw error instanceof CsvError ? new Unreadable(error.message, { cause: error }) : error;
  }
}
