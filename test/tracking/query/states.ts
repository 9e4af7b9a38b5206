import type { Store } from "../../../src/table/store.ts";
import type { BucketView } from "../../../src/tracking/bucket-view.ts";
import { onlyKnown } from "../../../src/tracking/known.ts";
import type { ObjectState } from "../../../src/tracking/state.ts";
import { rows } from "../tracking-rows.ts";

/** Noon of a day in January 2026, and so many milliseconds. */
export const onDay = (day: number, ms = 0): string => new Date(Date.UTC(2026, 0, day, 12) + ms).toISOString();

export const present = (given: Partial<Extract<BucketView, { isPresent: true }>> = {}): BucketView => ({
  isPresent: true,
  versionId: "v1",
  time: onDay(1),
  sizeBytes: 10,
  eTag: "e1",
  storageClass: "STANDARD",
  ...given,
});

export const gone = (time = onDay(2)): BucketView => ({ isPresent: false, time, isExpired: false });

/** A state of one bucket, unless told otherwise. */
export const stateOf = (key: string, given: Partial<ObjectState> = {}): ObjectState =>
  onlyKnown({
    key,
    lifecycle: "RECEIVED",
    inEventBucket: true,
    inArchiveBucket: false,
    inRejectedBucket: false,
    processed: false,
    buckets: { bucket: present() },
    observedAt: onDay(1),
    revision: 1,
    ...given,
  });

export const putStates = async (store: Store, states: readonly ObjectState[]): Promise<void> => {
  for (const state of states) await store.write({ put: rows.state.item(state) });
};
