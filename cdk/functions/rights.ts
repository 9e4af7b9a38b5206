export const READ = ["s3:GetObject", "s3:GetObjectVersion"] as const;
/** Without it S3 answers 403 for what is absent, which is no proof of absence. */
export const LIST = ["s3:ListBucket"] as const;
export const WRITE = ["s3:PutObject"] as const;
export const LIST_VERSIONS = ["s3:ListBucketVersions"] as const;
/** A transaction needs the rights of its parts; nothing here updates in place. */
export const ROWS = [
  "dynamodb:BatchGetItem",
  "dynamodb:Query",
  "dynamodb:PutItem",
  "dynamodb:DeleteItem",
  "dynamodb:ConditionCheckItem",
] as const;
export const BATCH_WRITE = ["dynamodb:BatchWriteItem"] as const;

/** A live function works for a minute at most; the queue's visibility follows from it. */
export const LIVE_TIMEOUT_SECONDS = 60;
/** Lambda's own maximum. */
export const LONG_TIMEOUT_SECONDS = 900;
export const LIVE_MEMORY_MB = 512;
export const LONG_MEMORY_MB = 2_048;

/** Commands of the object store's adapter that few functions send. */
export const S3_UNUSED = {
  copy: "CopyObject",
  remove: "DeleteObject",
  listVersions: "ListObjectVersions",
  getTags: "GetObjectTagging",
  putTags: "PutObjectTagging",
  restore: "RestoreObject",
} as const;
export const without = (...used: readonly (keyof typeof S3_UNUSED)[]): readonly string[] =>
  Object.entries(S3_UNUSED).flatMap(([name, command]) =>
    used.includes(name as keyof typeof S3_UNUSED) ? [] : [command],
  );

export const LEDGER_BUCKETS = {
  newEvents: [...READ, ...LIST],
  decisions: [...READ, ...LIST, ...WRITE],
} as const;
