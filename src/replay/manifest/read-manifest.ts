import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip, type InputType, type ZlibOptions } from "node:zlib";
import { sha256Hex } from "../../ledger/chain.ts";
import {
  type Manifest,
  ManifestDamaged,
  type ManifestLine,
  type ManifestPart,
  type ManifestPlace,
  manifestKey,
} from "./manifest.ts";
import { PART_TEXT_BYTES } from "./seal-manifest.ts";

/** A part is stored once its text has passed its bound, so it may be longer by a line. */
const UNPACKED_BYTES_MAX = PART_TEXT_BYTES + 1024 * 1024;
/** One restore a day for a thousand days. */
const MANIFESTS_MAX = 1_000;

const unpacked = promisify<InputType, ZlibOptions, Buffer>(gunzip);

/** The manifest that begins an epoch; undefined if there is none. Throws: `ManifestDamaged`; what S3 throws. */
export const readManifest = async (
  { objects, bucket }: ManifestPlace,
  epoch: number,
): Promise<Manifest | undefined> => {
  const key = manifestKey(epoch);
  const found = await objects.get({ bucket, key });
  if (found === undefined) return undefined;
  const manifest = manifestIn(Buffer.from(found.body).toString("utf8"));
  if (manifest?.epoch !== epoch) throw new ManifestDamaged(bucket, key, "is no manifest of this epoch");
  return manifest;
};

const manifestIn = (text: string): Manifest | undefined => {
  try {
    const manifest = JSON.parse(text) as Manifest; // checked below as far as reading rests on it
    const isManifest =
      Number.isSafeInteger(manifest?.sealed) &&
      Number.isSafeInteger(manifest.decisions) &&
      typeof manifest.digest === "string" &&
      Array.isArray(manifest.parts) &&
      Array.isArray(manifest.void);
    return isManifest ? manifest : undefined;
  } catch {
    return undefined;
  }
};

/**
 * The manifests that lead to an epoch, the oldest first: together they list every decision before it that counts.
 *
 * Throws: `ManifestDamaged`, also for one that is missing; what S3 throws.
 */
export const manifestsUpTo = async (place: ManifestPlace, epoch: number): Promise<readonly Manifest[]> => {
  const manifests: Manifest[] = [];
  let next: number | undefined = epoch === 1 ? undefined : epoch;
  while (next !== undefined) {
    if (manifests.length === MANIFESTS_MAX)
      throw new Error(`More than ${MANIFESTS_MAX} manifests lead to epoch ${epoch}.`);
    const manifest: Manifest | undefined = await readManifest(place, next);
    if (manifest === undefined) throw new ManifestDamaged(place.bucket, manifestKey(next), "is missing");
    manifests.push(manifest);
    next = manifest.previous;
  }
  return manifests.reverse();
};

/**
 * Every line of a manifest, by name, one part in memory at a time. Each part's checksum is compared before its first line
 * is handed on, the digest over all after the last.
 *
 * Throws: `ManifestDamaged`, naming the object; what S3 throws.
 */
export async function* manifestLines(
  place: ManifestPlace,
  { epoch, parts, digest: expected, decisions }: Manifest,
): AsyncGenerator<ManifestLine> {
  const digest = createHash("sha256");
  let count = 0;
  for (const part of parts) {
    const text = await textOf(place, part);
    digest.update(text);
    for (const line of text.toString("utf8").split("\n").slice(0, -1)) {
      count += 1;
      yield JSON.parse(line) as ManifestLine; // its checksum was compared
    }
  }
  if (count !== decisions || digest.digest("hex") !== expected)
    throw new ManifestDamaged(place.bucket, manifestKey(epoch), "tells of other decisions than its parts");
}

/** The lines of one part, its checksum compared; for whoever works through the parts apart from each other. */
export const partLines = async (place: ManifestPlace, part: ManifestPart): Promise<readonly ManifestLine[]> =>
  (await textOf(place, part))
    .toString("utf8")
    .split("\n")
    .slice(0, -1)
    .map(line => JSON.parse(line) as ManifestLine); // its checksum was compared

const textOf = async ({ objects, bucket }: ManifestPlace, { key, sha256 }: ManifestPart): Promise<Buffer> => {
  const found = await objects.get({ bucket, key });
  if (found === undefined) throw new ManifestDamaged(bucket, key, "is missing");
  if (sha256Hex(found.body) !== sha256)
    throw new ManifestDamaged(bucket, key, "has another SHA-256 than the manifest says");
  return unpacked(found.body, { maxOutputLength: UNPACKED_BYTES_MAX });
};
