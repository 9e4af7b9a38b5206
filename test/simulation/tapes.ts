import { readFileSync } from "node:fs";
import type { Invariant } from "./invariants.ts";
import { type Tape, tapeOfText } from "./tape.ts";

/**
 * Histories that broke a promise, as tapes; others are told step by step: in rivals.test.ts, and in the tests of the
 * restore's survey, of heads that are stale and of what reconcile finds undone. `guard`: the mutant that takes the repair
 * away again: with it the tape must still break `invariant`, or it has lost its meaning and must be recorded anew.
 */
export type Regression = {
  readonly file: string;
  readonly guard: string;
  readonly invariant: Invariant;
  readonly story: string;
};

export const REGRESSIONS: readonly Regression[] = [
  {
    file: "place-twins.tape",
    guard: "place-twins",
    invariant: "I17",
    story:
      "A request was decided again after a restore and came to the hashes it had had; both records were taken for the one that holds, and each placement undid the other's.",
  },
  {
    file: "reused-unplaced.tape",
    guard: "reused-unplaced",
    invariant: "P1",
    story:
      "S3 did not tell of the decision over other content of a used key, and reconcile looked for none such.",
  },
];

export const regressionTape = ({ file }: Regression): Tape =>
  tapeOfText(readFileSync(new URL(`./tapes/${file}`, import.meta.url), "utf8"));
