const rowOf = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** A Markdown table. Cells are taken as they are: a bar in one must be escaped by the caller. */
export const tableOf = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [rowOf(header), rowOf(header.map(() => "---")), ...rows.map(rowOf)].join("\n");

/** Text as code. */
export const code = (text: string): string => `\`${text}\``;
