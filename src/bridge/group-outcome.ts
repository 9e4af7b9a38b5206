import type { Clock } from "../ports/clock.ts";
import type { FailureCode } from "./group-failed.ts";

/** What became of one group. */
export type Outcome =
  | ({ readonly outcome: "ran" } & RunFacts & PublishedFacts & Timings)
  /** The filter answered `false`, or failed and was to be taken for that. */
  | { readonly outcome: "filtered"; readonly value: string }
  /** Every event of it was worked on before. */
  | { readonly outcome: "duplicate" }
  /** RUN_ONCE: these inputs were. */
  | { readonly outcome: "ran-before" }
  | { readonly outcome: "failed"; readonly code: FailureCode; readonly reason: string };

export type RunFacts = {
  readonly runId: string;
  /** Runs that lie behind its outputs, itself included. */
  readonly depth: number;
  readonly pulled: number;
  readonly pulledBytes: number;
  /** Keys that were to be left out: cold ones, unsafe ones. */
  readonly skipped: readonly string[];
};

export type PublishedFacts = {
  readonly uploaded: readonly string[];
  readonly deleted: readonly string[];
  /** Paths of links and other things that are no files. */
  readonly ignored: readonly string[];
};

type Stage = "listMs" | "pullMs" | "handlerMs" | "uploadMs";
export type Timings = { readonly timings: Readonly<Partial<Record<Stage, number>>> };

/** Takes the time of each stage, from the mark before. */
export const timings = (clock: Clock) => {
  const taken: Partial<Record<Stage, number>> = {};
  let since = clock.now();
  return {
    mark: (stage: Stage): void => {
      const now = clock.now();
      taken[stage] = (taken[stage] ?? 0) + now - since;
      since = now;
    },
    taken: (): Timings => ({ timings: taken }),
  };
};

/** A group and what became of it, for logs and for people. */
export type GroupReport = {
  readonly bucket: string;
  readonly prefix: string;
  readonly events: number;
} & Outcome;
