import { createHash } from "node:crypto";
import type { ObjectStore } from "../../ports/object-store.ts";

/** Digits of a run's number and of a checkpoint's: keys sort as numbers do. */
const DIGITS = 6;
const NUMBER_MAX = 999_999;
const ROOT = "run/";
/** Leaves room for the rest in a key of 1,024 bytes. */
const SUBJECT_BYTES_MAX = 800;
const KEPT_BYTES = 600;
const KIND = /^[a-z][a-z0-9-]{0,30}$/;

/** The objects of one run. */
export type RunKeys = {
  readonly begun: string;
  readonly ended: string;
  /** What the keys of its checkpoints begin with. */
  readonly checkpoints: string;
};

/** What the keys of all runs begin with, or of one kind, or of one kind and subject. */
export const runPrefix = (kind?: string, subject?: string): string => {
  if (kind === undefined) return ROOT;
  if (!KIND.test(kind))
    throw new RangeError(`Expected a kind of lower-case letters and hyphens, got ${kind}`);
  return subject === undefined ? `${ROOT}${kind}/` : `${ROOT}${kind}/${escaped(subject)}/`;
};

/** `prefix`: of one kind and subject. */
export const runKeys = (prefix: string, number: number): RunKeys => {
  const run = numbered(prefix, number);
  return { begun: `${run}/begun`, ended: `${run}/ended`, checkpoints: `${run}/at/` };
};

/** Throws above `NUMBER_MAX`: a run a minute takes two years to get there. */
export const numbered = (prefix: string, number: number): string => {
  if (number > NUMBER_MAX) throw new RangeError(`Expected at most ${NUMBER_MAX} objects under ${prefix}`);
  return `${prefix}${String(number).padStart(DIGITS, "0")}`;
};

/**
 * The highest number under a prefix, 0 if there is none.
 *
 * Asks by leaps, then by halves, whether there is a key from some number on: some forty small requests at the most,
 * whatever lies there. Lower numbers may be gone, as when a lifecycle rule removes old runs.
 */
export const highestUnder = async (
  { objects, bucket }: { readonly objects: ObjectStore; readonly bucket: string },
  prefix: string,
): Promise<number> => {
  const lowestFrom = async (number: number): Promise<number | undefined> => {
    const startAfter = `${numbered(prefix, number - 1)}${BEHIND_ALL}`;
    const [first] = (await objects.list({ bucket, prefix, startAfter, limit: 1 })).objects;
    return first && Number(first.key.slice(prefix.length, prefix.length + DIGITS));
  };
  let known = 0;
  let beyond = NUMBER_MAX + 1;
  let leap = 1;
  // Ends: every turn raises `known` or halves what lies between it and `beyond`.
  while (known + 1 < beyond) {
    const probe = Math.min(known + leap, Math.floor((known + beyond) / 2));
    const found = await lowestFrom(probe);
    known = found ?? known;
    if (found === undefined) beyond = probe;
    leap = found === undefined ? NUMBER_MAX : leap * 2;
  }
  return known;
};

/** Sorts behind every key that begins with the same number. */
const BEHIND_ALL = "~";

/** Any text as one part of a key; two texts never share it. A long one is cut and told apart by its hash. */
const escaped = (subject: string): string => {
  const whole = encodeURIComponent(subject.toWellFormed()).replaceAll(".", "%2E").replaceAll("~", "%7E");
  if (whole !== "" && whole.length <= SUBJECT_BYTES_MAX) return whole;
  return `${whole.slice(0, KEPT_BYTES)}~${createHash("sha256").update(subject).digest("hex")}`;
};
