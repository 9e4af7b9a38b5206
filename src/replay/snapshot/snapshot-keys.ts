import type { Random } from "../../ports/random.ts";

/** What the keys of all snapshots begin with. */
export const SNAPSHOTS_PREFIX = "snap/";

/** Hex digits that tell two snapshots of one millisecond apart. */
const SUFFIX_DIGITS = 8;
const ID = /^(\d{4}-\d{2}-\d{2})T\d{2}-\d{2}-\d{2}\.\d{3}Z-[0-9a-f]{8}$/;

/** A snapshot's id: when it was begun, in a form that is easy to type, and a random suffix. Ids sort by time. */
export const snapshotId = (takenAt: string, random: Random): string => {
  const digits = Array.from({ length: SUFFIX_DIGITS }, () => Math.floor(random.next() * 16).toString(16));
  return `${takenAt.replaceAll(":", "-")}-${digits.join("")}`;
};

export const isSnapshotId = (text: string): boolean => ID.test(text);

/** What the keys of one snapshot begin with. Throws: `RangeError` for what is no id. */
const prefixOf = (id: string): string => {
  const [, day] = ID.exec(id) ?? [];
  if (day === undefined) throw new RangeError(`Expected the id of a snapshot, got ${id}`);
  return `${SNAPSHOTS_PREFIX}${day}/${id}/`;
};

/** Written last: a snapshot without it was never finished. */
export const manifestKey = (id: string): string => `${prefixOf(id)}manifest.json`;

/** Parts count from 1. */
export const partKey = (id: string, number: number): string =>
  `${prefixOf(id)}part-${String(number).padStart(4, "0")}.ndjson.gz`;

/** The id in the key of any object of a snapshot. */
export const idInKey = (key: string): string | undefined => {
  const id = key.split("/")[2] ?? "";
  return isSnapshotId(id) ? id : undefined;
};

/** Sorts behind all objects of a snapshot and before those of the next. */
export const behindSnapshot = (id: string): string => `${prefixOf(id)}~`;
