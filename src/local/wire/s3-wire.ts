import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { S3 } from "../s3/s3.ts";
import { S3Error } from "../s3/s3-error.ts";
import type { Answer } from "./http.ts";
import * as buckets from "./s3-buckets.ts";
import * as copy from "./s3-copy.ts";
import * as lifecycle from "./s3-lifecycle.ts";
import * as listings from "./s3-listings.ts";
import * as multipart from "./s3-multipart.ts";
import * as objects from "./s3-objects.ts";
import { operationOf } from "./s3-operations.ts";
import { pathAddress, type S3Request } from "./s3-request.ts";
import { errorDocument } from "./xml.ts";

type Handler = (s3: S3, request: S3Request) => Answer;

/** What is implemented, by operation name. Everything else answers 501. */
export const S3_HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ["AbortMultipartUpload", multipart.abortUploadAnswer],
  ["CompleteMultipartUpload", multipart.completeUploadAnswer],
  ["CopyObject", copy.copyObjectAnswer],
  ["CreateBucket", buckets.createBucketAnswer],
  ["CreateMultipartUpload", multipart.createUploadAnswer],
  ["DeleteBucket", buckets.deleteBucketAnswer],
  ["DeleteBucketInventoryConfiguration", buckets.deleteInventoryAnswer],
  ["DeleteBucketLifecycle", lifecycle.deleteLifecycleAnswer],
  ["DeleteObject", objects.deleteObjectAnswer],
  ["DeleteObjectTagging", objects.deleteTaggingAnswer],
  ["DeleteObjects", objects.deleteObjectsAnswer],
  ["GetBucketInventoryConfiguration", buckets.getInventoryAnswer],
  ["GetBucketLifecycleConfiguration", lifecycle.getLifecycleAnswer],
  ["GetBucketLocation", buckets.getLocationAnswer],
  ["GetBucketNotificationConfiguration", buckets.getNotificationsAnswer],
  ["GetBucketVersioning", buckets.getVersioningAnswer],
  ["GetObject", objects.readObjectAnswer],
  ["GetObjectTagging", objects.getTaggingAnswer],
  ["HeadBucket", buckets.headBucketAnswer],
  ["HeadObject", objects.readObjectAnswer],
  ["ListBucketInventoryConfigurations", buckets.listInventoriesAnswer],
  ["ListBuckets", buckets.listBucketsAnswer],
  ["ListMultipartUploads", multipart.listUploadsAnswer],
  ["ListObjectVersions", listings.listVersionsAnswer],
  ["ListObjects", listings.listObjectsAnswer],
  ["ListObjectsV2", listings.listObjectsV2Answer],
  ["ListParts", multipart.listPartsAnswer],
  ["PutBucketInventoryConfiguration", buckets.putInventoryAnswer],
  ["PutBucketLifecycleConfiguration", lifecycle.putLifecycleAnswer],
  ["PutBucketNotificationConfiguration", buckets.putNotificationsAnswer],
  ["PutBucketVersioning", buckets.putVersioningAnswer],
  ["PutObject", objects.putObjectAnswer],
  ["PutObjectTagging", objects.putTaggingAnswer],
  ["RestoreObject", objects.restoreObjectAnswer],
  ["UploadPart", multipart.uploadPartAnswer],
  ["UploadPartCopy", multipart.uploadPartCopyAnswer],
]);

export type S3HttpRequest = {
  readonly http: IncomingMessage;
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
  readonly raw: Buffer;
};

/** Answers one request to S3. Returns also the operation's name, for the counts. */
export const s3Answer = (
  s3: S3,
  { http, path, query, raw }: S3HttpRequest,
): { readonly operation: string; readonly answer: Answer } => {
  let operation = "Unknown";
  try {
    const { bucket, key } = pathAddress(path);
    const target = bucket === "" ? "service" : key === "" ? "bucket" : "object";
    const method = http.method ?? "GET";
    operation = operationOf({ method, target, query, headers: http.headers }) ?? "Unknown";
    const handler = S3_HANDLERS.get(operation);
    if (handler === undefined) throw notImplemented(operation);
    const answer = handler(s3, { http, method, bucket, key, query, raw });
    return { operation, answer: withRequestId(s3, answer) };
  } catch (error) {
    if (error instanceof S3Error) return { operation, answer: s3ErrorAnswer(s3, error, path) };
    throw error;
  }
};

const notImplemented = (operation: string): S3Error =>
  new S3Error("NotImplemented", `The local cloud does not implement ${operation}.`, {
    facts: { Operation: operation },
  });

const withRequestId = (s3: S3, answer: Answer): Answer => ({
  ...answer,
  headers: { ...answer.headers, ...requestIds(s3) },
});

let requests = 0;

/** Ids that tell requests apart; a random source would be spent on nothing and shift what seeds give. */
const requestIds = (s3: S3): Record<string, string> => {
  requests += 1;
  const id = `${s3.clock.now().toString(16)}${requests.toString(16).padStart(5, "0")}`.toUpperCase();
  return { "x-amz-request-id": id, "x-amz-id-2": `local${id}` };
};

export const s3ErrorAnswer = (s3: S3, error: S3Error, path: string): Answer => {
  const ids = requestIds(s3);
  return {
    status: error.status,
    headers: { "content-type": "application/xml", ...error.headers, ...ids },
    body: errorDocument({
      Code: error.code,
      Message: error.message,
      ...error.facts,
      Resource: path,
      RequestId: ids["x-amz-request-id"] ?? "",
      HostId: ids["x-amz-id-2"] ?? "",
    }),
  };
};
