import { ManualClock } from "../../../src/local/manual-clock.ts";
import { MemoryStore, type StoreCall, type StoreHook } from "../../../src/local/memory-store.ts";
import { configureBucket, createBucket } from "../../../src/local/s3/buckets.ts";
import { LocalObjectStore } from "../../../src/local/s3/local-object-store.ts";
import { createS3 } from "../../../src/local/s3/s3.ts";
import { seededRandom } from "../../../src/local/seeded-random.ts";
import type { Observation } from "../../../src/tracking/observation.ts";
import { refreshState } from "../../../src/tracking/refresh-state.ts";
import type { BucketRoles } from "../../../src/tracking/state.ts";
import { track } from "../../../src/tracking/track.ts";
import { definition, rows } from "../../tracking/tracking-rows.ts";

export const DECISIONS = "decisions";
export const ROLES: BucketRoles = { requests: "new", archive: "archive", rejected: "rejected" };
export const NOW = Date.UTC(2026, 4, 6);

/** A table in memory and an S3 beside it, and what was asked of the table. */
export const newIntake = (before?: StoreHook) => {
  const calls: StoreCall[] = [];
  const store = new MemoryStore(definition, async call => {
    calls.push(call);
    return before?.(call);
  });
  const clock = new ManualClock(NOW);
  const random = seededRandom(7);
  const s3 = createS3({ clock, random });
  for (const bucket of [DECISIONS, "new", "inventories", "plain"]) createBucket(s3, bucket);
  configureBucket(s3, "new", { versioning: "enabled" });
  const objects = new LocalObjectStore(s3);
  const table = { store, rows };
  return {
    s3,
    clock,
    random,
    objects,
    store,
    intake: { table, roles: ROLES, objects, runs: { objects, bucket: DECISIONS, clock, epoch: 1 } },
    /** Writes since this was asked last. */
    writes: (): number =>
      calls.splice(0).filter(({ call }) => call === "write" || call === "transact").length,
  };
};

/** What the live path does with notifications, as far as tracking goes. */
export const notify = async (
  { intake }: ReturnType<typeof newIntake>,
  observations: readonly Observation[],
): Promise<void> => {
  await track(intake.table, observations);
  for (const key of new Set(observations.map(each => each.key))) await refreshState(intake.table, key, ROLES);
};
