import type { AnyLedger } from "../../ledger/ledger.ts";
import { markRepaired, placeOfLive, repairedAt } from "../../ledger/live.ts";
import { isEpochOver } from "../../ledger/publish.ts";
import { beginRun, RunTakenOver } from "../runs/run.ts";
import { highestUnder, runPrefix } from "../runs/run-keys.ts";
import { type RunOutcome, type RunPlace, readRun } from "../runs/run-record.ts";
import { type CatchUp, type CaughtUp, catchUp, isCaughtUp } from "./catch-up.ts";
import type { ReplayCounts } from "./counts.ts";
import { type RepairedAll, type RepairOptions, repairAll } from "./repair-all.ts";
import { EpochOver } from "./replay-errors.ts";

export type ReplayOptions = Omit<RepairOptions, "onProgress"> & {
  /** What comes after the repair; absent: nothing. */
  readonly catchUp?: CatchUp | undefined;
  readonly onRepair?: ((counts: ReplayCounts) => void) | undefined;
  readonly onCatchUp?: ((doing: string, done: number) => void) | undefined;
  /** Goes on though another one may be running, as after a kill. Leaves no record. */
  readonly isTakeOver?: boolean | undefined;
};

/** What a replay did. `failed`: something is left, which its parts tell. `isRepaired`: no stream waits any more. */
export type Replayed = {
  readonly outcome: RunOutcome;
  readonly epoch: number;
  readonly isRepaired: boolean;
  readonly counts: ReplayCounts;
  readonly troubles: RepairedAll["troubles"];
  readonly caughtUp?: CaughtUp | undefined;
};

export type RecordedReplay =
  | { readonly outcome: "done"; readonly replayed: Replayed }
  /** `first`: the table was never restored. `repaired`: all is done. */
  | { readonly outcome: "nothing"; readonly why: "first" | "repaired" }
  /** Another one runs. Instants are ISO. */
  | { readonly outcome: "busy"; readonly since: string; readonly lastSeen: string };

/** What a run's checkpoints tell. A run that follows asks the table itself what is left. */
type At = { readonly doing: string; readonly counts?: ReplayCounts };

const KIND = "replay";
const subjectOf = ({ epoch }: AnyLedger): string => `epoch ${epoch}`;
const runPlaceOf = ({ objects, decisionsBucket: bucket, clock, epoch }: AnyLedger): RunPlace => ({
  objects,
  bucket,
  clock,
  epoch,
});

/**
 * Why there is nothing to replay; undefined if there is, or if a replay was begun and is not completed.
 *
 * Throws: `EpochOver`, since a table that a restore is about to replace is not as it should be, repaired or not.
 */
export const nothingToReplay = async (ledger: AnyLedger): Promise<"first" | "repaired" | undefined> => {
  if (await isEpochOver(ledger)) throw new EpochOver(ledger.epoch);
  if (ledger.epoch === 1) return "first";
  if ((await repairedAt(placeOfLive(ledger), ledger.epoch)) === undefined) return undefined;
  const place = runPlaceOf(ledger);
  const prefix = runPrefix(KIND, subjectOf(ledger));
  const latest = await highestUnder(place, prefix);
  const run = latest === 0 ? undefined : await readRun<At>(place, prefix, latest);
  return run === undefined || run.status === "completed" ? "repaired" : undefined;
};

/**
 * Repairs whatever a restore left to repair, writes down that it is repaired, so that deadlines pass again, and brings
 * tracking up. One at a time for each epoch, with a record of the run. Started again, also after a kill, it goes on with
 * what is left. Nothing outside is told again but requests that have no decision.
 *
 * Throws: as `repairAll` and `catchUp`; `RunTakenOver`. The run is then recorded as failed.
 */
export const recordedReplay = async (ledger: AnyLedger, options: ReplayOptions): Promise<RecordedReplay> => {
  const why = await nothingToReplay(ledger);
  if (why !== undefined) return { outcome: "nothing", why };
  const replay = (tell: (at: At) => Promise<void>): Promise<Replayed> => replayOnce(ledger, options, tell);
  if (options.isTakeOver === true) return { outcome: "done", replayed: await replay(async () => {}) };
  const { parallel, rate } = options;
  const what = { parallel: parallel ?? null, rate: rate ?? null };
  const begun = await beginRun<At>(runPlaceOf(ledger), { kind: KIND, subject: subjectOf(ledger), what });
  if (begun.outcome === "busy") return begun;
  const { run } = begun;
  try {
    const replayed = await replay(run.checkpoint);
    const { outcome, counts, isRepaired } = replayed;
    await run.end(outcome, { ...counts, isRepaired });
    return { outcome: "done", replayed };
  } catch (error) {
    // What went wrong matters more than its record: one that cannot be ended counts as abandoned in the end.
    if (!(error instanceof RunTakenOver)) await run.end("failed", { reason: String(error) }).catch(() => {});
    throw error;
  }
};

const replayOnce = async (
  ledger: AnyLedger,
  { parallel, rate, isStopping = () => false, onRepair, onCatchUp, catchUp: order }: ReplayOptions,
  tell: (at: At) => Promise<void>,
): Promise<Replayed> => {
  const onProgress = async (counts: ReplayCounts): Promise<void> => {
    onRepair?.(counts);
    await tell({ doing: "repairing", counts });
  };
  const { isComplete, counts, troubles } = await repairAll(ledger, {
    parallel,
    rate,
    isStopping,
    onProgress,
  });
  const isRepaired = isComplete && counts.offTheChain === 0;
  const told = { epoch: ledger.epoch, isRepaired, counts, troubles };
  if (!isRepaired) return { outcome: isComplete ? "failed" : "stopped", ...told };
  if (await isEpochOver(ledger)) throw new EpochOver(ledger.epoch);
  await markRepaired(ledger);
  if (order === undefined) return { outcome: "completed", ...told };
  const watch = {
    isStopping,
    onProgress: async (doing: string, done: number): Promise<void> => {
      onCatchUp?.(doing, done);
      await tell({ doing, counts });
    },
  };
  const caughtUp = await catchUp(ledger, runPlaceOf(ledger), order, watch);
  const outcome = isCaughtUp(caughtUp) ? "completed" : isStopping() ? "stopped" : "failed";
  return { outcome, ...told, caughtUp };
};
