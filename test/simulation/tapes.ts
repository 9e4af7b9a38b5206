import { readFileSync } from "node:fs";
import { type Tape, tapeOfText } from "./tape.ts";

/**
 * Histories that once broke a promise, as tapes; two more are told step by step in rivals.test.ts. `guard`: the mutant that takes the repair away again: with it the tape
 * must still break `invariant`, or it has lost its meaning and must be recorded anew.
 */
export type Regression = {
  readonly file: string;
  readonly guard: string;
  readonly invariant: string;
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
  {
    file: "stale-heads.tape",
    guard: "stale-heads",
    invariant: "I1",
    story:
      "A stream was repaired between a worker's reading of its head and of its catalogue; by the old head a transfer that was decided seemed lost, and was refused on the other stream alone.",
  },
  {
    file: "void-by-key.tape",
    guard: "void-by-key",
    invariant: "I13",
    story:
      "A request was decided at the same place as in a life before, otherwise; a restore to that life took its balances for those of the decision that is sealed.",
  },
  {
    file: "repair-forgotten.tape",
    guard: "repair-forgotten",
    invariant: "I13",
    story:
      "A restore to the midst of a repair took the head that was brought back and not the line that was still to come, which was older than the reach of either.",
  },
  {
    file: "further-passed-over.tape",
    guard: "further-passed-over",
    invariant: "P1",
    story:
      "A key's first content was placed and its version expired; reconcile took the further content that was left for it, and never saw that this one was not placed.",
  },
];

export const regressionTape = ({ file }: Regression): Tape =>
  tapeOfText(readFileSync(new URL(`./tapes/${file}`, import.meta.url), "utf8"));
