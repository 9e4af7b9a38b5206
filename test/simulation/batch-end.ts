import { addCounts, type Counts } from "./counts.ts";

/** A history in which a promise did not hold. */
export type Broken = { readonly seed: number; readonly invariant: string; readonly what: string };

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

/** Both together. */
export const joined = (a: BatchEnd, b: BatchEnd): BatchEnd => {
  const sum = (x: Counts, y: Counts): Counts => {
    const counts = { ...x };
    addCounts(counts, y);
    return counts;
  };
  return {
    histories: a.histories + b.histories,
    counts: sum(a.counts, b.counts),
    matrix: sum(a.matrix, b.matrix),
    audit: sum(a.audit, b.audit),
    broken: [...a.broken, ...b.broken].sort((x, y) => x.seed - y.seed),
    fingerprints: { ...a.fingerprints, ...b.fingerprints },
  };
};
