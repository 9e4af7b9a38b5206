import { readCatalogue } from "../../ledger/catalogue.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { placeOfLive } from "../../ledger/live.ts";
import { checkDecisions } from "../restore/missing-decisions.ts";
import type { RestorePlan, RestoreWish } from "../restore/plan.ts";
import { checkRestore, type Restoring, restore } from "../restore/restore.ts";
import type { Step } from "../restore/steps.ts";
import { type Difference, differenceText } from "../verify/difference.ts";
import { verifyDecisions } from "../verify/verify-decisions.ts";
import { unlessNotYet } from "./impatient-clock.ts";

/** What a stream may show while it waits for its repair: it lacks something, and nothing of it is otherwise. */
const LACKING: ReadonlySet<Difference["what"]> = new Set([
  "head-missing",
  "head-behind",
  "line-missing",
  "unrepaired",
]);

/** Thrown to stop a restore right before it moves the pointer. */
class Prepared extends Error {
  override readonly name = "Prepared";
}

/** What a restore would do: looked at, and nothing written. Throws: `RestoreRefused`; as `recordedRestore`. */
export const planned = async (restoring: Restoring, wish: RestoreWish): Promise<RestorePlan> => {
  const { plan } = await checkRestore(restoring, wish);
  await checkDecisions(placeOfLive(restoring.ledger), plan);
  return plan;
};

/**
 * Everything a restore does before it moves the pointer. `waiting`: the table of the past is not there yet; called
 * again it goes on, if the ledger's clock is an impatient one. Throws: as `restore`.
 */
export const prepare = async (restoring: Restoring, wish: RestoreWish): Promise<"prepared" | "waiting"> => {
  const onStep = (step: Step, done?: number): void => {
    restoring.onStep?.(step, done);
    if (step === "pointer") throw new Prepared();
  };
  try {
    const restored = await unlessNotYet(() => restore({ ...restoring, onStep }, wish));
    if (restored === "waiting") return "waiting";
    throw new Error("Expected a restore to stop before it moves the pointer");
  } catch (error) {
    if (error instanceof Prepared) return "prepared";
    throw error;
  }
};

/** What verification found of a table that is not live yet. `isEqual`: it may go live. */
export type RestoredVerified = {
  readonly isEqual: boolean;
  readonly decisions: number;
  readonly streams: number;
  /** Streams that wait for their repair: what they lack is known. */
  readonly toRepair: number;
  /** The first few of what is wrong, in words. */
  readonly wrong: readonly string[];
};

const WRONG_MAX = 20;

/**
 * Compares a prepared table with S3 before it goes live: every head must lie on its chain, and only streams that are
 * going to be repaired may lack something. `next`: over the prepared table, in its epoch. Throws: what the ports throw.
 */
export const verifyPrepared = async (next: AnyLedger): Promise<RestoredVerified> => {
  const { decisions, streams, faults, differences } = await verifyDecisions(next);
  const wrong: string[] = [];
  let toRepair = 0;
  let count = 0;
  for (const each of [...faults, ...differences]) {
    if (LACKING.has(each.what) && (await readCatalogue(next, each.stream)) !== undefined) {
      toRepair += 1;
      continue;
    }
    count += 1;
    if (wrong.length < WRONG_MAX) wrong.push(differenceText(each));
  }
  return { isEqual: count === 0, decisions, streams, toRepair, wrong };
};
