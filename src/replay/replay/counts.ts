/**
 * How far a replay is. `lines` of `linesTotal` sealed decisions were passed in search of streams. `repaired`: streams
 * repaired by it, with their `decisions` and the `rows` put for them. `alreadyDone`: streams that had no catalogue, since
 * they were repaired before or never lacked anything. `released`: requests decided that waited under a stream.
 * `offTheChain`: streams that contradict the manifests, and were left as they are.
 */
export type ReplayCounts = {
  readonly lines: number;
  readonly linesTotal: number;
  readonly repaired: number;
  readonly alreadyDone: number;
  readonly decisions: number;
  readonly rows: number;
  readonly released: number;
  readonly offTheChain: number;
};

/** Why a stream was left as it is. */
export type ReplayTrouble = { readonly stream: string; readonly reason: string };

/** Troubles kept; all are counted. */
export const TROUBLES_MAX = 100;

/** Counts that are added to. */
export type Tallied = { -readonly [Name in keyof ReplayCounts]: number };

export const newCounts = (linesTotal: number): Tallied => ({
  lines: 0,
  linesTotal,
  repaired: 0,
  alreadyDone: 0,
  decisions: 0,
  rows: 0,
  released: 0,
  offTheChain: 0,
});
