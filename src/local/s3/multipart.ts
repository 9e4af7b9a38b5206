import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { randomText } from "../ids.ts";
import type { Body } from "./bodies.ts";
import { type Checksum, checksumOf, compositeChecksum } from "./checksums.ts";
import { checkWriteConditions, unquoted, type WriteConditions } from "./conditions.ts";
import { checkKey, checkMetadata, checkTags } from "./limits.ts";
import { type Stored, storeVersion } from "./objects.ts";
import { bucketNamed, type S3 } from "./s3.ts";
import { S3Error } from "./s3-error.ts";
import type { Part, Upload, UploadFacts } from "./s3-types.ts";

/** Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits". */
const PARTS_MAX = 10_000;
export const PART_BYTES_MIN = 5 * 1024 * 1024;
const UPLOAD_ID_CHARACTERS = 64;

/** Throws: S3Error NoSuchBucket, KeyTooLongError, MetadataTooLarge, InvalidTag. */
export const createUpload = (s3: S3, facts: Omit<UploadFacts, "id" | "startedMs">): UploadFacts =>
  s3.operation(() => {
    bucketNamed(s3, facts.bucket);
    checkKey(facts.key);
    checkMetadata(facts.metadata);
    checkTags(facts.tags);
    const upload = { ...facts, id: randomText(s3.random, UPLOAD_ID_CHARACTERS), startedMs: s3.tick() };
    s3.commit({ type: "upload-created", upload });
    return upload;
  });

export type UploadAddress = { readonly bucket: string; readonly key: string; readonly uploadId: string };

/** Throws: S3Error NoSuchBucket, NoSuchUpload. */
export const uploadAt = (s3: S3, { bucket, key, uploadId }: UploadAddress): Upload => {
  const upload = bucketNamed(s3, bucket).uploads.get(uploadId);
  if (upload === undefined || upload.key !== key) {
    throw new S3Error(
      "NoSuchUpload",
      "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
      { facts: { UploadId: uploadId } },
    );
  }
  return upload;
};

/** Stores or replaces one part. Throws: S3Error NoSuchUpload, InvalidArgument (part number). */
export const putPart = (
  s3: S3,
  address: UploadAddress,
  part: { readonly number: number; readonly body: Uint8Array; readonly checksum?: Checksum | undefined },
): Part =>
  s3.operation(() => {
    uploadAt(s3, address);
    if (!Number.isInteger(part.number) || part.number < 1 || part.number > PARTS_MAX) {
      throw new S3Error("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive");
    }
    const stored: Part = {
      number: part.number,
      eTag: createHash("md5").update(part.body).digest("hex"),
      lastModifiedMs: s3.tick(),
      checksum: part.checksum,
      body: s3.bodies.keep(part.body),
    };
    s3.commit({ type: "part-added", bucket: address.bucket, uploadId: address.uploadId, part: stored });
    return stored;
  });

/** Throws: S3Error NoSuchUpload. */
export const abortUpload = (s3: S3, address: UploadAddress): void =>
  s3.operation(() => {
    uploadAt(s3, address);
    s3.commit({ type: "upload-ended", bucket: address.bucket, uploadId: address.uploadId });
  });

export type NamedPart = { readonly number: number; readonly eTag: string };

/**
 * Joins the named parts to one object and publishes `ObjectCreated:CompleteMultipartUpload`. Its ETag is the MD5 of the
 * parts' MD5s, with `-N`.
 * Throws: S3Error NoSuchUpload, MalformedXML (no parts), InvalidPart, InvalidPartOrder, EntityTooSmall, PreconditionFailed.
 */
export const completeUpload = (
  s3: S3,
  address: UploadAddress,
  named: readonly NamedPart[],
  conditions: WriteConditions,
): Stored =>
  s3.operation(() => {
    const bucket = bucketNamed(s3, address.bucket);
    const upload = uploadAt(s3, address);
    const parts = chosenParts(upload, named);
    checkWriteConditions(bucket, address.key, conditions);
    const body = s3.bodies.join(parts.map(part => part.body));
    s3.commit({ type: "upload-ended", bucket: address.bucket, uploadId: address.uploadId });
    return storeVersion(s3, bucket, "ObjectCreated:CompleteMultipartUpload", {
      key: upload.key,
      body,
      eTag: multipartETag(parts),
      metadata: upload.metadata,
      headers: upload.headers,
      tags: upload.tags,
      storageClass: upload.storageClass,
      checksum: uploadChecksum(upload, parts, body),
      partSizes: parts.map(part => part.body.sizeBytes),
    });
  });

const chosenParts = (upload: Upload, named: readonly NamedPart[]): readonly Part[] => {
  if (named.length === 0) {
    throw new S3Error("MalformedXML", "The XML you provided was not well-formed or did not validate");
  }
  const isOrdered = named.every(({ number }, place) => number > (named[place - 1]?.number ?? 0));
  if (!isOrdered) throw new S3Error("InvalidPartOrder", "The list of parts was not in ascending order.");
  return named.map(({ number, eTag }, place) => {
    const part = upload.parts.get(number);
    if (part === undefined || part.eTag !== unquoted(eTag)) {
      throw new S3Error("InvalidPart", "One or more of the specified parts could not be found.", {
        facts: { PartNumber: String(number), ETag: eTag },
      });
    }
    if (place < named.length - 1 && part.body.sizeBytes < PART_BYTES_MIN) {
      throw new S3Error("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", {
        facts: { PartNumber: String(number), MinSizeAllowed: String(PART_BYTES_MIN) },
      });
    }
    return part;
  });
};

const multipartETag = (parts: readonly Part[]): string => {
  const joined = Buffer.concat(parts.map(part => Buffer.from(part.eTag, "hex")));
  return `${createHash("md5").update(joined).digest("hex")}-${parts.length}`;
};

const uploadChecksum = (upload: Upload, parts: readonly Part[], body: Body): Checksum | undefined => {
  const algorithm = upload.checksumAlgorithm;
  if (algorithm === undefined) return undefined;
  if (upload.checksumKind === "FULL_OBJECT") {
    return { algorithm, kind: "FULL_OBJECT", value: checksumOf(algorithm, body.read()) };
  }
  const values = parts.map(part =>
    part.checksum?.algorithm === algorithm ? part.checksum.value : checksumOf(algorithm, part.body.read()),
  );
  return { algorithm, kind: "COMPOSITE", value: compositeChecksum(algorithm, values) };
};
