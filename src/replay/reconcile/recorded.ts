import type { AnyLedger } from "../../ledger/ledger.ts";
import { beginRun } from "../runs/run.ts";
import { type Reconciled, type ReconcileRequest, reconcile } from "./reconcile.ts";
import type { Counts } from "./tally.ts";

export type RecordedReconcile =
  | { readonly outcome: "done"; readonly reconciled: Reconciled }
  /** Another one looks at the same. Instants are ISO. */
  | { readonly outcome: "busy"; readonly since: string; readonly lastSeen: string };

/**
 * `reconcile`, one at a time for what is looked at, with a record of the run beside the decisions. One that was stopped
 * or died is begun anew: what it told is known by then.
 *
 * Throws: as `reconcile`; `RunTakenOver`.
 */
export const recordedReconcile = async (
  ledger: AnyLedger,
  request: ReconcileRequest,
): Promise<RecordedReconcile> => {
  const { scope, report, since, graceMs } = request;
  const { objects, decisionsBucket: bucket, clock, epoch } = ledger;
  const place = { objects, bucket, clock, epoch };
  const subject = report?.name ?? scope.buckets.map(bucket => `s3://${bucket}/${scope.prefix}`).join(",");
  const what = { ...scope, report: report?.name ?? null, since, graceMs };
  const begun = await beginRun<Counts>(place, { kind: "reconcile", subject, what });
  if (begun.outcome === "busy") return begun;
  const { run } = begun;
  try {
    const reconciled = await reconcile(ledger, { ...request, onProgress: run.checkpoint });
    const { examples: _, isComplete, ...summary } = reconciled;
    await run.end(isComplete ? "completed" : "stopped", summary);
    return { outcome: "done", reconciled };
  } catch (error) {
    // What went wrong matters more than its record: one that cannot be ended counts as abandoned in the end.
    await run.end("failed", { reason: String(error) }).catch(() => {});
    throw error;
  }
};
