import type { ObjectStore } from "../ports/object-store.ts";
import type { Group, Trigger } from "./group.ts";
import { GroupFailed } from "./group-failed.ts";
import { mapAll } from "./map-all.ts";

/** User metadata of every output: which run stored it, how many runs lie before it, and what it holds. */
export const RUN_MARK = "bridge-run";
export const DEPTH_MARK = "bridge-depth";
export const DIGEST_MARK = "bridge-sha256";

/** HEAD requests are small; sixteen at once end a batch of Lambda's in well under a second. */
const HEADS_AT_ONCE = 16;

/**
 * How many runs lie behind a group: one more than behind any object that triggered it. Objects that no bridge stored
 * have none; nor have those that are gone by now.
 *
 * Throws: `GroupFailed` with MAX_DEPTH, which ends a bridge that triggers itself for ever. Source: vectors V48 and V49.
 */
export const depthOf = async (objects: ObjectStore, group: Group, depthMax: number): Promise<number> => {
  const latest = new Map<string, Trigger>(group.triggers.map(trigger => [trigger.key, trigger]));
  const depths = await mapAll([...latest.values()], HEADS_AT_ONCE, async ({ bucket, key }) => {
    const facts = await objects.head({ bucket, key });
    return Number(facts?.metadata[DEPTH_MARK] ?? 0) || 0;
  });
  const behind = Math.max(0, ...depths);
  if (behind >= depthMax)
    throw new GroupFailed(
      "MAX_DEPTH",
      `${behind} runs lie behind what triggered this one, at most ${depthMax}: do outputs trigger their own bridge?`,
    );
  return behind + 1;
};
