import type { BucketView } from "../bucket-view.ts";
import { onlyKnown } from "../known.ts";
import type { ObjectState } from "../state.ts";

/**
 * One object in one bucket, as lists show it: the bucket's view, and what the state says of its key. `time` is when the
 * view came about, `observedAt` when the key was first seen.
 */
export type ObjectEntry = { readonly key: string; readonly bucket: string } & BucketView &
  Pick<ObjectState, "lifecycle" | "observedAt" | "decision" | "parked" | "attributes">;

/** The entries of a key, one for each bucket that something is known of. */
export const entriesOf = (state: ObjectState): readonly ObjectEntry[] => {
  const { key, lifecycle, observedAt, decision, parked, attributes, buckets } = state;
  return Object.entries(buckets).map(([bucket, view]) =>
    onlyKnown<ObjectEntry>({ key, bucket, ...view, lifecycle, observedAt, decision, parked, attributes }),
  );
};
