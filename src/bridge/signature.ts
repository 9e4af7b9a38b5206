import type { Hash } from "node:crypto";
import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** What the file system says of a file; the times in nanoseconds. */
export type Stamp = {
  readonly inode: bigint;
  readonly sizeBytes: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
};

/** What a file holds, and how it looked then. */
export type Signature = { readonly sha256: string; readonly stamp: Stamp };

/**
 * Clocks of file systems tick as slowly as every 10 ms: a file changed so shortly before a moment may have been changed
 * after it too, under the same stamp.
 */
const TICK_NS = 20_000_000n;

export const stampOf = (stats: BigIntStats): Stamp => ({
  inode: stats.ino,
  sizeBytes: stats.size,
  modifiedNs: stats.mtimeNs,
  changedNs: stats.ctimeNs,
});

export const signatureOf = (hash: Hash, stamp: Stamp): Signature => ({ sha256: hash.digest("hex"), stamp });

/**
 * Whether a file still holds what it held, by its stamp alone. The time of its last change cannot be set back by a
 * program, but one that lies right before `sinceNs`, when the handler was started, does not tell.
 */
export const isUntouched = (before: Stamp, now: Stamp, sinceNs: bigint): boolean =>
  before.inode === now.inode &&
  before.sizeBytes === now.sizeBytes &&
  before.modifiedNs === now.modifiedNs &&
  before.changedNs === now.changedNs &&
  now.changedNs + TICK_NS < sinceNs;

/** What a file is worth comparing by: SHA-256 for ourselves, MD5 as S3's ETag often is. */
export type Digests = { readonly sha256: string; readonly md5: string; readonly sizeBytes: number };

/** Reads a file once for both digests; a link in its place is not followed. */
export const digestsOf = async (path: string): Promise<Digests> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const [sha256, md5] = [createHash("sha256"), createHash("md5")];
  let sizeBytes = 0;
  for await (const chunk of file.createReadStream()) {
    const bytes = chunk as Uint8Array; // no encoding is set
    sha256.update(bytes);
    md5.update(bytes);
    sizeBytes += bytes.byteLength;
  }
  return { sha256: sha256.digest("hex"), md5: md5.digest("hex"), sizeBytes };
};
