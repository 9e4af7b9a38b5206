import type { ListedVersion } from "../../ports/object-store.ts";

/** Which versions a report lists: all with their ids and all delete markers, or the current objects alone. */
export type IncludedVersions = "All" | "Current";

type Value = string | boolean | number | null;

/** A column of a report: its name in CSV, and in Parquet with the type S3 writes there. */
export type Column = {
  readonly csv: string;
  readonly parquet: string;
  readonly type: "text" | "truth" | "integer" | "instant";
  readonly isRequired?: true;
  /** Only in reports of all versions. */
  readonly isOfVersions?: true;
  value(version: ListedVersion, bucket: string): Value;
};

/** The null version has no id in a report. Source: Amazon S3 User Guide, "Using an S3 Inventory report with Batch". */
const versionIdOf = ({ versionId }: ListedVersion): string | null =>
  versionId === "null" ? null : versionId;

/** The columns every report of this software has, in S3's order. Source: Amazon S3 User Guide, "Inventory list". */
const COLUMNS: readonly Column[] = [
  { csv: "Bucket", parquet: "bucket", type: "text", isRequired: true, value: (_, bucket) => bucket },
  { csv: "Key", parquet: "key", type: "text", isRequired: true, value: ({ key }) => key },
  { csv: "VersionId", parquet: "version_id", type: "text", isOfVersions: true, value: versionIdOf },
  {
    csv: "IsLatest",
    parquet: "is_latest",
    type: "truth",
    isOfVersions: true,
    value: ({ isLatest }) => isLatest,
  },
  {
    csv: "IsDeleteMarker",
    parquet: "is_delete_marker",
    type: "truth",
    isOfVersions: true,
    value: ({ isDeleteMarker }) => isDeleteMarker,
  },
  { csv: "Size", parquet: "size", type: "integer", value: ({ sizeBytes }) => sizeBytes ?? null },
  {
    csv: "LastModifiedDate",
    parquet: "last_modified_date",
    type: "instant",
    value: ({ lastModified }) => lastModified,
  },
  { csv: "ETag", parquet: "e_tag", type: "text", value: ({ eTag }) => eTag ?? null },
  {
    csv: "StorageClass",
    parquet: "storage_class",
    type: "text",
    value: ({ storageClass }) => storageClass ?? null,
  },
];

export const columnsOf = (included: IncludedVersions): readonly Column[] =>
  COLUMNS.filter(({ isOfVersions }) => included === "All" || isOfVersions !== true);
