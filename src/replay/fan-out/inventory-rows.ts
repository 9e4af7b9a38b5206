import { type Intake, ingestPictures } from "../ingest/ingest-pictures.ts";
import { observationOf } from "../inventory/observation-of.ts";
import type { InventoryRecord } from "../inventory/record.ts";

/** A row of an inventory as Step Functions hands it on: by the manifest's column names, all text. */
export type InventoryRow = Readonly<Record<string, string | undefined>>;

export type RowsTaken = {
  readonly new: number;
  readonly known: number;
  readonly failed: number;
  /** Rows whose key might be encoded or not; a listing tells. */
  readonly unclear: number;
};

/**
 * Takes rows of an inventory into tracking. Whether Step Functions decodes keys is not documented, so a row whose key
 * would read otherwise decoded is left to reconcile's listing; request keys never do.
 *
 * `reportTime`: ISO instant, for rows without LastModifiedDate. Throws: what the store throws.
 */
export const takeRows = async (
  intake: Intake,
  rows: readonly InventoryRow[],
  reportTime: string,
): Promise<RowsTaken> => {
  const clear = rows.filter(({ Key = "" }) => !/[%+]/.test(Key));
  const pictures = clear.map(row => observationOf(recordOf(row), reportTime));
  const tally = await ingestPictures(intake, pictures);
  const { new: added, known, failed } = tally.counts;
  return { new: added, known, failed, unclear: rows.length - clear.length };
};

const recordOf = (row: InventoryRow): InventoryRecord => ({
  bucket: row.Bucket ?? "",
  key: row.Key ?? "",
  versionId: row.VersionId || null,
  isLatest: flagOf(row.IsLatest),
  isDeleteMarker: flagOf(row.IsDeleteMarker),
  size: row.Size ? Number(row.Size) : null,
  lastModified: row.LastModifiedDate || null,
  eTag: row.ETag || null,
  storageClass: row.StorageClass || null,
});

const flagOf = (text: string | undefined): boolean | null =>
  text === undefined || text === "" ? null : text === "true";
