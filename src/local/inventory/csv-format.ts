import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Column } from "./columns.ts";
import type { DataFormat, DataRows } from "./data-file.ts";

const compressed = promisify<string, Uint8Array>(gzip);

/** CSV as S3 writes it: gzip, no header, every cell in quotes, keys URL-encoded. */
export const csvFormat: DataFormat = {
  name: "CSV",
  suffix: "csv.gz",
  schema: columns => columns.map(({ csv }) => csv).join(", "),
  encode: rows => compressed(csvText(rows)),
};

const csvText = ({ bucket, columns, versions }: DataRows): string =>
  versions
    .map(
      version => `${columns.map(column => `"${cellOf(column, column.value(version, bucket))}"`).join(",")}\n`,
    )
    .join("");

const cellOf = ({ csv }: Column, value: ReturnType<Column["value"]>): string => {
  if (value === null) return "";
  return csv === "Key" ? encodedKey(String(value)) : String(value);
};

/**
 * A key as S3 encodes it in CSV reports: form encoding with the slash left as it is.
 *
 * Source: Amazon S3 User Guide, "Amazon S3 Inventory"; reports seen have a space as `+`.
 */
export const encodedKey = (key: string): string =>
  encodeURIComponent(key)
    .replaceAll("%20", "+")
    .replaceAll("%2F", "/")
    .replace(/[!'()~]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
