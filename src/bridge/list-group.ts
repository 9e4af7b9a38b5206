import type { ListedObject, ObjectStore } from "../ports/object-store.ts";
import { GroupFailed } from "./group-failed.ts";
import type { Settings } from "./settings.ts";

/** A hundred pages: a filter over more than 100,000 objects would hold hundreds of megabytes. */
const PAGES_MAX = 100;

/**
 * All objects below a prefix, in S3's order.
 * Throws: `GroupFailed` with TOO_MANY_OBJECTS past 100 pages of a listing.
 */
export const listGroup = async (
  objects: ObjectStore,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
): Promise<readonly ListedObject[]> => {
  const found: ListedObject[] = [];
  let cursor: string | undefined;
  for (let page = 1; page <= PAGES_MAX; page += 1) {
    const answer = await objects.list({ bucket, prefix, cursor });
    found.push(...answer.objects);
    cursor = answer.cursor;
    if (cursor === undefined) return found;
  }
  throw new GroupFailed("TOO_MANY_OBJECTS", `More than ${found.length} objects below "${prefix}"`);
};

/** What the handler gets of a listing: keys that match any pattern, so many folders deep. */
export const selected = (
  listing: readonly ListedObject[],
  prefix: string,
  { pullMatchKeys, pullDepth }: Pick<Settings, "pullMatchKeys" | "pullDepth">,
): readonly ListedObject[] =>
  listing.filter(({ key }) => {
    if (pullMatchKeys.length > 0 && !pullMatchKeys.some(pattern => pattern.matches(key))) return false;
    return pullDepth === undefined || foldersIn(key.slice(prefix.length)) <= pullDepth;
  });

/** A folder's own marker lies in the folder around it. */
const foldersIn = (rest: string): number => rest.replace(/\/$/, "").split("/").length - 1;

/**
 * Holds the selection to its limits, before anything is downloaded.
 * Throws: `GroupFailed` with TOO_MANY_OBJECTS or TOO_MANY_BYTES.
 */
export const checkSelection = (
  objects: readonly ListedObject[],
  { objectsMax, totalBytesMax }: { readonly objectsMax: number; readonly totalBytesMax: number },
): number => {
  const bytes = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (objects.length > objectsMax)
    throw new GroupFailed("TOO_MANY_OBJECTS", `${objects.length} objects, at most ${objectsMax} are pulled`);
  if (bytes > totalBytesMax)
    throw new GroupFailed("TOO_MANY_BYTES", `${bytes} bytes, at most ${totalBytesMax} are pulled`);
  return bytes;
};
