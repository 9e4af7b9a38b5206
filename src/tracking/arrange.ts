import { identityText } from "./identity.ts";
import { isPresence, type Observation, type ObservationRow } from "./observation.ts";
import { compareSequencers, compareText } from "./sequencer.ts";

/**
 * Puts observations of one key and bucket in the order in which S3 did things, as far as it can be told.
 *
 * Those with a sequencer by sequencer. Those without rank below them all, by time; unless their time is later than
 * `newestTime`, the newest event with a sequencer: then they rank after it. So a picture of the past overrides no
 * notification, and one that is newer than all of them shows what notifications lost.
 *
 * The order is total and depends only on the rows, not on the order of their arrival.
 * Source: ruling 39; filemanager vectors E15-E17, N1-N6.
 */
export const arrange = <Row extends Observation>(
  rows: readonly Row[],
  newestTime: string | undefined,
): readonly Row[] => [...rows].sort((left, right) => compareRanks(left, right, newestTime));

/** The latest time of the given observations that have a sequencer and decide what is there, or `undefined`. */
export const newestSequencedTime = (rows: readonly Observation[]): string | undefined =>
  rows
    .filter(row => row.sequencer !== undefined && isPresence(row))
    .map(({ time }) => time)
    .sort(compareText)
    .at(-1);

/**
 * The earliest instant at which anything was made or taken away under the key, or `undefined`. Not of creations
 * alone: where a deletion arrives first it would stand in for them, and the instant would depend on the order.
 */
export const firstSeen = (rows: readonly ObservationRow[]): string | undefined =>
  rows
    .filter(isPresence)
    .map(({ time }) => time)
    .sort(compareText)[0];

const compareRanks = (left: Observation, right: Observation, newestTime: string | undefined): number =>
  bandOf(left, newestTime) - bandOf(right, newestTime) ||
  compareSequencers(left.sequencer, right.sequencer) ||
  (left.sequencer === undefined ? compareText(left.time, right.time) : 0) ||
  tieRank(left) - tieRank(right) ||
  compareText(identityText(left), identityText(right));

const bandOf = (observation: Observation, newestTime: string | undefined): 0 | 1 | 2 => {
  if (observation.sequencer !== undefined) return 1;
  return newestTime !== undefined && observation.time > newestTime ? 2 : 0;
};

// LastModified has seconds: of two pictures of one second the current version was last. What was deleted had to
// be there first.
const tieRank = (observation: Observation): number => {
  if (observation.kind === "deleted") return 3;
  if (observation.isLatest === true) return 2;
  return observation.kind === "marker" ? 1 : 0;
};
