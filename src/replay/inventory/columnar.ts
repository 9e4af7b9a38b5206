import { InvalidRow } from "./errors.ts";
import type { InventoryRecord } from "./record.ts";

export type FieldName = keyof InventoryRecord;

/** What ORC and Parquet reports call the columns. Source: Amazon S3 User Guide, "Amazon S3 Inventory list". */
export const COLUMN_OF: Readonly<Record<FieldName, string>> = {
  bucket: "bucket",
  key: "key",
  versionId: "version_id",
  isLatest: "is_latest",
  isDeleteMarker: "is_delete_marker",
  size: "size",
  lastModified: "last_modified_date",
  eTag: "e_tag",
  storageClass: "storage_class",
};

/** The fields in the order of a record. */
export const FIELDS: readonly FieldName[] = [
  "bucket",
  "key",
  "versionId",
  "isLatest",
  "isDeleteMarker",
  "size",
  "lastModified",
  "eTag",
  "storageClass",
];

type Column<T> = ArrayLike<T | null | undefined> | undefined;

/** The values of some rows, column by column; undefined for a column the report does not have. */
export type Columns = { readonly [F in FieldName]: Column<NonNullable<InventoryRecord[F]>> };

type Rows = {
  readonly file: string;
  /** Rows of the file that are before these. */
  readonly before: number;
  /** The first of these rows to make a record of, and the end. */
  readonly from: number;
  readonly to: number;
};

/**
 * Turns columns into records. An empty text is nothing, as in CSV: so S3 writes the null version.
 *
 * Throws: `InvalidRow` for a row without bucket or key, or with a size that is none.
 */
export const recordsOf = (columns: Columns, { file, before, from, to }: Rows): readonly InventoryRecord[] => {
  const records: InventoryRecord[] = [];
  for (let index = from; index < to; index += 1) {
    const bucket = columns.bucket?.[index];
    const key = columns.key?.[index];
    const size = columns.size?.[index] ?? null;
    if (!bucket || !key)
      throw new InvalidRow(file, before + index + 1, `${bucket ? "key" : "bucket"} is empty`);
    if (size !== null && !(Number.isSafeInteger(size) && size >= 0))
      throw new InvalidRow(file, before + index + 1, `expected size to be a number of bytes, got ${size}`);
    records.push({
      bucket,
      key,
      versionId: columns.versionId?.[index] || null,
      isLatest: columns.isLatest?.[index] ?? null,
      isDeleteMarker: columns.isDeleteMarker?.[index] ?? null,
      size,
      lastModified: columns.lastModified?.[index] ?? null,
      eTag: columns.eTag?.[index] || null,
      storageClass: columns.storageClass?.[index] || null,
    });
  }
  return records;
};
