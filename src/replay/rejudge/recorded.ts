import type { Restoring } from "../restore/restore.ts";
import { RestoreRefused } from "../restore/restore-errors.ts";
import type { Step } from "../restore/steps.ts";
import { beginRun, RunTakenOver } from "../runs/run.ts";
import { applyRejudge, type RejudgeApplied, type RejudgeWish } from "./rejudge.ts";

/** All rejudges of one system: one at a time, whatever they change. */
const SUBJECT = "table";

/**
 * `applyRejudge`, one at a time, with a record of the run beside the decisions.
 *
 * `isTakeOver`: goes on though another one may be running, as after a kill; leaves no record. Both then write the same.
 * Throws: as `applyRejudge`; `RestoreRefused` where another one runs; `RunTakenOver`.
 */
export const recordedRejudge = async (
  restoring: Restoring,
  wish: RejudgeWish,
  { isTakeOver }: { readonly isTakeOver: boolean },
): Promise<RejudgeApplied> => {
  if (isTakeOver) return applyRejudge(restoring, wish);
  const { objects, decisionsBucket: bucket, clock, epoch } = restoring.ledger;
  const { digest, reason } = wish;
  const what = { kind: "rejudge", subject: SUBJECT, what: { digest, reason } };
  const begun = await beginRun<Step>({ objects, bucket, clock, epoch }, what);
  if (begun.outcome === "busy")
    throw new RestoreRefused(
      `Another rejudge runs since ${begun.since}, last seen ${begun.lastSeen}: wait for its end, or go on in its place with --take-over if it was killed.`,
    );
  const { run } = begun;
  await run.checkpoint("check");
  let failure: unknown;
  let at: Step = "check";
  // Told without waiting: a run that was taken over is stopped by the markers and the pointer at the latest.
  const tell = (): void => {
    void run.checkpoint(at).catch(error => {
      failure = error;
    });
    if (failure !== undefined) throw failure;
  };
  const onStep: Restoring["onStep"] = (step, done) => {
    restoring.onStep?.(step, done);
    at = step;
    tell();
  };
  const onProgress: RejudgeWish["onProgress"] = (doing, decisions) => {
    wish.onProgress?.(doing, decisions);
    tell();
  };
  try {
    const applied = await applyRejudge({ ...restoring, onStep }, { ...wish, onProgress });
    await run.end("completed", summaryOf(applied));
    return applied;
  } catch (error) {
    // What went wrong matters more than its record.
    if (!(error instanceof RunTakenOver)) await run.end("failed", { reason: String(error) }).catch(() => {});
    throw error;
  }
};

const summaryOf = (applied: RejudgeApplied): object =>
  applied.outcome === "already"
    ? { outcome: applied.outcome, epoch: applied.pointer.epoch }
    : { outcome: applied.outcome, digest: applied.digest, ...applied.diff.totals };
