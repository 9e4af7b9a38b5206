import { compareUtf8 } from "../../table/utf8-order.ts";
import { bucketNamed, type S3 } from "./s3.ts";
import type { Bucket, Version } from "./s3-types.ts";
import { currentObject } from "./versions.ts";

/** S3's own maximum and default of one page. */
export const PAGE_MAX = 1000;

export type Listing = {
  readonly bucket: string;
  readonly prefix?: string | undefined;
  readonly delimiter?: string | undefined;
  /** Keys after this one. */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
};

export type ObjectPage = {
  readonly objects: readonly Version[];
  readonly commonPrefixes: readonly string[];
  /** The last name of the page, a key or a common prefix. Absent on the last page. */
  readonly lastName: string | undefined;
  /** What to pass as `after` for the next page: behind everything under a common prefix. */
  readonly next: string | undefined;
};

/** A text behind all keys that start with `prefix`: U+10FFFF is the last character in UTF-8 order. */
export const behindPrefix = (prefix: string): string => `${prefix}\u{10FFFF}`;

/** Current objects, by key in UTF-8 order. Throws: S3Error NoSuchBucket. */
export const listObjects = (s3: S3, listing: Listing): ObjectPage => {
  const bucket = bucketNamed(s3, listing.bucket);
  const limit = Math.min(listing.limit ?? PAGE_MAX, PAGE_MAX);
  const objects: Version[] = [];
  const commonPrefixes: string[] = [];
  const last: { name?: string; next?: string } = {};
  if (limit === 0) return { objects, commonPrefixes, lastName: undefined, next: undefined };
  for (const entry of entries(bucket, listing)) {
    if (objects.length + commonPrefixes.length >= limit) {
      return { objects, commonPrefixes, lastName: last.name, next: last.next };
    }
    last.name = entry.name;
    last.next = entry.object === undefined ? behindPrefix(entry.name) : entry.name;
    if (entry.object === undefined) commonPrefixes.push(entry.name);
    else objects.push(entry.object);
  }
  return { objects, commonPrefixes, lastName: undefined, next: undefined };
};

type Entry = { readonly name: string; readonly object: Version | undefined };

function* entries(bucket: Bucket, listing: Listing): Generator<Entry> {
  const { delimiter, prefix = "" } = listing;
  let folded: string | undefined;
  for (const key of keysAfter(bucket, listing)) {
    const object = currentObject(bucket, key);
    if (object === undefined) continue;
    const common = commonPrefix(key, prefix, delimiter);
    if (common === undefined) {
      yield { name: key, object };
    } else if (common !== folded) {
      folded = common;
      yield { name: common, object: undefined };
    }
  }
}

function* keysAfter(bucket: Bucket, { prefix = "", after }: Listing): Generator<string> {
  const from = after === undefined || compareUtf8(after, prefix) < 0 ? prefix : after;
  for (const key of bucket.keys.from(from)) {
    if (!key.startsWith(prefix)) return;
    if (key !== after) yield key;
  }
}

/** The part of a key up to the first delimiter behind the prefix; absent if there is none. */
export const commonPrefix = (
  key: string,
  prefix: string,
  delimiter: string | undefined,
): string | undefined => {
  if (delimiter === undefined || delimiter === "") return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
};

export type VersionListing = Listing & {
  /** With `after`: go on behind this version of that key instead of behind the key. */
  readonly afterVersionId?: string | undefined;
};

export type ListedEntry = { readonly version: Version; readonly isLatest: boolean };
export type VersionPage = {
  readonly versions: readonly ListedEntry[];
  readonly commonPrefixes: readonly string[];
  /** The last entry of the page: a version, or a common prefix, which has no version id. Absent on the last page. */
  readonly next: { readonly name: string; readonly versionId: string | undefined } | undefined;
};

/** All versions and delete markers by key, newest first within a key. Throws: S3Error NoSuchBucket. */
export const listVersions = (s3: S3, listing: VersionListing): VersionPage => {
  const bucket = bucketNamed(s3, listing.bucket);
  const limit = Math.min(listing.limit ?? PAGE_MAX, PAGE_MAX);
  const versions: ListedEntry[] = [];
  const commonPrefixes: string[] = [];
  let last: VersionPage["next"];
  if (limit === 0) return { versions, commonPrefixes, next: undefined };
  for (const entry of versionEntries(bucket, listing)) {
    if (versions.length + commonPrefixes.length >= limit) return { versions, commonPrefixes, next: last };
    if (typeof entry === "string") {
      commonPrefixes.push(entry);
      last = { name: entry, versionId: undefined };
    } else {
      versions.push(entry);
      last = { name: entry.version.key, versionId: entry.version.versionId };
    }
  }
  return { versions, commonPrefixes, next: undefined };
};

function* versionEntries(bucket: Bucket, listing: VersionListing): Generator<ListedEntry | string> {
  const { prefix = "", delimiter, after, afterVersionId } = listing;
  if (after !== undefined && afterVersionId !== undefined) {
    yield* versionsBehind(bucket.versions.get(after) ?? [], afterVersionId);
  }
  let folded: string | undefined;
  for (const key of keysAfter(bucket, listing)) {
    const common = commonPrefix(key, prefix, delimiter);
    if (common === undefined) yield* versionsOf(bucket, key);
    else if (common !== folded) {
      folded = common;
      yield common;
    }
  }
}

function* versionsOf(bucket: Bucket, key: string): Generator<ListedEntry> {
  for (const [place, version] of (bucket.versions.get(key) ?? []).entries())
    yield { version, isLatest: place === 0 };
}

function* versionsBehind(versions: readonly Version[], versionId: string): Generator<ListedEntry> {
  const place = versions.findIndex(version => version.versionId === versionId);
  if (place < 0) return;
  for (const version of versions.slice(place + 1)) yield { version, isLatest: false };
}
