import { isoInstant } from "../../ports/clock.ts";
import { randomText } from "../ids.ts";
import { bucketNamed, type S3 } from "./s3.ts";
import { S3Error } from "./s3-error.ts";
import type { Bucket, Version } from "./s3-types.ts";

const VERSION_ID_CHARACTERS = 32;

/** The id a new version gets: opaque, and in a bucket without versioning the null version's. */
export const newVersionId = (s3: S3, bucket: Bucket): string =>
  bucket.settings.versioning === "enabled" ? randomText(s3.random, VERSION_ID_CHARACTERS) : "null";

/** What `x-amz-version-id` says of a version: nothing in a bucket that never had versioning. */
export const shownVersionId = (bucket: Bucket, version: Version): string | undefined =>
  bucket.settings.versioning === "off" ? undefined : version.versionId;

/** The object on top, if there is one: a delete marker counts as none. */
export const currentObject = (bucket: Bucket, key: string): Version | undefined => {
  const top = bucket.versions.get(key)?.[0];
  return top === undefined || top.isDeleteMarker ? undefined : top;
};

export const versionWithId = (bucket: Bucket, key: string, versionId: string): Version | undefined =>
  bucket.versions.get(key)?.find(version => version.versionId === versionId);

export type VersionAddress = {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
};

/**
 * The object version an address names.
 *
 * Throws: S3Error NoSuchBucket, NoSuchKey, NoSuchVersion, MethodNotAllowed (the version is a delete marker), with the
 * delete marker headers.
 * Source: Amazon S3 User Guide, "Working with delete markers".
 */
export const objectVersion = (s3: S3, address: VersionAddress): { bucket: Bucket; version: Version } => {
  const bucket = bucketNamed(s3, address.bucket);
  const { key, versionId } = address;
  const version =
    versionId === undefined ? bucket.versions.get(key)?.[0] : versionWithId(bucket, key, versionId);
  if (version !== undefined && !version.isDeleteMarker) return { bucket, version };
  throw absence(address, version);
};

const absence = ({ key, versionId }: VersionAddress, marker: Version | undefined): S3Error => {
  const markerHeaders: Record<string, string> =
    marker === undefined ? {} : { "x-amz-delete-marker": "true", "x-amz-version-id": marker.versionId };
  if (versionId === undefined) {
    return new S3Error("NoSuchKey", "The specified key does not exist.", {
      facts: { Key: key },
      headers: markerHeaders,
    });
  }
  if (marker === undefined) {
    return new S3Error("NoSuchVersion", "The specified version does not exist.", {
      facts: { Key: key, VersionId: versionId },
    });
  }
  return new S3Error("MethodNotAllowed", "The specified method is not allowed against this resource.", {
    facts: { Method: "GET", ResourceType: "DeleteMarker" },
    headers: {
      ...markerHeaders,
      allow: "DELETE",
      "last-modified": httpDate(marker.lastModifiedMs),
    },
  });
};

/** An instant as HTTP headers carry it: whole seconds. */
export const httpDate = (epochMs: number): string => new Date(epochMs).toUTCString();

/** An instant as S3's XML carries it. */
export const xmlInstant = isoInstant;

/** Cold classes: no bytes without a restore first. */
const COLD = new Set(["GLACIER", "DEEP_ARCHIVE"]);

/** The object is in a cold class and has no readable copy at this instant. */
export const isFrozen = (version: Version, nowMs: number): boolean =>
  COLD.has(version.storageClass) &&
  !(version.restore?.completed === true && nowMs < version.restore.expiresAtMs);

export const isCold = (version: Version): boolean => COLD.has(version.storageClass);
