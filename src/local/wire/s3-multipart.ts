import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from "../s3/checksums.ts";
import { storageClassOf } from "../s3/limits.ts";
import { abortUpload, completeUpload, createUpload, putPart, uploadAt } from "../s3/multipart.ts";
import { readableObject } from "../s3/objects.ts";
import { bucketNamed, type S3 } from "../s3/s3.ts";
import { S3Error } from "../s3/s3-error.ts";
import type { Part } from "../s3/s3-types.ts";
import { xmlInstant } from "../s3/versions.ts";
import { type Answer, header } from "./http.ts";
import { copySourceOf } from "./s3-copy.ts";
import { xmlAnswer } from "./s3-objects.ts";
import {
  checksumHeader,
  headerTagsOf,
  metadataOf,
  payloadOf,
  type S3Request,
  storedHeadersOf,
  writeConditionsOf,
} from "./s3-request.ts";
import { children, element, integer, leaf, parsedRoot, requiredText, s3Document } from "./xml.ts";

const checksumAlgorithmOf = (text: string | undefined): ChecksumAlgorithm | undefined => {
  if (text === undefined) return undefined;
  const algorithm = CHECKSUM_ALGORITHMS.find(known => known === text.toUpperCase());
  if (algorithm === undefined)
    throw new S3Error("InvalidRequest", `Checksum algorithm ${text} is not known.`);
  return algorithm;
};

const uploadAddress = ({ bucket, key, query }: S3Request) => ({
  bucket,
  key,
  uploadId: query.get("uploadId") ?? "",
});

export const createUploadAnswer = (s3: S3, request: S3Request): Answer => {
  const { bucket, key, http } = request;
  const checksumAlgorithm = checksumAlgorithmOf(header(http, "x-amz-checksum-algorithm"));
  const checksumKind = header(http, "x-amz-checksum-type") === "FULL_OBJECT" ? "FULL_OBJECT" : "COMPOSITE";
  const upload = createUpload(s3, {
    bucket,
    key,
    storageClass: storageClassOf(header(http, "x-amz-storage-class")),
    metadata: metadataOf(request),
    headers: storedHeadersOf(request),
    tags: headerTagsOf(request) ?? {},
    checksumAlgorithm,
    checksumKind,
  });
  return xmlAnswer(
    s3Document(
      "InitiateMultipartUploadResult",
      leaf("Bucket", bucket),
      leaf("Key", key),
      leaf("UploadId", upload.id),
    ),
    checksumAlgorithm === undefined ? {} : { "x-amz-checksum-algorithm": checksumAlgorithm },
  );
};

const partNumberOf = ({ query }: S3Request): number => Number(query.get("partNumber") ?? "0");

export const uploadPartAnswer = (s3: S3, request: S3Request): Answer => {
  const { body, checksum } = payloadOf(request);
  const part = putPart(s3, uploadAddress(request), { number: partNumberOf(request), body, checksum });
  return {
    status: 200,
    headers: {
      etag: `"${part.eTag}"`,
      ...(checksum === undefined ? {} : { [checksumHeader(checksum.algorithm)]: checksum.value }),
    },
  };
};

export const uploadPartCopyAnswer = (s3: S3, request: S3Request): Answer => {
  const { version } = readableObject(s3, copySourceOf(request));
  const range = header(request.http, "x-amz-copy-source-range");
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
  if (range !== undefined && (first === undefined || Number(last) >= version.body.sizeBytes)) {
    throw new S3Error(
      "InvalidArgument",
      "The x-amz-copy-source-range value must be of the form bytes=first-last",
    );
  }
  const body = first === undefined ? version.body.read() : version.body.read(Number(first), Number(last) + 1);
  const part = putPart(s3, uploadAddress(request), { number: partNumberOf(request), body });
  return xmlAnswer(
    s3Document(
      "CopyPartResult",
      leaf("ETag", `"${part.eTag}"`),
      leaf("LastModified", xmlInstant(part.lastModifiedMs)),
    ),
  );
};

export const completeUploadAnswer = (s3: S3, request: S3Request): Answer => {
  const root = parsedRoot(payloadOf(request).body.toString(), "CompleteMultipartUpload");
  const named = children(root, "Part").map(part => ({
    number: integer(part, "PartNumber") ?? 0,
    eTag: requiredText(part, "ETag"),
  }));
  const stored = completeUpload(s3, uploadAddress(request), named, writeConditionsOf(request));
  const { version, versionId } = stored;
  const { checksum } = version;
  return xmlAnswer(
    s3Document(
      "CompleteMultipartUploadResult",
      leaf("Bucket", request.bucket),
      leaf("Key", request.key),
      leaf("ETag", `"${version.eTag}"`),
      checksum === undefined ? "" : leaf(`Checksum${checksum.algorithm}`, checksum.value),
      leaf("ChecksumType", checksum?.kind),
    ),
    versionId === undefined ? {} : { "x-amz-version-id": versionId },
  );
};

export const abortUploadAnswer = (s3: S3, request: S3Request): Answer => {
  abortUpload(s3, uploadAddress(request));
  return { status: 204 };
};

const partElement = (part: Part): string =>
  element(
    "Part",
    leaf("PartNumber", part.number),
    leaf("LastModified", xmlInstant(part.lastModifiedMs)),
    leaf("ETag", `"${part.eTag}"`),
    leaf("Size", part.body.sizeBytes),
  );

export const listPartsAnswer = (s3: S3, request: S3Request): Answer => {
  const upload = uploadAt(s3, uploadAddress(request));
  const limit = Math.min(Number(request.query.get("max-parts") ?? 1000), 1000);
  const behind = Number(request.query.get("part-number-marker") ?? 0);
  const all = [...upload.parts.values()]
    .filter(part => part.number > behind)
    .sort((a, b) => a.number - b.number);
  const parts = all.slice(0, limit);
  const isTruncated = all.length > parts.length;
  return xmlAnswer(
    s3Document(
      "ListPartsResult",
      leaf("Bucket", request.bucket),
      leaf("Key", upload.key),
      leaf("UploadId", upload.id),
      leaf("StorageClass", upload.storageClass),
      leaf("PartNumberMarker", behind),
      leaf("NextPartNumberMarker", isTruncated ? parts.at(-1)?.number : undefined),
      leaf("MaxParts", limit),
      leaf("IsTruncated", isTruncated),
      ...parts.map(partElement),
    ),
  );
};

/** All uploads of a bucket in one answer: an emulator has few. */
export const listUploadsAnswer = (s3: S3, request: S3Request): Answer => {
  const prefix = request.query.get("prefix") ?? "";
  const uploads = [...bucketNamed(s3, request.bucket).uploads.values()].filter(({ key }) =>
    key.startsWith(prefix),
  );
  return xmlAnswer(
    s3Document(
      "ListMultipartUploadsResult",
      leaf("Bucket", request.bucket),
      leaf("Prefix", prefix),
      leaf("MaxUploads", Math.max(1000, uploads.length)),
      leaf("IsTruncated", false),
      ...uploads.map(({ id, key, startedMs, storageClass }) =>
        element(
          "Upload",
          leaf("Key", key),
          leaf("UploadId", id),
          leaf("StorageClass", storageClass),
          leaf("Initiated", xmlInstant(startedMs)),
        ),
      ),
    ),
  );
};
