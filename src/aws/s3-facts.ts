import type { _Object, HeadObjectCommandOutput, ObjectVersion } from "@aws-sdk/client-s3";
import { isoInstant } from "../ports/clock.ts";
import type {
  ListedObject,
  ListedVersion,
  ObjectAddress,
  ObjectFacts,
  StorageClass,
} from "../ports/object-store.ts";

/** What an answer about one object says besides the body. `sizeBytes` is the whole object's, from the range if any. */
export const factsOf = (
  { bucket, key }: ObjectAddress,
  answer: Pick<
    HeadObjectCommandOutput,
    | "VersionId"
    | "ETag"
    | "ContentLength"
    | "ContentRange"
    | "LastModified"
    | "StorageClass"
    | "Metadata"
    | "ContentType"
    | "Restore"
  >,
): ObjectFacts => ({
  bucket,
  key,
  versionId: answer.VersionId,
  eTag: unquoted(answer.ETag),
  sizeBytes: wholeSize(answer.ContentRange) ?? answer.ContentLength ?? 0,
  lastModified: instantOf(answer.LastModified),
  storageClass: classOf(answer.StorageClass),
  metadata: answer.Metadata ?? {},
  contentType: answer.ContentType,
  restore: restoreOf(answer.Restore),
});

export const listedObject = (object: _Object): ListedObject => ({
  key: decodedKey(object.Key),
  eTag: unquoted(object.ETag),
  sizeBytes: object.Size ?? 0,
  lastModified: instantOf(object.LastModified),
  storageClass: classOf(object.StorageClass),
});

export const listedVersion = (version: ObjectVersion): ListedVersion => ({
  ...listedMarker(version),
  isDeleteMarker: false,
  eTag: unquoted(version.ETag),
  sizeBytes: version.Size ?? 0,
  storageClass: classOf(version.StorageClass),
});

export const listedMarker = (
  marker: Pick<ObjectVersion, "Key" | "VersionId" | "IsLatest" | "LastModified">,
): ListedVersion => ({
  key: decodedKey(marker.Key),
  versionId: marker.VersionId ?? "null",
  isLatest: marker.IsLatest ?? false,
  isDeleteMarker: true,
  lastModified: instantOf(marker.LastModified),
});

/**
 * A key from a listing asked for with `encoding-type=url`, without which keys with control characters make the
 * listing unreadable XML. A space comes as `+`, a plus as `%2B`.
 */
export const decodedKey = (encoded: string | undefined): string =>
  decodeURIComponent((encoded ?? "").replaceAll("+", " "));

export const unquoted = (eTag: string | undefined): string => (eTag ?? "").replace(/^"|"$/g, "");

// S3 leaves the class out where it is STANDARD.
const classOf = (storageClass: string | undefined): StorageClass =>
  (storageClass ?? "STANDARD") as StorageClass;

const instantOf = (date: Date | undefined): string => {
  if (date === undefined) throw new Error("Expected S3 to say when the object was last modified");
  return isoInstant(date.getTime());
};

/** `bytes 0-9/443` */
const wholeSize = (contentRange: string | undefined): number | undefined => {
  const size = contentRange?.split("/")[1];
  return size === undefined ? undefined : Number(size);
};

/** `ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"` */
const restoreOf = (header: string | undefined): ObjectFacts["restore"] => {
  if (header === undefined) return undefined;
  const expiry = /expiry-date="([^"]+)"/.exec(header)?.[1];
  return {
    ongoing: header.includes('ongoing-request="true"'),
    expiresAt: expiry === undefined ? undefined : isoInstant(Date.parse(expiry)),
  };
};
