import { StopAsked } from "../replay/replay-errors.ts";
import { beginRun } from "../runs/run.ts";
import { type Drilled, type Drilling, drill } from "./drill.ts";
import type { Phase } from "./phases.ts";

/** All drills of one system: they share a scratch table. */
const SUBJECT = "table";

export type RecordedDrill =
  | { readonly outcome: "done"; readonly drilled: Drilled }
  | { readonly outcome: "stopped" }
  /** Another one runs. Instants are ISO. */
  | { readonly outcome: "busy"; readonly since: string; readonly lastSeen: string };

/**
 * `drill`, one at a time, with a record of the run beside the decisions: the one thing that it really writes.
 *
 * `isTakeOver`: goes ahead though another one may be running, as after a kill, and leaves no record.
 * Throws: as `drill`; `RunTakenOver`.
 */
export const recordedDrill = async (
  drilling: Drilling,
  { isTakeOver }: { readonly isTakeOver: boolean },
): Promise<RecordedDrill> => {
  if (isTakeOver) return unlessStopped(() => drill(drilling));
  const { objects, decisionsBucket: bucket, clock, epoch } = drilling.ledger;
  const begun = await beginRun<Phase>(
    { objects, bucket, clock, epoch },
    { kind: "drill", subject: SUBJECT, what: { at: drilling.at ?? null } },
  );
  if (begun.outcome === "busy") return begun;
  const { run } = begun;
  let failure: unknown;
  // Told without waiting: one that was taken over is stopped at the next call.
  const onPhase: Drilling["onPhase"] = (phase, done, total) => {
    drilling.onPhase?.(phase, done, total);
    void run.checkpoint(phase).catch(error => {
      failure = error;
    });
    if (failure !== undefined) throw failure;
  };
  try {
    const recorded = await unlessStopped(() => drill({ ...drilling, onPhase }));
    if (recorded.outcome === "stopped") await run.end("stopped", {});
    else {
      const { at, decisions, perSecond, isEqual } = recorded.drilled;
      await run.end("completed", { at, decisions, perSecond, isEqual });
    }
    return recorded;
  } catch (error) {
    // What went wrong matters more than its record.
    await run.end("failed", { reason: String(error) }).catch(() => {});
    throw error;
  }
};

const unlessStopped = async (
  work: () => Promise<Drilled>,
): Promise<Exclude<RecordedDrill, { outcome: "busy" }>> => {
  try {
    return { outcome: "done", drilled: await work() };
  } catch (error) {
    if (error instanceof StopAsked) return { outcome: "stopped" };
    throw error;
  }
};
