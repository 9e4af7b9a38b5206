const widthsOf = (rows: readonly (readonly string[])[]): readonly number[] =>
  (rows[0] ?? []).map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  );

/** Control characters would break the table apart. */
const plain = (cell: string): string => cell.replace(/\p{Cc}/gu, " ");

/** Rows under a header in columns of equal width, the numeric ones aligned to the right. No newline at the end. */
export const textTable = (
  header: readonly string[],
  rows: readonly (readonly string[])[],
  numeric: ReadonlySet<number>,
): string => {
  const cells = [header, ...rows.map(row => row.map(plain))];
  const widths = widthsOf(cells);
  const padded = (cell: string, column: number): string =>
    numeric.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return cells.map(row => row.map(padded).join("  ").trimEnd()).join("\n");
};
