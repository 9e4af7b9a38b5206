import { InvalidSchema } from "../inventory/errors.ts";
import type { Manifest } from "../inventory/manifest.ts";

/** A column of the table over a report, with its Hive type. */
export type AthenaColumn = { readonly name: string; readonly type: string };

/** CSV names its columns `LastModifiedDate`, the table `last_modified_date`. */
const snakeCase = (name: string): string =>
  name
    .trim()
    .replace(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, "_")
    .toLowerCase();

/** All of CSV is text, whatever it means. Source: Amazon S3 User Guide, "Querying Amazon S3 Inventory with Athena". */
const ofCsv = (schema: string): readonly AthenaColumn[] =>
  schema.split(",").map(name => ({ name: snakeCase(name), type: "string" }));

/** The types of an ORC schema are Hive's own, but for one column that AWS documents otherwise. */
const ofOrc = (schema: string): readonly AthenaColumn[] =>
  [...schema.matchAll(/[<,]\s*([a-z0-9_]+):([a-z]+)/g)].map(([, name = "", type = ""]) => ({
    name,
    type: name === "object_lock_retain_until_date" ? "bigint" : type,
  }));

const PARQUET_TYPES: Readonly<Record<string, string>> = { boolean: "boolean", int64: "bigint", int32: "int" };

const ofParquet = (schema: string): readonly AthenaColumn[] =>
  [...schema.matchAll(/(?:required|optional)\s+(\w+)\s+(\w+)\s*(\(TIMESTAMP)?/g)].map(
    ([, physical = "", name = "", isTimestamp]) => ({
      name,
      type: isTimestamp === undefined ? (PARQUET_TYPES[physical] ?? "string") : "timestamp",
    }),
  );

const READERS = { CSV: ofCsv, ORC: ofOrc, Parquet: ofParquet };

/**
 * The columns of the table over a report, from its manifest's schema. Pure.
 *
 * Throws: `InvalidSchema`, naming the file, for a schema without the columns of bucket and key, or with a name that is
 *         none.
 */
export const athenaColumns = ({ format, schema = "" }: Manifest, file: string): readonly AthenaColumn[] => {
  const columns = READERS[format](schema);
  for (const name of ["bucket", "key"])
    if (!columns.some(column => column.name === name))
      throw new InvalidSchema(file, `its fileSchema has no column ${name}`);
  const wrong = columns.find(({ name }) => !/^[a-z0-9_]+$/.test(name));
  if (wrong !== undefined)
    throw new InvalidSchema(file, `its fileSchema has a column ${JSON.stringify(wrong.name)}`);
  return columns;
};
