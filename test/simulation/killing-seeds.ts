import type { Invariant } from "./invariants.ts";

/**
 * The first seed of the long run that finds each mutant out, and the promise it breaks. Found by
 * `npm run simulate -- --mutants --seed 1000000 --histories 20000`; `--mutants` alone runs these.
 */
export const KILLING_SEEDS: Readonly<
  Record<string, { readonly seed: number; readonly invariant: Invariant }>
> = {
  "acknowledge-unpublished": { seed: 1_000_000, invariant: "I8" },
  canary: { seed: 1_000_000, invariant: "I5" },
  "count-unguarded": { seed: 1_000_085, invariant: "I15" },
  "early-deadline": { seed: 1_000_001, invariant: "I11" },
  "found-unpublished": { seed: 1_000_004, invariant: "I8" },
  "frozen-open": { seed: 1_000_023, invariant: "I11" },
  "head-by-epoch-only": { seed: 1_000_056, invariant: "I2" },
  "head-unguarded": { seed: 1_000_021, invariant: "I2" },
  "hold-stays": { seed: 1_000_008, invariant: "I5" },
  "judge-by-actual": { seed: 1_000_308, invariant: "I15" },
  "left-parked": { seed: 1_000_001, invariant: "I15" },
  "lost-stays-lost": { seed: 1_000_004, invariant: "I15" },
  "no-catalogue": { seed: 1_000_001, invariant: "I2" },
  "no-fence": { seed: 1_000_003, invariant: "I7" },
  "no-gate": { seed: 1_000_001, invariant: "I12" },
  "no-guards": { seed: 1_000_001, invariant: "I1" },
  "no-help": { seed: 1_000_002, invariant: "I9" },
  "no-margin": { seed: 1_000_003, invariant: "I15" },
  "no-marker": { seed: 1_000_001, invariant: "I7" },
  "no-memory": { seed: 1_000_000, invariant: "I0" },
  "no-undo": { seed: 1_000_026, invariant: "I13" },
  "one-leg": { seed: 1_000_012, invariant: "I6" },
  "park-unguarded": { seed: 1_000_023, invariant: "I15" },
  "pay-nobody": { seed: 1_000_001, invariant: "I17" },
  "place-anything": { seed: 1_000_011, invariant: "I17" },
  "place-twins": { seed: 1_000_037, invariant: "I17" },
  "refuse-early": { seed: 1_000_001, invariant: "I11" },
  reordered: { seed: 1_000_000, invariant: "T1" },
  "repair-forgets-count": { seed: 1_000_383, invariant: "I15" },
  "repair-unguarded": { seed: 1_000_500, invariant: "I3" },
  "repair-without-passing": { seed: 1_000_021, invariant: "I13" },
  "repair-without-rows": { seed: 1_000_001, invariant: "I13" },
  "reuse-allowed": { seed: 1_000_009, invariant: "I13" },
  "reused-unplaced": { seed: 1_000_057, invariant: "P1" },
  "survivors-stay": { seed: 1_000_113, invariant: "I2" },
  "take-back-the-living": { seed: 1_000_563, invariant: "I0" },
  "timeout-is-success": { seed: 1_000_010, invariant: "I0" },
  "trust-the-row": { seed: 1_000_068, invariant: "P1" },
  "undecided-stays": { seed: 1_000_006, invariant: "I15" },
  "unlinked-hash": { seed: 1_000_000, invariant: "I2" },
  "unplaced-stays": { seed: 1_000_000, invariant: "P1" },
};
