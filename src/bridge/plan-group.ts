import type { ListedObject, ObjectStore } from "../ports/object-store.ts";
import { evaluateFilter } from "./filter.ts";
import type { Group } from "./group.ts";
import { GroupFailed } from "./group-failed.ts";
import { checkSelection, listGroup, selected } from "./list-group.ts";
import { type FileSystemTraits, type LocalPaths, localPaths } from "./local-paths.ts";
import { mapAll } from "./map-all.ts";
import type { Bridge } from "./ports.ts";
import type { Settings } from "./settings.ts";

/** What a group would pull, as the bucket is now. */
export type GroupPlan = {
  /** What the filter was shown. */
  readonly listing: readonly ListedObject[];
  /** What the filter answered; absent where there is none. */
  readonly filterValue: string | undefined;
  /** False: the filter stops it, and nothing further was looked at. */
  readonly isRunning: boolean;
  /** What is pulled, folder markers included. */
  readonly inputs: readonly ListedObject[];
  readonly paths: LocalPaths;
  readonly bytes: number;
  /** Keys in a cold class, and unsafe ones, that were to be left out. */
  readonly skipped: readonly string[];
};

const NOTHING: LocalPaths = { files: [], directories: [], skipped: [] };

/**
 * Lists a group, asks the filter, and holds what would be pulled to its limits. Nothing is downloaded.
 * Throws: `GroupFailed`.
 */
export const planGroup = async (
  { settings, objects, time, log }: Pick<Bridge, "settings" | "objects" | "time" | "log">,
  group: Pick<Group, "bucket" | "prefix">,
  traits: FileSystemTraits,
): Promise<GroupPlan> => {
  const { prefix } = group;
  const listing = await listGroup(objects, group);
  const filtered = await filterOf(settings, listing, { time, log });
  const stopped = { listing, ...filtered, inputs: [], paths: NOTHING, bytes: 0, skipped: [] };
  if (!filtered.isRunning) return stopped;
  const selection = selected(listing, prefix, settings);
  const bytes = checkSelection(selection, settings.limits);
  const { warm, cold } = await withoutCold(objects, settings, { bucket: group.bucket, selection });
  const paths = localPaths(warm, { prefix, unsafeKeys: settings.unsafeKeys, traits });
  const skipped = [...cold, ...paths.skipped];
  return { ...stopped, inputs: warm, paths, bytes, skipped };
};

const filterOf = async (
  { filter, filterOnError, limits }: Settings,
  listing: readonly ListedObject[],
  { time, log }: Pick<Bridge, "time" | "log">,
): Promise<{ readonly isRunning: boolean; readonly filterValue: string | undefined }> => {
  if (filter === undefined) return { isRunning: true, filterValue: undefined };
  try {
    const { isRunning, value } = await evaluateFilter(filter, listing, { filterMs: limits.filterMs, time });
    return { isRunning, filterValue: value };
  } catch (error) {
    if (!(error instanceof GroupFailed) || filterOnError === "fail") throw error;
    log.warn("The filter failed", {
      code: error.code,
      reason: error.message,
      isRunning: filterOnError === "run",
    });
    return { isRunning: filterOnError === "run", filterValue: undefined };
  }
};

/** Classes whose objects cannot be read before they are restored. Source: Amazon S3 User Guide, "Restoring an archived object". */
const COLD: ReadonlySet<string> = new Set(["GLACIER", "DEEP_ARCHIVE"]);
const HEADS_AT_ONCE = 16;
/** Long enough for the group to come again, and for the next ones. */
const RESTORED_DAYS = 3;

/**
 * Leaves out, or asks back, what lies in a cold class without a readable copy.
 * Throws: `GroupFailed` with ARCHIVED, or RESTORING once it was asked back: the messages come again until it is there.
 */
const withoutCold = async (
  objects: ObjectStore,
  { archived }: Settings,
  { bucket, selection }: { readonly bucket: string; readonly selection: readonly ListedObject[] },
): Promise<{ readonly warm: readonly ListedObject[]; readonly cold: readonly string[] }> => {
  const suspects = selection.filter(({ storageClass }) => COLD.has(storageClass));
  const readable = await mapAll(suspects, HEADS_AT_ONCE, async ({ key }) => {
    const facts = await objects.head({ bucket, key });
    return facts?.restore?.ongoing === false;
  });
  const cold = suspects.filter((_, at) => readable[at] !== true).map(({ key }) => key);
  const [first] = cold;
  if (first !== undefined && archived === "fail")
    throw new GroupFailed(
      "ARCHIVED",
      `${cold.length} objects are in a cold class, such as ${JSON.stringify(first)}`,
    );
  if (first !== undefined && archived === "restore") {
    await mapAll(cold, HEADS_AT_ONCE, key => objects.restore({ bucket, key }, RESTORED_DAYS, "Standard"));
    throw new GroupFailed(
      "RESTORING",
      `${cold.length} objects are being restored, such as ${JSON.stringify(first)}`,
    );
  }
  const left = new Set(cold);
  return { warm: selection.filter(({ key }) => !left.has(key)), cold };
};
