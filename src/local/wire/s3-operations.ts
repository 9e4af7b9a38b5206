/**
 * Every operation of S3 and the request that asks for it: name, method, what the path names, and then what must be there
 * besides: a query name, `name=value`, or a header as `name:`.
 * Source: Amazon S3 API model.
 */
export type S3Operation = readonly [
  name: string,
  method: string,
  target: "service" | "bucket" | "object",
  ...needed: readonly string[],
];

export const S3_OPERATIONS: readonly S3Operation[] = [
  ["AbortMultipartUpload", "DELETE", "object", "uploadId"],
  ["CompleteMultipartUpload", "POST", "object", "uploadId"],
  ["CopyObject", "PUT", "object", "x-amz-copy-source:"],
  ["CreateBucket", "PUT", "bucket"],
  ["CreateBucketMetadataConfiguration", "POST", "bucket", "metadataConfiguration"],
  ["CreateBucketMetadataTableConfiguration", "POST", "bucket", "metadataTable"],
  ["CreateMultipartUpload", "POST", "object", "uploads"],
  ["CreateSession", "GET", "bucket", "session"],
  ["DeleteBucket", "DELETE", "bucket"],
  ["DeleteBucketAnalyticsConfiguration", "DELETE", "bucket", "analytics"],
  ["DeleteBucketCors", "DELETE", "bucket", "cors"],
  ["DeleteBucketEncryption", "DELETE", "bucket", "encryption"],
  ["DeleteBucketIntelligentTieringConfiguration", "DELETE", "bucket", "intelligent-tiering"],
  ["DeleteBucketInventoryConfiguration", "DELETE", "bucket", "inventory"],
  ["DeleteBucketLifecycle", "DELETE", "bucket", "lifecycle"],
  ["DeleteBucketMetadataConfiguration", "DELETE", "bucket", "metadataConfiguration"],
  ["DeleteBucketMetadataTableConfiguration", "DELETE", "bucket", "metadataTable"],
  ["DeleteBucketMetricsConfiguration", "DELETE", "bucket", "metrics"],
  ["DeleteBucketOwnershipControls", "DELETE", "bucket", "ownershipControls"],
  ["DeleteBucketPolicy", "DELETE", "bucket", "policy"],
  ["DeleteBucketReplication", "DELETE", "bucket", "replication"],
  ["DeleteBucketTagging", "DELETE", "bucket", "tagging"],
  ["DeleteBucketWebsite", "DELETE", "bucket", "website"],
  ["DeleteObject", "DELETE", "object"],
  ["DeleteObjectAnnotation", "DELETE", "object", "annotation"],
  ["DeleteObjectTagging", "DELETE", "object", "tagging"],
  ["DeleteObjects", "POST", "bucket", "delete"],
  ["DeletePublicAccessBlock", "DELETE", "bucket", "publicAccessBlock"],
  ["GetBucketAbac", "GET", "bucket", "abac"],
  ["GetBucketAccelerateConfiguration", "GET", "bucket", "accelerate"],
  ["GetBucketAcl", "GET", "bucket", "acl"],
  ["GetBucketAnalyticsConfiguration", "GET", "bucket", "analytics", "id"],
  ["GetBucketCors", "GET", "bucket", "cors"],
  ["GetBucketEncryption", "GET", "bucket", "encryption"],
  ["GetBucketIntelligentTieringConfiguration", "GET", "bucket", "intelligent-tiering", "id"],
  ["GetBucketInventoryConfiguration", "GET", "bucket", "inventory", "id"],
  ["GetBucketLifecycleConfiguration", "GET", "bucket", "lifecycle"],
  ["GetBucketLocation", "GET", "bucket", "location"],
  ["GetBucketLogging", "GET", "bucket", "logging"],
  ["GetBucketMetadataConfiguration", "GET", "bucket", "metadataConfiguration"],
  ["GetBucketMetadataTableConfiguration", "GET", "bucket", "metadataTable"],
  ["GetBucketMetricsConfiguration", "GET", "bucket", "metrics", "id"],
  ["GetBucketNotificationConfiguration", "GET", "bucket", "notification"],
  ["GetBucketOwnershipControls", "GET", "bucket", "ownershipControls"],
  ["GetBucketPolicy", "GET", "bucket", "policy"],
  ["GetBucketPolicyStatus", "GET", "bucket", "policyStatus"],
  ["GetBucketReplication", "GET", "bucket", "replication"],
  ["GetBucketRequestPayment", "GET", "bucket", "requestPayment"],
  ["GetBucketTagging", "GET", "bucket", "tagging"],
  ["GetBucketVersioning", "GET", "bucket", "versioning"],
  ["GetBucketWebsite", "GET", "bucket", "website"],
  ["GetObject", "GET", "object"],
  ["GetObjectAcl", "GET", "object", "acl"],
  ["GetObjectAnnotation", "GET", "object", "annotation"],
  ["GetObjectAttributes", "GET", "object", "attributes"],
  ["GetObjectLegalHold", "GET", "object", "legal-hold"],
  ["GetObjectLockConfiguration", "GET", "bucket", "object-lock"],
  ["GetObjectRetention", "GET", "object", "retention"],
  ["GetObjectTagging", "GET", "object", "tagging"],
  ["GetObjectTorrent", "GET", "object", "torrent"],
  ["GetPublicAccessBlock", "GET", "bucket", "publicAccessBlock"],
  ["HeadBucket", "HEAD", "bucket"],
  ["HeadObject", "HEAD", "object"],
  ["ListBucketAnalyticsConfigurations", "GET", "bucket", "analytics"],
  ["ListBucketIntelligentTieringConfigurations", "GET", "bucket", "intelligent-tiering"],
  ["ListBucketInventoryConfigurations", "GET", "bucket", "inventory"],
  ["ListBucketMetricsConfigurations", "GET", "bucket", "metrics"],
  ["ListBuckets", "GET", "service"],
  ["ListDirectoryBuckets", "GET", "service", "x-id=ListDirectoryBuckets"],
  ["ListMultipartUploads", "GET", "bucket", "uploads"],
  ["ListObjectAnnotations", "GET", "object", "annotation", "x-id=ListObjectAnnotations"],
  ["ListObjectVersions", "GET", "bucket", "versions"],
  ["ListObjects", "GET", "bucket"],
  ["ListObjectsV2", "GET", "bucket", "list-type"],
  ["ListParts", "GET", "object", "uploadId"],
  ["PostObject", "POST", "bucket"],
  ["PutBucketAbac", "PUT", "bucket", "abac"],
  ["PutBucketAccelerateConfiguration", "PUT", "bucket", "accelerate"],
  ["PutBucketAcl", "PUT", "bucket", "acl"],
  ["PutBucketAnalyticsConfiguration", "PUT", "bucket", "analytics"],
  ["PutBucketCors", "PUT", "bucket", "cors"],
  ["PutBucketEncryption", "PUT", "bucket", "encryption"],
  ["PutBucketIntelligentTieringConfiguration", "PUT", "bucket", "intelligent-tiering"],
  ["PutBucketInventoryConfiguration", "PUT", "bucket", "inventory"],
  ["PutBucketLifecycleConfiguration", "PUT", "bucket", "lifecycle"],
  ["PutBucketLogging", "PUT", "bucket", "logging"],
  ["PutBucketMetricsConfiguration", "PUT", "bucket", "metrics"],
  ["PutBucketNotificationConfiguration", "PUT", "bucket", "notification"],
  ["PutBucketOwnershipControls", "PUT", "bucket", "ownershipControls"],
  ["PutBucketPolicy", "PUT", "bucket", "policy"],
  ["PutBucketReplication", "PUT", "bucket", "replication"],
  ["PutBucketRequestPayment", "PUT", "bucket", "requestPayment"],
  ["PutBucketTagging", "PUT", "bucket", "tagging"],
  ["PutBucketVersioning", "PUT", "bucket", "versioning"],
  ["PutBucketWebsite", "PUT", "bucket", "website"],
  ["PutObject", "PUT", "object"],
  ["PutObjectAcl", "PUT", "object", "acl"],
  ["PutObjectAnnotation", "PUT", "object", "annotation"],
  ["PutObjectLegalHold", "PUT", "object", "legal-hold"],
  ["PutObjectLockConfiguration", "PUT", "bucket", "object-lock"],
  ["PutObjectRetention", "PUT", "object", "retention"],
  ["PutObjectTagging", "PUT", "object", "tagging"],
  ["PutPublicAccessBlock", "PUT", "bucket", "publicAccessBlock"],
  ["RenameObject", "PUT", "object", "renameObject"],
  ["RestoreObject", "POST", "object", "restore"],
  ["SelectObjectContent", "POST", "object", "select"],
  ["UpdateBucketMetadataAnnotationTableConfiguration", "PUT", "bucket", "metadataAnnotationTable"],
  ["UpdateBucketMetadataInventoryTableConfiguration", "PUT", "bucket", "metadataInventoryTable"],
  ["UpdateBucketMetadataJournalTableConfiguration", "PUT", "bucket", "metadataJournalTable"],
  ["UpdateObjectEncryption", "PUT", "object", "encryption"],
  ["UploadPart", "PUT", "object", "uploadId"],
  ["UploadPartCopy", "PUT", "object", "uploadId", "x-amz-copy-source:"],
  ["WriteGetObjectResponse", "POST", "bucket", "x-id=WriteGetObjectResponse"],
];

