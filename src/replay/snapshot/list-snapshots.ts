import { readManifest, type SnapshotManifest, type SnapshotPlace } from "./manifest.ts";
import { SnapshotDamaged } from "./snapshot-errors.ts";
import { behindSnapshot, idInKey, SNAPSHOTS_PREFIX } from "./snapshot-keys.ts";

/** One an hour for a year; a lifecycle rule should have removed older ones long before. */
const SNAPSHOTS_MAX = 10_000;

/** A snapshot there is; with neither it is being taken, or was given up. `damage`: what is wrong with its manifest. */
export type FoundSnapshot = {
  readonly id: string;
  readonly manifest?: SnapshotManifest | undefined;
  readonly damage?: SnapshotDamaged | undefined;
};

/**
 * The snapshots there are, newest first; a damaged one hides no other. Two requests each, however many parts they have.
 *
 * Throws: above `SNAPSHOTS_MAX`; what the object store throws.
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
    if (id !== undefined) found.push(await snapshotAt(place, id));
    startAfter = id === undefined ? first.key : behindSnapshot(id);
  }
  throw new Error(
    `More than ${SNAPSHOTS_MAX} snapshots in s3://${bucket}: remove old ones by a lifecycle rule.`,
  );
};

const snapshotAt = async (place: SnapshotPlace, id: string): Promise<FoundSnapshot> => {
  try {
    return { id, manifest: await readManifest(place, id) };
  } catch (error) {
    if (error instanceof SnapshotDamaged) return { id, damage: error };
    throw error;
  }
};
