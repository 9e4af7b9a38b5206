import type { ObjectStore } from "../../ports/object-store.ts";
import { SnapshotDamaged } from "./snapshot-errors.ts";
import { manifestKey } from "./snapshot-keys.ts";

/** Where snapshots are kept: the bucket of decisions, which admits no overwriting. */
export type SnapshotPlace = { readonly objects: ObjectStore; readonly bucket: string };

/** One object with lines: gzip over NDJSON. */
export type SnapshotPart = {
  readonly key: string;
  /** Of the object as it is stored. */
  readonly bytes: number;
  /** Of the object as it is stored, hex. */
  readonly sha256: string;
  readonly streams: number;
};

/** What a snapshot says of itself. Its object is written last. */
export type SnapshotManifest = {
  readonly id: string;
  /** ISO instant at which it was begun. Each stream was read after that, at a moment of its own. */
  readonly takenAt: string;
  readonly epoch: number;
  /** Version of the domain's rules, as in decisions. */
  readonly rules: string;
  readonly streams: number;
  /** Sums over all streams of the whole numbers in `after`, by name, as text, since they may pass what a number holds. */
  readonly totals: Readonly<Record<string, string>>;
  /** In the order of streams. */
  readonly parts: readonly SnapshotPart[];
  /** SHA-256 over the lines of all parts, each with its newline, hex. */
  readonly digest: string;
};

/**
 * The manifest of a snapshot; undefined if there is none, or none yet.
 *
 * Throws: `RangeError` for what is no id; `SnapshotDamaged`; what the object store throws.
 */
export const readManifest = async (
  { objects, bucket }: SnapshotPlace,
  id: string,
): Promise<SnapshotManifest | undefined> => {
  const key = manifestKey(id);
  const found = await objects.get({ bucket, key });
  if (found === undefined) return undefined;
  const manifest = manifestIn(Buffer.from(found.body).toString("utf8"));
  if (manifest?.id !== id) throw new SnapshotDamaged(bucket, key, "is no manifest of this snapshot");
  return manifest;
};

const manifestIn = (text: string): SnapshotManifest | undefined => {
  try {
    const manifest = JSON.parse(text) as SnapshotManifest; // checked below as far as reading rests on it
    const isManifest =
      Number.isSafeInteger(manifest?.streams) &&
      typeof manifest.digest === "string" &&
      Array.isArray(manifest.parts) &&
      manifest.parts.every(({ key, sha256 }) => typeof key === "string" && typeof sha256 === "string");
    return isManifest ? manifest : undefined;
  } catch {
    return undefined;
  }
};