/** Operations by method and target, those that need most first, so that the first that fits is the one asked for. */
const BY_REQUEST: ReadonlyMap<string, readonly S3Operation[]> = (() => {
  const lists = new Map<string, S3Operation[]>();
  for (const operation of S3_OPERATIONS) {
    const request = `${operation[1]} ${operation[2]}`;
    const list = lists.get(request) ?? [];
    list.push(operation);
    lists.set(request, list);
  }
  for (const list of lists.values()) list.sort((a, b) => b.length - a.length);
  return lists;
})();

export type AskedFor = {
  readonly method: string;
  readonly target: S3Operation[2];
  readonly query: ReadonlyMap<string, string>;
  readonly headers: Readonly<Record<string, unknown>>;
};

/** The operation a request asks for; absent for one that S3 does not have. */
export const operationOf = ({ method, target, query, headers }: AskedFor): string | undefined => {
  const candidates = BY_REQUEST.get(`${method} ${target}`) ?? [];
  const isThere = (needed: string): boolean => {
    if (needed.endsWith(":")) return needed.slice(0, -1) in headers;
    const equals = needed.indexOf("=");
    return equals < 0 ? query.has(needed) : query.get(needed.slice(0, equals)) === needed.slice(equals + 1);
  };
  return candidates.find(([, , , ...needed]) => needed.every(isThere))?.[0];
};

/** A request for an operation, as tests and documentation write it: method, and the query that selects it. */
export const requestOf = (
  name: string,
): { method: string; target: S3Operation[2]; query: string; headers: string[] } => {
  const operation = S3_OPERATIONS.find(([other]) => other === name);
  if (operation === undefined) throw new Error(`S3 has no operation ${name}.`);
  const [, method, target, ...needed] = operation;
  return {
    method,
    target,
    query: needed.filter(part => !part.endsWith(":")).join("&"),
    headers: needed.filter(part => part.endsWith(":")).map(part => part.slice(0, -1)),
  };
};
