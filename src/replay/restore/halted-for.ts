import { type LivePlace, readLive } from "../../ledger/live.ts";
import type { BegunPlan } from "./plan.ts";

const REASON = /^restore to epoch \d+, after epoch (\d+)$/;

/**
 * Why everything is halted while a restore ends one epoch and begins another. Runs of the same restore give the same
 * reason, and so undo each other's halt.
 */
export const haltReason = ({ epoch, sealed }: Pick<BegunPlan, "epoch" | "sealed">): string =>
  `restore to epoch ${epoch}, after epoch ${sealed}`;

/** Whether a halt was made by a restore, and not by hand. */
export const isForRestore = (reason: string): boolean => REASON.test(reason);

/**
 * Whether a halt was made by a restore that is not under way any more, so that nobody is going to undo it: the epoch which
 * it was to end is not the live one, because it was completed, or another one was. Throws: what the object store throws.
 */
export const isHaltOver = async (place: LivePlace, reason: string): Promise<boolean> => {
  const sealed = REASON.exec(reason)?.[1];
  if (sealed === undefined) return false;
  const live = await readLive(place);
  return live !== undefined && live.epoch > Number(sealed);
};
