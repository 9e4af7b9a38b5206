import type { ListedVersion, ListRequest, ObjectAddress, Tags } from "../ports/object-store.ts";
import { compareUtf8 } from "../table/utf8-order.ts";

/** The address in the SDK's words. */
export const target = ({ bucket, key, versionId }: ObjectAddress) => ({
  Bucket: bucket,
  Key: key,
  ...(versionId !== undefined && { VersionId: versionId }),
});

/** The SDK sends this header as it is, so the key has to be encoded here; slashes stay. */
export const copySource = ({ bucket, key, versionId }: ObjectAddress): string => {
  const path = `${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
  return versionId === undefined ? path : `${path}?versionId=${encodeURIComponent(versionId)}`;
};

/** Tags as the header of a put carries them. */
export const tagQuery = (tags: Tags): string =>
  Object.entries(tags)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&");

/** Key and version to list versions after. */
export const readCursor = ({ cursor, startAfter }: ListRequest): readonly (string | undefined)[] =>
  cursor === undefined ? [startAfter] : (JSON.parse(cursor) as readonly string[]);

// S3 gives versions and markers in two lists, each by key and newest first; within a key only the times tell how they
// interleave, and the one that is the latest.
export const merged = (
  versions: readonly ListedVersion[],
  markers: readonly ListedVersion[],
): readonly ListedVersion[] =>
  [...versions, ...markers].sort(
    (a, b) =>
      compareUtf8(a.key, b.key) ||
      Number(b.isLatest) - Number(a.isLatest) ||
      (a.lastModified < b.lastModified ? 1 : a.lastModified > b.lastModified ? -1 : 0),
  );
