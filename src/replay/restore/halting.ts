import type { AnyLedger } from "../../ledger/ledger.ts";
import { placeOfLive, readLive } from "../../ledger/live.ts";
import { isEpochOver } from "../../ledger/publish.ts";
import { type Consumers, halt, resume } from "../control/halt.ts";
import { haltReason, isHaltOver } from "./halted-for.ts";
import type { BegunPlan } from "./plan.ts";
import { RestoreRefused, RestoreTakenOver } from "./restore-errors.ts";

/** Nobody is going to undo this halt but the run that made it. */
const UNDO_TRIES_MAX = 4;

/** What a restore stops, and sets going again. */
export type RestoreConsumers = {
  /** Stops all consumption. */
  halt(reason: string): Promise<void>;
  /** Undoes the halt of this restore, or of one that is over, and of none else. */
  resume(reason: string): Promise<void>;
};

/**
 * Consumers as a restore halts them: a halt by hand outlives it, and so does that of a restore under way. One that stands
 * for a restore that is over gives way, or whoever left it would undo it meanwhile.
 */
export const consumersOfRestore = (consumers: Consumers): RestoreConsumers => ({
  halt: async reason => {
    await halt(consumers, reason, async standing => standing !== reason && isHaltOver(consumers, standing));
  },
  resume: async reason => {
    const isOurs = async (standing: string) => standing === reason || isHaltOver(consumers, standing);
    await resume(consumers, `${reason} is done`, isOurs);
  },
});

/**
 * Halts everything, and does what a restore does from there on. Where that fails the halt stands, so that the next run
 * goes on; unless another run has come first and nobody goes on: then it is undone.
 *
 * Throws: as `checkSealed`; what the work and the ports throw.
 */
export const underHalt = async <T>(
  { ledger, consumers }: { readonly ledger: AnyLedger; readonly consumers: RestoreConsumers },
  plan: BegunPlan,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    await consumers.halt(haltReason(plan));
    // Before the marker too: one that leads nowhere would end the epoch that is live.
    await checkSealed(ledger, plan);
    return await work();
  } catch (error) {
    await undoIfOver(ledger, consumers, haltReason(plan));
    throw error;
  }
};

/** Tries again after any failure; in the end what went wrong before matters more. */
const undoIfOver = async (ledger: AnyLedger, consumers: RestoreConsumers, reason: string): Promise<void> => {
  for (let tries = 1; tries <= UNDO_TRIES_MAX; tries += 1) {
    const isUndone = await undo(ledger, consumers, reason).then(
      () => true,
      () => false,
    );
    if (isUndone) return;
  }
};

/** Where the live epoch is ended as well, nothing would be decided: requests had better wait in their queues. */
const undo = async (ledger: AnyLedger, consumers: RestoreConsumers, reason: string): Promise<void> => {
  const place = placeOfLive(ledger);
  if (!(await isHaltOver(place, reason))) return;
  const epoch = (await readLive(place))?.epoch ?? ledger.epoch;
  if (await isEpochOver({ ...ledger, epoch, onEpochOver: undefined })) return;
  await consumers.resume(reason);
};

/**
 * Whether the epoch that the plan ends is still the live one: another restore may have been completed since it was made,
 * and what was told in that epoch would be sealed nowhere. Asked also once the marker stands, so that a pointer that
 * moves later leads to workers that see the marker, and so tell nobody anything.
 * Throws: `RestoreTakenOver`, `RestoreRefused`.
 */
export const checkSealed = async (ledger: AnyLedger, { epoch, sealed }: BegunPlan): Promise<void> => {
  const live = (await readLive(placeOfLive(ledger)))?.epoch ?? sealed;
  if (live >= epoch) throw new RestoreTakenOver(epoch);
  if (live !== sealed)
    throw new RestoreRefused(
      `Another restore was completed after this one was planned, and epoch ${live} is live: begin anew with --instead.`,
    );
};
