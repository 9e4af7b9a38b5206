import type { Observation } from "../../tracking/observation.ts";
import { beginRun, type Run, RunTakenOver } from "../runs/run.ts";
import type { RunPlace } from "../runs/run-record.ts";
import { type Intake, ingestPictures } from "./ingest-pictures.ts";
import { addTallies, EMPTY_TALLY, type IngestCounts, type IngestTally } from "./tally.ts";

/** Pictures that follow each other, some hundred, and the place behind them. */
export type Piece<At> = { readonly pictures: readonly Observation[]; readonly next: At };

/** What is taken in by a run, and from where. */
export type IngestOrder<At> = {
  readonly kind: string;
  readonly subject: string;
  /** For the record. Must be JSON. */
  readonly what: unknown;
  /** Where to begin, given where the run before stopped. */
  startAt(from: At | undefined): At;
  /** `beat`: to be called now and then while nothing comes of it yet, so that the run does not seem dead. */
  pieces(start: At, beat: () => Promise<void>): AsyncIterable<Piece<At>>;
};

export type IngestOptions = {
  /** Asked after each piece: whether to leave the rest to the next run. */
  readonly isStopping?: () => boolean;
  readonly onProgress?: (counts: IngestCounts) => void;
};

export type IngestEnd<At> =
  | {
      /** `failed`: some pictures were not taken in; the next run begins with them. */
      readonly outcome: "completed" | "stopped" | "failed";
      readonly run: number;
      readonly start: At;
      readonly tally: IngestTally;
    }
  /** Another one runs. Instants are ISO. */
  | { readonly outcome: "busy"; readonly since: string; readonly lastSeen: string };

/** Somebody asked to stop before there was anything to take in. */
class StopAsked extends Error {
  override readonly name = "StopAsked";
}

/**
 * Takes pictures into tracking as one run: one at a time for each subject, and the next goes on where this one stopped,
 * however it ended. From the first failure on the place to go on from stays before it.
 *
 * Throws: `RunTakenOver`; what `pieces` throws, and the ports. The run is then recorded as failed.
 */
export const ingestInRun = async <At>(
  { runs, ...intake }: Intake & { readonly runs: RunPlace },
  order: IngestOrder<At>,
  options: IngestOptions = {},
): Promise<IngestEnd<At>> => {
  const begun = await beginRun<At>(runs, order);
  if (begun.outcome === "busy") return begun;
  const { run, from } = begun;
  const start = order.startAt(from);
  const work: Work<At> = { run, safe: start, tally: EMPTY_TALLY };
  try {
    const isWhole = await takeIn(intake, order, work, options);
    const outcome = !isWhole ? "stopped" : work.tally.counts.failed > 0 ? "failed" : "completed";
    await run.end(outcome, work.tally.counts);
    return { outcome, run: run.number, start, tally: work.tally };
  } catch (error) {
    if (!(error instanceof RunTakenOver)) await recordFailure(work, error);
    throw error;
  }
};

type Work<At> = {
  readonly run: Run<At>;
  /** Everything before it is taken in. */
  safe: At;
  tally: IngestTally;
};

/** Returns: false if it was stopped. */
const takeIn = async <At>(
  intake: Intake,
  order: IngestOrder<At>,
  work: Work<At>,
  { isStopping = () => false, onProgress = () => {} }: IngestOptions,
): Promise<boolean> => {
  const beat = async (): Promise<void> => {
    if (isStopping()) throw new StopAsked();
    await work.run.checkpoint(work.safe);
  };
  try {
    await beat();
    for await (const { pictures, next } of order.pieces(work.safe, beat)) {
      const { counts, troubles } = await ingestPictures(intake, pictures);
      work.tally = addTallies([work.tally, { counts, troubles }]);
      if (work.tally.counts.failed === 0) work.safe = next;
      onProgress(work.tally.counts);
      await beat();
    }
    return true;
  } catch (error) {
    if (!(error instanceof StopAsked)) throw error;
    await work.run.checkpoint(work.safe);
    return false;
  }
};

const recordFailure = async <At>({ run, tally }: Work<At>, error: unknown): Promise<void> => {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  try {
    await run.end("failed", { ...tally.counts, reason });
  } catch {
    // What made the run fail mostly keeps it from saying so; its lease will end, and the first error tells more.
  }
};
