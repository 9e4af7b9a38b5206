/** Name of the one inventory of each bucket; reports lie under `<source>/<name>/`. */
export const INVENTORY_NAME = "all-versions";

/** CSV, because that is the one format whose manifest Step Functions maps over. */
export const INVENTORY_FORMAT = "CSV";

export const INVENTORY_FIELDS = [
  "Size",
  "LastModifiedDate",
  "ETag",
  "StorageClass",
  "IsMultipartUploaded",
] as const;
