import { onlyKnown } from "./known.ts";
import type { Observation, ObservationRow } from "./observation.ts";

/**
 * The row after further deliveries of the notification it holds: that many more duplicates, and the facts of all.
 *
 * Returns: the row itself for a picture, which shows nothing new if it shows the same.
 */
export const mergeCopy = (row: ObservationRow, copy: Observation, copies = 1): ObservationRow =>
  copy.source === "notification" ? { ...mergeFacts(row, copy), duplicates: row.duplicates + copies } : row;

/**
 * The facts of two deliveries of one observation, of two that differ the greater: so an event learned through two
 * channels, one of which says less or has coarser times, is the same whichever came first.
 */
export const mergeFacts = <Row extends Observation>(known: Row, copy: Observation): Row => {
  const facts = Object.entries(onlyKnown(copy)).map(([name, value]) => [
    name,
    greater(known[name as keyof Observation], value),
  ]);
  return { ...known, ...Object.fromEntries(facts) };
};

type Fact = Observation[keyof Observation];

const greater = (left: Fact, right: NonNullable<Fact>): NonNullable<Fact> =>
  left === undefined || left < right ? right : left;
