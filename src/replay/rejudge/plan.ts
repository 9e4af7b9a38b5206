import type { AnyLedger } from "../../ledger/ledger.ts";
import { placeOfLive } from "../../ledger/live.ts";
import { epochText } from "../../ledger/names.ts";
import { isoInstant } from "../../ports/clock.ts";
import { type BegunPlan, baseText, firstTable, newestMarker, readPlan } from "../restore/plan.ts";
import { RestoreRefused } from "../restore/restore-errors.ts";

/**
 * What a rejudge does, once and for all. It takes two epochs: the first is never live, and holds the new decisions under
 * the names that decisions have; its marker, `fence`, ends the epoch before. The second begins with the sealed list.
 */
export type RejudgePlan = {
  readonly fence: BegunPlan;
  readonly live: BegunPlan;
  /** Its first marker was written before, by a rejudge that did not finish. */
  readonly isBegun: boolean;
};

/**
 * The plan of a rejudge: that of one of the same digest that has begun, else a new one. Writes nothing.
 *
 * `table`: the live one. Throws: `RestoreRefused` where a restore, or another rejudge, has begun and is not finished.
 */
export const planRejudge = async (
  ledger: AnyLedger,
  table: string,
  { digest, reason }: { readonly digest: string; readonly reason: string },
): Promise<RejudgePlan> => {
  const place = placeOfLive(ledger);
  const newest = Math.max(await newestMarker(place), ledger.epoch);
  const begun = newest > ledger.epoch ? await readPlan(place, newest) : undefined;
  if (begun === undefined) {
    const fence: BegunPlan = {
      epoch: newest + 1,
      sealed: ledger.epoch,
      from: { kind: "rejudge", digest },
      source: table,
      table: tableOf(table, newest + 2),
      reach: isoInstant(0),
      reason,
      begunAt: isoInstant(ledger.clock.now()),
    };
    return { fence, live: { ...fence, epoch: newest + 2 }, isBegun: false };
  }
  if (begun.from.kind !== "rejudge" || begun.from.digest !== digest)
    throw new RestoreRefused(
      `A restore from ${baseText(begun.from)} to epoch ${newest} has begun and is not finished: finish it first.`,
    );
  const isFence = begun.table !== tableOf(table, begun.epoch);
  const fence = isFence ? begun : { ...begun, epoch: begun.epoch - 1 };
  return { fence, live: { ...fence, epoch: fence.epoch + 1 }, isBegun: true };
};

const tableOf = (table: string, epoch: number): string => `${firstTable(table)}-${epochText(epoch)}`;
