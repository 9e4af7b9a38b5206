import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip, type InputType, type ZlibOptions } from "node:zlib";
import { sha256Hex } from "../../ledger/chain.ts";
import { compareUtf8 } from "../../table/utf8-order.ts";
import type { SnapshotManifest, SnapshotPart, SnapshotPlace } from "./manifest.ts";
import { PART_TEXT_BYTES } from "./part-writer.ts";
import { SnapshotDamaged } from "./snapshot-errors.ts";
import { manifestKey } from "./snapshot-keys.ts";
import { parseLine, type SnapshotLine } from "./snapshot-line.ts";

/** A part is stored once its text has passed its bound, so it may be longer by one line: a head's item at the most. */
const UNPACKED_BYTES_MAX = PART_TEXT_BYTES + 1024 * 1024;

const unpacked = promisify<InputType, ZlibOptions, Buffer>(gunzip);

/**
 * Every line of a snapshot, in order, one part in memory at a time. Each part's checksum is compared before its first
 * line is handed on, the digest over all after the last.
 *
 * Throws: `SnapshotDamaged`, naming the object; what the object store throws.
 */
export async function* snapshotLines(
  place: SnapshotPlace,
  manifest: SnapshotManifest,
): AsyncGenerator<SnapshotLine> {
  const digest = createHash("sha256");
  let streams = 0;
  let before: SnapshotLine | undefined;
  for (const part of manifest.parts) {
    const text = await textOf(place, part);
    digest.update(text);
    const lines = text.toString("utf8").split("\n").slice(0, -1);
    for (const each of lines) {
      const line = parseLine(each);
      if (line === undefined) throw new SnapshotDamaged(place.bucket, part.key, "holds what is no line");
      if (before !== undefined && compareUtf8(before.stream, line.stream) >= 0)
        throw new SnapshotDamaged(place.bucket, part.key, `has ${line.stream} out of order`);
      yield line;
      before = line;
    }
    streams += lines.length;
  }
  const key = manifestKey(manifest.id);
  if (streams !== manifest.streams)
    throw new SnapshotDamaged(
      place.bucket,
      key,
      `tells of ${manifest.streams} streams, its parts hold ${streams}`,
    );
  if (digest.digest("hex") !== manifest.digest)
    throw new SnapshotDamaged(place.bucket, key, "has another digest than its parts");
}

const textOf = async ({ objects, bucket }: SnapshotPlace, { key, sha256 }: SnapshotPart): Promise<Buffer> => {
  const found = await objects.get({ bucket, key });
  if (found === undefined) throw new SnapshotDamaged(bucket, key, "is missing");
  if (sha256Hex(found.body) !== sha256)
    throw new SnapshotDamaged(bucket, key, "has another SHA-256 than the manifest says");
  try {
    return await unpacked(found.body, { maxOutputLength: UNPACKED_BYTES_MAX });
  } catch (error) {
    throw new SnapshotDamaged(bucket, key, `cannot be unpacked (${String(error)})`);
  }
};
