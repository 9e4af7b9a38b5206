const QUOTE = 0x22;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;
/** S3 has 22 columns so far; a row of more is left to the full parser. */
const COLUMNS_MAX = 64;

/**
 * What comes next in a text. `row`: a row, now read. `blank`: an empty line, now passed. `incomplete`: the text ends
 * within a row. `other`: a row for the full parser, since not every cell is in quotes or one has quotes in it.
 */
export type Scanned = "row" | "blank" | "incomplete" | "other";

/**
 * Takes rows from text in which every cell is in quotes and none has a quote in it, as S3 writes all its reports: their
 * keys are URL-encoded. What is between two quotes is a cell, line feeds and commas too, so nothing is guessed.
 */
export const newRowScanner = () => {
  const starts = new Int32Array(COLUMNS_MAX);
  const ends = new Int32Array(COLUMNS_MAX);
  let text = "";
  let at = 0;
  let width = 0;

  const next = (): Scanned => {
    if (text.charCodeAt(at) === LINE_FEED) {
      at += 1;
      return "blank";
    }
    let cursor = at;
    for (let column = 0; column < COLUMNS_MAX; column += 1) {
      if (cursor >= text.length) return "incomplete";
      if (text.charCodeAt(cursor) !== QUOTE) return "other";
      const end = text.indexOf('"', cursor + 1);
      if (end === -1 || end + 1 === text.length) return "incomplete";
      starts[column] = cursor + 1;
      ends[column] = end;
      cursor = end + 2;
      const delimiter = text.charCodeAt(end + 1);
      if (delimiter === COMMA) continue;
      if (delimiter !== LINE_FEED) return "other";
      width = column + 1;
      at = cursor;
      return "row";
    }
    return "other";
  };

  return {
    /** Begins with a text that starts at the start of a row. */
    open: (opened: string): void => {
      text = opened;
      at = 0;
    },
    next,
    /** Columns of the row read last. */
    width: (): number => width,
    /** A cell of the row read last; undefined behind its last one. */
    cell: (column: number): string | undefined =>
      column >= 0 && column < width ? text.slice(starts[column], ends[column]) : undefined,
    /** What is not read yet. */
    rest: (): string => text.slice(at),
    isAtEnd: (): boolean => at === text.length,
  };
};
