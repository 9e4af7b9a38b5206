import { addCounts, type Counts } from "./counts.ts";
import type { Invariant } from "./invariants.ts";

/** A history in which a promise did not hold. */
export type Broken = { readonly seed: number; readonly invariant: Invariant; readonly what: string };

/** What came of some histories. */
export type BatchEnd = {
  readonly histories: number;
  readonly counts: Counts;
  readonly matrix: Counts;
  readonly audit: Counts;
  readonly broken: readonly Broken[];
  /** By seed. */
  readonly fingerprints: Readonly<Record<number, string>>;
};

export const noHistories = (): BatchEnd => ({
  ...{ histories: 0, counts: {}, matrix: {}, audit: {}, broken: [], fingerprints: {} },
});

/** Both together, in what the first consists of: thousands of pieces are joined, each of a few histories. */
export const joined = (all: BatchEnd, piece: BatchEnd): BatchEnd => {
  addCounts(all.counts, piece.counts);
  addCounts(all.matrix, piece.matrix);
  addCounts(all.audit, piece.audit);
  Object.assign(all.fingerprints, piece.fingerprints);
  return {
    ...all,
    histories: all.histories + piece.histories,
    broken: [...all.broken, ...piece.broken].sort((x, y) => x.seed - y.seed),
  };
};
