import { placeOfLive } from "../../ledger/live.ts";
import { beginRun } from "../runs/run.ts";
import { checkDecisions } from "./missing-decisions.ts";
import type { RestoreWish } from "./plan.ts";
import { checkRestore, type Restored, type Restoring, restore } from "./restore.ts";
import { RestoreRefused } from "./restore-errors.ts";
import type { Step } from "./steps.ts";

/** All restores of one system: one at a time, whatever they restore to. */
const SUBJECT = "table";

/**
 * `restore`, one at a time, with a record of the run beside the decisions. What is refused leaves no record.
 *
 * `isTakeOver`: goes on though another one may be running, as after a kill, instead of waiting until that counts as dead.
 * Both then write the same; the slower one stops as soon as it sees the pointer moved.
 * Throws: as `restore`, `ManifestDamaged` also before anything is changed, where a decision that it has to read is missing;
 *         `RestoreRefused` where another one runs; `RunTakenOver`.
 */
export const recordedRestore = async (
  restoring: Restoring,
  wish: RestoreWish,
  { isTakeOver }: { readonly isTakeOver: boolean },
): Promise<Restored> => {
  const { plan } = await checkRestore(restoring, wish);
  await checkDecisions(placeOfLive(restoring.ledger), plan);
  if (isTakeOver) return restore(restoring, wish);
  const { objects, decisionsBucket: bucket, clock, epoch: live } = restoring.ledger;
  const place = { objects, bucket, clock, epoch: live };
  const begun = await beginRun<Step>(place, { kind: "restore", subject: SUBJECT, what: wish });
  if (begun.outcome === "busy")
    throw new RestoreRefused(
      `Another restore runs since ${begun.since}, last seen ${begun.lastSeen}: wait for its end, or go on in its place with --take-over if it was killed.`,
    );
  const { run } = begun;
  await run.checkpoint("check");
  let failure: unknown;
  // Told without waiting: a run that was taken over is stopped by the pointer at the latest.
  const onStep: Restoring["onStep"] = (step, done) => {
    restoring.onStep?.(step, done);
    void run.checkpoint(step).catch(error => {
      failure = error;
    });
    if (failure !== undefined) throw failure;
  };
  try {
    const restored = await restore({ ...restoring, onStep }, wish);
    const { gated, catalogued } = restored;
    const { epoch, table } = restored.plan;
    await run.end("completed", { epoch, table, gated, catalogued });
    return restored;
  } catch (error) {
    // What went wrong matters more than its record.
    await run.end("failed", { reason: String(error) }).catch(() => {});
    throw error;
  }
};
