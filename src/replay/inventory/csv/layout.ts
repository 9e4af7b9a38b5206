import { excerpt, InvalidSchema } from "../errors.ts";

/** Which column of a row holds which field; -1 for a field the report does not have. */
export type Layout = {
  readonly bucket: number;
  readonly key: number;
  readonly versionId: number;
  readonly isLatest: number;
  readonly isDeleteMarker: number;
  readonly size: number;
  readonly lastModified: number;
  readonly eTag: number;
  readonly storageClass: number;
  /** Columns a row must have. */
  readonly width: number;
  /** Whether a row may have more: only where the columns are a guess. */
  readonly isOpen: boolean;
};

/** Source: filemanager's inventory function, its columns where neither a schema nor a header names them. */
const DEFAULT_COLUMNS = [
  "Bucket",
  "Key",
  "VersionId",
  "IsLatest",
  "IsDeleteMarker",
  "Size",
  "LastModifiedDate",
  "ETag",
  "StorageClass",
];

/** A column of AWS, in a header: no bucket of today has a capital in its name, and no truth value has. */
const COLUMN_NAME = /^[A-Z][A-Za-z]*$/;

/**
 * How to read the rows of a file: by the manifest's schema; else by the file's first row if that is a header; else by
 * the default columns. A header is recognised with a schema too, if it says the same.
 *
 * Takes:   the cells of the first row, none for a file without rows.
 * Returns: the layout, and whether the first row is a header.
 * Throws:  `InvalidSchema`, naming the file.
 * Source:  filemanager's inventory function; its vector E28 (one row without header or schema is a row).
 */
export const layoutOf = (
  file: string,
  schema: string | undefined,
  firstRow: readonly string[],
): { readonly layout: Layout; readonly hasHeader: boolean } => {
  const first = firstRow.map(cell => cell.trim());
  if (schema !== undefined) {
    const columns = schema.split(",").map(column => column.trim());
    const hasHeader =
      columns.length === first.length && columns.every((column, index) => column === first[index]);
    return { layout: layoutOfColumns(file, columns, `its fileSchema ${excerpt(schema)}`), hasHeader };
  }
  const hasHeader =
    first.includes("Bucket") && first.includes("Key") && first.every(cell => COLUMN_NAME.test(cell));
  if (hasHeader) return { layout: layoutOfColumns(file, first, "its header"), hasHeader };
  return {
    layout: { ...layoutOfColumns(file, DEFAULT_COLUMNS, "the default columns"), isOpen: true },
    hasHeader,
  };
};

const layoutOfColumns = (file: string, columns: readonly string[], where: string): Layout => {
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (twice !== undefined) throw new InvalidSchema(file, `${where} has the column ${excerpt(twice)} twice`);
  const missing = ["Bucket", "Key"].find(column => !columns.includes(column));
  if (missing !== undefined) throw new InvalidSchema(file, `${where} has no column ${missing}`);
  return {
    bucket: columns.indexOf("Bucket"),
    key: columns.indexOf("Key"),
    versionId: columns.indexOf("VersionId"),
    isLatest: columns.indexOf("IsLatest"),
    isDeleteMarker: columns.indexOf("IsDeleteMarker"),
    size: columns.indexOf("Size"),
    lastModified: columns.indexOf("LastModifiedDate"),
    eTag: columns.indexOf("ETag"),
    storageClass: columns.indexOf("StorageClass"),
    width: columns.length,
    isOpen: false,
  };
};
