import { pMapIterable, pMapSkip } from "p-map";
import type { Clock } from "../../ports/clock.ts";
import type { ListedObject, ObjectStore, RestoreTier } from "../../ports/object-store.ts";
import { objectsUnder } from "../bundle/place.ts";

/** What is to be made readable: whatever lies under the prefixes. */
export type ThawSelection = { readonly bucket: string; readonly prefixes: readonly string[] };

export type ThawRequest = {
  /** How long the readable copies are kept, in days. */
  readonly days: number;
  readonly tier: RestoreTier;
};

/** How many of the selected objects stand where. */
export type ThawCounts = {
  /** In a class that is always readable. */
  readonly notCold: number;
  /** Cold, with a readable copy. */
  readonly readable: number;
  /** Cold, and a copy was asked for before. */
  readonly restoring: number;
  /** Cold, and a copy was asked for by this call. */
  readonly asked: number;
};

/** HEAD and RestoreObject are small; S3 takes 1,000 restore requests a second. */
const ASKED_AT_ONCE = 16;
const COLD: ReadonlySet<string> = new Set(["GLACIER", "DEEP_ARCHIVE"]);

/**
 * Asks for a readable copy of every selected object that is cold, has none, and of which none was asked for.
 *
 * Safe to do again: a copy that is there or on its way is left as it is. Throws: what the object store throws.
 */
export const thaw = async (
  objects: ObjectStore,
  { bucket, prefixes }: ThawSelection,
  request: ThawRequest,
): Promise<ThawCounts> => {
  const counts = { notCold: 0, readable: 0, restoring: 0, asked: 0 };
  for (const prefix of prefixes) {
    const standing = pMapIterable(
      objectsUnder(objects, { bucket, prefix }),
      async listed => (await thawOne(objects, bucket, listed, request)) ?? pMapSkip,
      { concurrency: ASKED_AT_ONCE },
    );
    for await (const stand of standing) counts[stand] += 1;
  }
  return counts;
};

/** Undefined for an object that is gone by now. */
const thawOne = async (
  objects: ObjectStore,
  bucket: string,
  { key, storageClass }: ListedObject,
  { days, tier }: ThawRequest,
): Promise<keyof ThawCounts | undefined> => {
  if (!COLD.has(storageClass)) return "notCold";
  const facts = await objects.head({ bucket, key });
  if (facts === undefined) return undefined;
  if (facts.restore !== undefined) return facts.restore.ongoing ? "restoring" : "readable";
  const outcome = await objects.restore({ bucket, key, versionId: facts.versionId }, days, tier);
  if (outcome === "warm") return "notCold";
  return outcome === "ongoing" ? "restoring" : "asked";
};

export const isThawed = ({ restoring, asked }: ThawCounts): boolean => restoring + asked === 0;

/** The first question comes soon, for Expedited and for those nearly there; then each waits twice as long. */
const POLL_MS_MIN = 1_000;
const POLL_MS_MAX = 60_000;
/** Three days of minutes: Bulk takes up to two of them in DEEP_ARCHIVE. */
const POLLS_MAX = 3 * 24 * 60;

/**
 * Thaws and waits until every selected object is readable; each poll also asks again for what lost its copy.
 *
 * Returns: the last counts; not all are readable after `POLLS_MAX` polls. `onPoll` is told each.
 */
export const thawAndWait = async (
  { objects, clock }: { readonly objects: ObjectStore; readonly clock: Clock },
  selection: ThawSelection,
  request: ThawRequest,
  onPoll: (counts: ThawCounts) => void,
): Promise<ThawCounts> => {
  let counts = await thaw(objects, selection, request);
  let delayMs = POLL_MS_MIN;
  for (let polls = 0; polls < POLLS_MAX && !isThawed(counts); polls += 1) {
    onPoll(counts);
    await clock.sleep(delayMs);
    delayMs = Math.min(POLL_MS_MAX, delayMs * 2);
    counts = await thaw(objects, selection, request);
  }
  return counts;
};
