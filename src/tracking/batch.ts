import { identityText } from "./identity.ts";
import { mergeFacts } from "./merge.ts";
import type { Observation } from "./observation.ts";
import { compareSequencers, compareText } from "./sequencer.ts";

/** An observation and how many copies of it a batch held. */
export type Counted = { readonly observation: Observation; readonly copies: number };

/**
 * The distinct observations of a batch, in order (`batchOrder`), each with the facts of all its copies.
 *
 * Source: filemanager vectors A1-A4; its order mixes sequencers and times over keys and is no total order, so that
 * sorting it can fail.
 */
export const orderBatch = (observations: readonly Observation[]): readonly Counted[] => {
  const distinct = new Map<string, Counted>();
  for (const observation of observations) {
    const identity = identityText(observation);
    const known = distinct.get(identity);
    distinct.set(identity, {
      observation: known === undefined ? observation : mergeFacts(known.observation, observation),
      copies: (known?.copies ?? 0) + 1,
    });
  }
  const order = batchOrder(observations);
  return [...distinct.values()].sort((left, right) => order(left.observation, right.observation));
};

/**
 * The order of a batch: objects by the earliest time the batch tells of each, then by name; the observations of one
 * object (bucket, key) by sequencer, none first, then by time and identity.
 *
 * Every object is one run, compared by the same value for all its observations. That makes the order total, which a
 * comparison by sequencer inside a key and by time across keys is not.
 * Returns: a comparison for the observations of this batch; 0 only for the same identity.
 */
export const batchOrder = (
  observations: readonly Observation[],
): ((left: Observation, right: Observation) => number) => {
  const earliest = new Map<string, string>();
  for (const { bucket, key, time } of observations) {
    const known = earliest.get(`${bucket}#${key}`);
    if (known === undefined || time < known) earliest.set(`${bucket}#${key}`, time);
  }
  const startOf = ({ bucket, key }: Observation) => earliest.get(`${bucket}#${key}`) ?? "";
  return (left, right) =>
    compareText(startOf(left), startOf(right)) ||
    compareText(left.bucket, right.bucket) ||
    compareText(left.key, right.key) ||
    compareSequencers(left.sequencer, right.sequencer) ||
    compareText(left.time, right.time) ||
    compareText(identityText(left), identityText(right));
};
