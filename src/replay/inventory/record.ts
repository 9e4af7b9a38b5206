/**
 * One row of an S3 Inventory report: one version of an object, or a delete marker, as the report shows it.
 *
 * `null` stands wherever the report has nothing: a column it does not have, an empty CSV field, a null of Parquet or
 * ORC, and an empty text. So a null version id is the null version, or a report of current versions only.
 *
 * Texts may share memory with the batch they were read in (some 64 KiB of text): whoever keeps few records of many
 * keeps copies of them.
 */
export type InventoryRecord = {
  readonly bucket: string;
  /** As S3 stores it: decoded, in every format. */
  readonly key: string;
  readonly versionId: string | null;
  readonly isLatest: boolean | null;
  readonly isDeleteMarker: boolean | null;
  /** Bytes, a safe integer. */
  readonly size: number | null;
  /** ISO 8601, UTC, milliseconds. */
  readonly lastModified: string | null;
  /** Without quotes. */
  readonly eTag: string | null;
  /** S3's own word; classes that came after this software are passed on as they are. */
  readonly storageClass: string | null;
};

/**
 * The canonical text of a record: JSON without spaces, the fields in the order of the type, and a line feed.
 *
 * A report's fingerprint is the SHA-256 of these lines in file order, so that two reports of one content in different
 * formats have the same.
 */
export const canonicalLine = (record: InventoryRecord): string =>
  `${JSON.stringify({
    bucket: record.bucket,
    key: record.key,
    versionId: record.versionId,
    isLatest: record.isLatest,
    isDeleteMarker: record.isDeleteMarker,
    size: record.size,
    lastModified: record.lastModified,
    eTag: record.eTag,
    storageClass: record.storageClass,
  })}\n`;
