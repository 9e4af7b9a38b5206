import { readManifest, type SnapshotManifest, type SnapshotPlace } from "./manifest.ts";
import { behindSnapshot, idInKey, SNAPSHOTS_PREFIX } from "./snapshot-keys.ts";

/** One an hour for a year; a lifecycle rule should have removed older ones long before. */
const SNAPSHOTS_MAX = 10_000;

/** A snapshot there is; without a manifest it is being taken, or was given up. */
export type FoundSnapshot = { readonly id: string; readonly manifest?: SnapshotManifest | undefined };

/**
 * The snapshots there are, newest first. Two requests each, however many parts they have.
 *
 * Throws: above `SNAPSHOTS_MAX`; `SnapshotDamaged` for a manifest that cannot be read; what the object store throws.
 */
export const listSnapshots = async (place: SnapshotPlace): Promise<readonly FoundSnapshot[]> => {
  const { objects, bucket } = place;
  const found: FoundSnapshot[] = [];
  let startAfter = SNAPSHOTS_PREFIX;
  for (let looked = 0; looked < SNAPSHOTS_MAX; looked += 1) {
    const { objects: listed } = await objects.list({
      bucket,
      prefix: SNAPSHOTS_PREFIX,
      startAfter,
      limit: 1,
    });
    const [first] = listed;
    if (first === undefined) return found.reverse();
    const id = idInKey(first.key);
    if (id !== undefined) found.push({ id, manifest: await readManifest(place, id) });
    startAfter = id === undefined ? first.key : behindSnapshot(id);
  }
  throw new Error(
    `More than ${SNAPSHOTS_MAX} snapshots in s3://${bucket}: remove old ones by a lifecycle rule.`,
  );
};
