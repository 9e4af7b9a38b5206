import { isoInstant } from "../../ports/clock.ts";
import type { AthenaTable } from "./athena-table.ts";
import { type Condition, conditionsOf, type Selection } from "./selection.ts";

/** A name in a query, which is Trino's. */
export const sqlName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A text in a query. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Stands before a sign that LIKE would take for a pattern. */
const ESCAPE = "!";

const likeText = (text: string): string => text.replaceAll(/[!%_]/g, sign => `${ESCAPE}${sign}`);

/** ISO instants as the timestamps of ORC and Parquet, which are UTC and bear no zone. */
const timestampText = (instant: string): string =>
  `TIMESTAMP ${sqlText(isoInstant(Date.parse(instant)).replace("T", " ").replace("Z", ""))}`;

/** How a column is read as what it means: in CSV all is text, and keys are encoded. */
const readColumn = ({ format }: AthenaTable, column: string): string => {
  const name = sqlName(column);
  if (format !== "CSV") return name;
  if (column === "key") return `url_decode(${name})`;
  if (column === "last_modified_date") return `try(from_iso8601_timestamp(${name}))`;
  return name;
};

const conditionSql = (table: AthenaTable, condition: Condition): string => {
  const value = readColumn(table, condition.column);
  switch (condition.is) {
    case "one of":
      return condition.texts.length === 0
        ? "FALSE"
        : `${value} IN (${condition.texts.map(sqlText).join(", ")})`;
    case "begins with":
      return `${value} LIKE ${sqlText(`${likeText(condition.text)}%`)} ESCAPE '${ESCAPE}'`;
    case "ends in":
      return `${value} LIKE ${sqlText(`%${likeText(condition.text)}`)} ESCAPE '${ESCAPE}'`;
    case "from":
    case "before": {
      const bound =
        table.format === "CSV"
          ? `from_iso8601_timestamp(${sqlText(condition.instant)})`
          : timestampText(condition.instant);
      return `${value} ${condition.is === "from" ? ">=" : "<"} ${bound}`;
    }
    case "not": {
      const truth = table.format === "CSV" ? `'${condition.truth}'` : String(condition.truth).toUpperCase();
      return `${table.format === "CSV" ? `lower(${value})` : value} IS DISTINCT FROM ${truth}`;
    }
  }
};

/** What is asked of each row, as far as the report has the columns; the names are those of a record. */
const FIELDS: readonly string[] = [
  "bucket",
  "key",
  "version_id",
  "is_latest",
  "is_delete_marker",
  "size",
  "last_modified_date",
  "e_tag",
  "storage_class",
];

/**
 * The question that a selection asks of one report of a table, for Athena. Gives the rows that `selectByReading` gives.
 * Pure.
 *
 * A report of current versions only has no columns that tell of others: nothing is asked of those.
 * Throws: `RangeError` for a selection by a column that the report does not have.
 * Source: Amazon Athena User Guide, "SELECT"; Trino documentation, "Functions and operators".
 */
export const selectionSql = (table: AthenaTable, selection: Selection): string => {
  const has = (name: string): boolean => table.columns.some(column => column.name === name);
  const conditions = conditionsOf(selection).filter(({ column, is }) => is !== "not" || has(column));
  const missing = conditions.find(({ column }) => !has(column));
  if (missing !== undefined)
    throw new RangeError(`The report has no column ${missing.column}: nothing can be selected by it.`);
  const fields = FIELDS.filter(has).map(column =>
    readColumn(table, column) === sqlName(column)
      ? sqlName(column)
      : `${readColumn(table, column)} AS ${sqlName(column)}`,
  );
  const tests = [`"dt" = ${sqlText(table.dt)}`, ...conditions.map(each => conditionSql(table, each))];
  return [
    `SELECT ${fields.join(", ")}`,
    `FROM ${sqlName(table.name)}`,
    `WHERE ${tests.join("\n  AND ")}`,
  ].join("\n");
};
