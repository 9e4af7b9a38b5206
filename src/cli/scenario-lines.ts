import { CsvError, parse } from "csv-parse/sync";
import { COLUMNS } from "./scenario-columns.ts";
import { InvalidScenario } from "./scenario-error.ts";

/** A line that holds something. `number` counts from 1, the header's. */
export type Line = { readonly number: number; readonly texts: readonly string[] };

/** The shape the parser gives records in when asked for `info`, which its types leave out. */
type RecordWithPlace = { readonly record: readonly string[]; readonly info: { readonly lines: number } };

const parsedLines = (text: string, file: string): readonly Line[] => {
  try {
    const records = parse(text, {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
    }) as unknown as readonly RecordWithPlace[];
    return records.map(({ record, info }) => ({ number: info.lines, texts: record }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const rule = `comma-separated text (${error.message})`;
    throw new InvalidScenario({ file, rule, remedy: "Export it again as CSV." }, { cause: error });
  }
};

const checkHeader = (line: Line | undefined, file: string): void => {
  const texts = line?.texts ?? [];
  const length = Math.max(COLUMNS.length, texts.length);
  const wrong = Array.from({ length }, (_, index) => index).find(index => texts[index] !== COLUMNS[index]);
  if (wrong === undefined) return;
  const column = COLUMNS[wrong];
  const got = texts[wrong];
  throw new InvalidScenario({
    file,
    line: line?.number ?? 1,
    rule: column === undefined ? `only ${COLUMNS.length} columns` : `column ${wrong + 1} to be "${column}"`,
    ...(got === undefined ? {} : { got }),
    remedy: texts[0]?.includes(";")
      ? "Separate cells by commas, not by semicolons."
      : `The header is mandatory and reads: ${COLUMNS.join(",")}`,
  });
};

const checkWidth = ({ number, texts }: Line, file: string): void => {
  if (texts.length === COLUMNS.length) return;
  throw new InvalidScenario({
    file,
    line: number,
    rule: `${COLUMNS.length} cells`,
    got: String(texts.length),
    remedy: "Write n/a where there is nothing, and put a cell that holds a comma in quotes.",
  });
};

/**
 * The lines of a scenario below its header. Lines in which every cell is empty are skipped.
 *
 * Returns: numbers that are a spreadsheet's own, as long as no cell holds a line break.
 * Throws:  `InvalidScenario` for text that is no CSV, another header, or a line with another number of cells.
 */
export const linesOf = (text: string, file: string): readonly Line[] => {
  const [header, ...lines] = parsedLines(text, file);
  checkHeader(header, file);
  for (const line of lines) checkWidth(line, file);
  return lines;
};
