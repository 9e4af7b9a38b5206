import { hash } from "node:crypto";
import type { StorageClass, Tags } from "../../ports/object-store.ts";
import { type Body, memoryBody } from "./bodies.ts";
import type { Checksum } from "./checksums.ts";
import { checkIfMatch, checkWriteConditions, type WriteConditions } from "./conditions.ts";
import { EMPTY_ETAG } from "./event-record.ts";
import { checkKey, checkMetadata, checkTags } from "./limits.ts";
import { bucketNamed, eventVersionId, type S3 } from "./s3.ts";
import { S3Error } from "./s3-error.ts";
import type { Bucket, ObjectHeaders, Version } from "./s3-types.ts";
import {
  currentObject,
  isFrozen,
  newVersionId,
  objectVersion,
  shownVersionId,
  type VersionAddress,
  versionWithId,
} from "./versions.ts";

export type PutObject = {
  readonly bucket: string;
  readonly key: string;
  readonly body: Uint8Array;
  readonly conditions?: WriteConditions | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly headers?: ObjectHeaders | undefined;
  readonly tags?: Tags | undefined;
  readonly storageClass?: StorageClass | undefined;
  readonly checksum?: Checksum | undefined;
};

export type Stored = {
  readonly version: Version;
  /** As `x-amz-version-id` shows it. */
  readonly versionId: string | undefined;
};

/**
 * Stores an object and publishes `ObjectCreated:Put`.
 * Throws: S3Error NoSuchBucket, PreconditionFailed, AccessDenied, KeyTooLongError, MetadataTooLarge, InvalidTag.
 */
export const putObject = (s3: S3, request: PutObject): Stored =>
  s3.operation(() => {
    const bucket = bucketNamed(s3, request.bucket);
    checkKey(request.key);
    checkWriteConditions(bucket, request.key, request.conditions ?? {});
    return storeVersion(s3, bucket, "ObjectCreated:Put", {
      ...request,
      body: s3.bodies.keep(request.body),
      eTag: hash("md5", request.body),
    });
  });

export type NewObject = Omit<PutObject, "bucket" | "conditions" | "body"> & {
  readonly body: Body;
  readonly eTag: string;
  readonly partSizes?: readonly number[] | undefined;
};

/** Adds a version and publishes its event. The conditions were checked. Throws: S3Error MetadataTooLarge, InvalidTag. */
export const storeVersion = (s3: S3, bucket: Bucket, eventName: string, object: NewObject): Stored => {
  const { key, metadata = {}, tags = {} } = object;
  checkMetadata(metadata);
  checkTags(tags);
  const version: Version = {
    key,
    versionId: newVersionId(s3, bucket),
    isDeleteMarker: false,
    eTag: object.eTag,
    lastModifiedMs: s3.tick(),
    storageClass: object.storageClass ?? "STANDARD",
    metadata,
    headers: object.headers ?? {},
    tags,
    checksum: object.checksum,
    partSizes: object.partSizes,
    body: object.body,
  };
  s3.commit({ type: "version-added", bucket: bucket.name, version });
  s3.publish({
    name: eventName,
    bucket: bucket.name,
    atMs: version.lastModifiedMs,
    object: {
      key,
      size: version.body.sizeBytes,
      eTag: version.eTag,
      versionId: eventVersionId(version.versionId),
      sequencer: s3.sequencer(version.lastModifiedMs),
    },
  });
  return { version, versionId: shownVersionId(bucket, version) };
};

/** A version's facts. Throws as `objectVersion` does. */
export const headObject = (s3: S3, address: VersionAddress): Stored => {
  const { bucket, version } = objectVersion(s3, address);
  return { version, versionId: shownVersionId(bucket, version) };
};

/** A version whose bytes may be read. Throws as `objectVersion` does, and S3Error InvalidObjectState. */
export const readableObject = (s3: S3, address: VersionAddress): Stored => {
  const found = headObject(s3, address);
  if (isFrozen(found.version, s3.clock.now())) {
    throw new S3Error("InvalidObjectState", "The operation is not valid for the object's storage class", {
      facts: { StorageClass: found.version.storageClass },
    });
  }
  return found;
};

