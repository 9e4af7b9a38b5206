import { arrange, newestSequencedTime } from "./arrange.ts";
import { identityText } from "./identity.ts";
import { onlyKnown } from "./known.ts";
import { mergeCopy } from "./merge.ts";
import { isPresence, type Observation, type ObservationRow } from "./observation.ts";
import { compareText } from "./sequencer.ts";

/**
 * What an observation was to us when it came.
 *
 * `fresh`: nothing known of its object is later. `duplicate`: known already. `overwritten`: its version was replaced
 * since, by a later creation or delete marker. `stale`: its version was deleted since, or is known better.
 * `reordered`: another version of its object came first, but it is the last of its own.
 *
 * For people and counters only: whether a request is judged never depends on it, since a delivery after a crash looks
 * like a duplicate and must still be judged.
 */
export type ObserveOutcome = "fresh" | "duplicate" | "stale" | "reordered" | "overwritten";

/**
 * Adds an observation to the rows of its key. Pure; the rows come out the same whatever the order of observations.
 *
 * Returns: the rows, ordered by identity, and what the observation was.
 */
export const observe = (
  rows: readonly ObservationRow[],
  observation: Observation,
): { readonly rows: readonly ObservationRow[]; readonly outcome: ObserveOutcome } => {
  const identity = identityText(observation);
  const known = rows.find(row => identityText(row) === identity);
  const row =
    known === undefined ? { ...onlyKnown(observation), duplicates: 0 } : mergeCopy(known, observation);
  const others = rows.filter(other => other !== known);
  return {
    rows: [...others, row].sort((left, right) => compareText(identityText(left), identityText(right))),
    outcome: known === undefined ? outcomeAmong(others, row) : "duplicate",
  };
};

const outcomeAmong = (others: readonly ObservationRow[], row: ObservationRow): ObserveOutcome => {
  const ofObject = others.filter(other => other.bucket === row.bucket && isPresence(other));
  const newestTime = newestSequencedTime([...ofObject, row]);
  const after = laterThan(row, ofObject, newestTime);
  if (after.length === 0) return "fresh";
  const successor = after.find(({ versionId }) => versionId === row.versionId);
  if (successor === undefined) return "reordered";
  return successor.kind === "deleted" || row.sequencer === undefined ? "stale" : "overwritten";
};

// What tells more of an object has no place among its creations: it is compared by time.
const laterThan = (
  row: ObservationRow,
  others: readonly ObservationRow[],
  newestTime: string | undefined,
): readonly ObservationRow[] => {
  if (!isPresence(row)) return arrange(others, newestTime).filter(({ time }) => time > row.time);
  const order = arrange([...others, row], newestTime);
  return order.slice(order.indexOf(row) + 1);
};
