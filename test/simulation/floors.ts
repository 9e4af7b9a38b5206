import type { Counts } from "./counts.ts";
import { FAULTS } from "./swarm.ts";

/** What a run of this many histories must reach, at the least; a shorter one in proportion. */
const OF_HISTORIES = 20_000;

/** Restores that began with the heads of a snapshot and went live. */
export const SNAPSHOT_RESTORES = "restores from a snapshot";

/**
 * Least counts by name. F14 and F15 hold all the time and are not added to the faults; F17 and F18 count once per instance,
 * and most of F3 is plain delay.
 */
const FLOORS: Readonly<Record<string, number>> = {
  F1: 10_000,
  F2: 10_000,
  F3: 10_000,
  F4: 5_000,
  F5: 10_000,
  F6: 10_000,
  F7: 10_000,
  F8: 5_000,
  F9: 5_000,
  F10: 10_000,
  F11: 1_000,
  F12: 30_000,
  F13: 10_000,
  F14: 10_000,
  F15: 1_000,
  F16: 1_000,
  F17: 10_000,
  F18: 100,
  F19: 100,
  F20: 1_000,
  [SNAPSHOT_RESTORES]: 300,
  faults: 2_000_000,
};

const NOT_ADDED = new Set(["F14", "F15"]);

/** All strikes together. */
export const faultsIn = (counts: Counts): number =>
  Object.keys(FAULTS)
    .filter(name => !NOT_ADDED.has(name))
    .reduce((sum, name) => sum + (counts[name] ?? 0), 0);

/** What was not reached, in words; a run too short for a floor above nothing is not measured by it. */
export const belowFloor = (counts: Counts, histories: number): readonly string[] =>
  Object.entries(FLOORS).flatMap(([name, floor]) => {
    const least = Math.floor((floor * histories) / OF_HISTORIES);
    const got = name === "faults" ? faultsIn(counts) : (counts[name] ?? 0);
    return got < least ? [`${name}: ${got}, not ${least}`] : [];
  });

/** Steps of the protocol at which something may die or answers may get lost: rows of the crash matrix. */
export const STEPS = [
  "read rows",
  "query rows",
  "query index",
  "track",
  "put request",
  "read request",
  "read marker",
  "read control",
  "read pointer",
  "commit",
  "passing rows",
  "park",
  "count parked",
  "publish decision",
  "audit",
  "refresh state",
  "read decision",
  "read tags",
  "announce",
  "tell decision",
  "copy request",
  "read copy",
  "tag request",
  "open gate",
  "write marker",
  "restore table",
  "collect decisions",
  "seal manifest",
  "read manifest",
  "scan table",
  "write catalogue",
  "write guards",
  "put rows",
  "delete row",
  "move pointer",
  "mark repaired",
  "read repaired",
  "halt or resume",
  "record run",
  "read run",
  "list requests",
  "feed",
  "store snapshot",
] as const;
export const CELLS = ["before", "after", "ambiguous"] as const;

/** Cells of the crash matrix that nothing struck. */
export const emptyCells = (matrix: Counts): readonly string[] =>
  STEPS.flatMap(step => CELLS.map(cell => `${step}: ${cell}`).filter(name => (matrix[name] ?? 0) === 0));