export type DeleteObject = VersionAddress & { readonly ifMatch?: string | undefined };
export type Deleted = {
  readonly versionId: string | undefined;
  readonly isDeleteMarker: boolean;
};

/**
 * Deletes as S3 does: a version for good, or the current object by a delete marker where versioning is on. What is not
 * there is deleted already: success, no event.
 * Throws: S3Error NoSuchBucket, PreconditionFailed, NoSuchKey (If-Match and no object).
 */
export const deleteObject = (s3: S3, request: DeleteObject): Deleted =>
  s3.operation(() => {
    const bucket = bucketNamed(s3, request.bucket);
    checkKey(request.key);
    checkIfMatch(namedOrCurrent(bucket, request), request.key, request.ifMatch);
    if (request.versionId !== undefined) return deleteVersion(s3, bucket, request.key, request.versionId);
    if (bucket.settings.versioning !== "off") return addDeleteMarker(s3, bucket, request.key);
    deleteVersion(s3, bucket, request.key, "null");
    return { versionId: undefined, isDeleteMarker: false };
  });

const namedOrCurrent = (bucket: Bucket, { key, versionId }: VersionAddress): Version | undefined =>
  versionId === undefined ? currentObject(bucket, key) : versionWithId(bucket, key, versionId);

const deleteVersion = (s3: S3, bucket: Bucket, key: string, versionId: string): Deleted => {
  const version = versionWithId(bucket, key, versionId);
  if (version === undefined) return { versionId, isDeleteMarker: false };
  const atMs = s3.tick();
  s3.commit({ type: "version-removed", bucket: bucket.name, key, versionId });
  s3.publish({
    name: "ObjectRemoved:Delete",
    bucket: bucket.name,
    atMs,
    object: { key, versionId: eventVersionId(versionId), sequencer: s3.sequencer(atMs) },
  });
  return { versionId, isDeleteMarker: version.isDeleteMarker };
};

const addDeleteMarker = (s3: S3, bucket: Bucket, key: string): Deleted => {
  const marker = deleteMarker(key, newVersionId(s3, bucket), s3.tick());
  s3.commit({ type: "version-added", bucket: bucket.name, version: marker });
  s3.publish({
    name: "ObjectRemoved:DeleteMarkerCreated",
    bucket: bucket.name,
    atMs: marker.lastModifiedMs,
    object: {
      key,
      eTag: EMPTY_ETAG,
      versionId: eventVersionId(marker.versionId),
      sequencer: s3.sequencer(marker.lastModifiedMs),
    },
  });
  return { versionId: marker.versionId, isDeleteMarker: true };
};

export const deleteMarker = (key: string, versionId: string, lastModifiedMs: number): Version => ({
  key,
  versionId,
  isDeleteMarker: true,
  eTag: EMPTY_ETAG,
  lastModifiedMs,
  storageClass: "STANDARD",
  metadata: {},
  headers: {},
  tags: {},
  body: memoryBody(new Uint8Array(0)),
});

/** Replaces a version's tags and publishes `ObjectTagging:Put` (or `:Delete` for none). Throws as `objectVersion`. */
export const tagObject = (s3: S3, address: VersionAddress, tags: Tags, event: "Put" | "Delete"): Stored =>
  s3.operation(() => {
    checkTags(tags);
    const { bucket, version } = objectVersion(s3, address);
    const { key, versionId, eTag } = version;
    const atMs = s3.tick();
    s3.commit({ type: "version-changed", bucket: bucket.name, key, versionId, patch: { tags } });
    s3.publish({
      name: `ObjectTagging:${event}`,
      bucket: bucket.name,
      atMs,
      object: { key, eTag, versionId: eventVersionId(versionId) },
    });
    return { version, versionId: shownVersionId(bucket, version) };
  });
