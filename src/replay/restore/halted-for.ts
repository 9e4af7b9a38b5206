import { type LivePlace, readLive } from "../../ledger/live.ts";

const BEGIN = "restore to epoch ";

/** Why everything is halted while a restore begins this epoch. */
export const haltReason = (epoch: number): string => `${BEGIN}${epoch}`;

/** Whether a halt was made by a restore, and not by hand. */
export const isForRestore = (reason: string): boolean => reason.startsWith(BEGIN);

/**
 * Whether a halt was made by a restore whose epoch is live or has passed, so that nobody is going to undo it: one that was
 * given up for another, which was begun instead. Throws: what the object store throws.
 */
export const isHaltOver = async (place: LivePlace, reason: string): Promise<boolean> => {
  if (!isForRestore(reason)) return false;
  const live = await readLive(place);
  return live !== undefined && Number(reason.slice(BEGIN.length)) <= live.epoch;
};
