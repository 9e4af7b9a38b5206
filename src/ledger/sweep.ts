import { isoInstant } from "../ports/clock.ts";
import type { Invocation } from "./decide.ts";
import type { OriginalName } from "./domain.ts";
import { placeOf, requestPartition } from "./entities.ts";
import type { AnyLedger } from "./ledger.ts";
import { placeOfLive, repairedAt } from "./live.ts";
import { isEpochOver, SplitBrain } from "./publish.ts";
import { drainOpened, type Releasing, releasePlace, releasing } from "./release.ts";
import { deadlineOf, type WaitingRequest, waitingRequests } from "./waiting.ts";
import { OutOfTime } from "./waits.ts";

/**
 * What a sweep did. `waiting`: parked requests it found; `decided`: those of them, and what waited for those, that it
 * decided. `isComplete`: false if its time was used up, and the next sweep goes on. `troubles`: why a place failed.
 */
export type Swept = {
  readonly waiting: number;
  readonly decided: number;
  readonly isComplete: boolean;
  readonly troubles: readonly { readonly place: string; readonly reason: string }[];
};

/** A sweep that looked at nothing, since nothing may be decided now. */
export const NOT_SWEPT: Swept = { waiting: 0, decided: 0, isComplete: false, troubles: [] };

/**
 * Decides what waits and need not: requests under a stream that is open again and follow-ups of a decided original,
 * which a crashed worker may have left there; and follow-ups whose original did not come before their deadline.
 *
 * `now`: ms since the epoch, what deadlines are compared with. A passed deadline is a decision like any other, recorded
 * with its time, on condition that the original is not decided: of the two one comes first, and nothing is decided twice.
 * One place's trouble is its own. When the epoch is over nothing is done: the next one's table has other rows. Throws: `SplitBrain`, and what the store throws while listing.
 */
export const releaseDue = async (
  ledger: AnyLedger,
  invocation: Invocation,
  { now }: { readonly now: number },
): Promise<Swept> => {
  if (await isEpochOver(ledger)) return NOT_SWEPT;
  const isRepaired = (await repairedAt(placeOfLive(ledger), ledger.epoch)) !== undefined;
  const places = new Set<string>();
  const troubles: { place: string; reason: string }[] = [];
  let [waiting, decided] = [0, 0];
  for await (const request of waitingRequests(ledger)) {
    waiting += 1;
    const place = placeOf(request.awaits);
    if (places.has(place)) continue;
    places.add(place);
    try {
      decided += await releaseIfDue(ledger, invocation, request, isRepaired ? isoInstant(now) : undefined);
    } catch (error) {
      if (error instanceof SplitBrain) throw error;
      if (error instanceof OutOfTime && invocation.remainingMs() <= 0)
        return { waiting, decided, isComplete: false, troubles };
      const reason = String(error);
      troubles.push({ place, reason });
      ledger.log.error("What waits in a place could not be decided", { place, reason });
    }
  }
  return { waiting, decided, isComplete: true, troubles };
};

const releaseIfDue = async (
  ledger: AnyLedger,
  invocation: Invocation,
  { awaits }: WaitingRequest,
  now: string | undefined,
): Promise<number> => {
  const run = releasing(ledger, invocation);
  // Found open or not by `drain` itself, which asks the head.
  if ("stream" in awaits) run.opened.add(awaits.stream);
  const released = "original" in awaits ? await releaseFollowUps(run, awaits.original, now) : 0;
  return released + (await drainOpened(run));
};

/** Without `now` no deadline passes: while a restore is being repaired an original may not be told of yet. */
const releaseFollowUps = async (
  run: Releasing,
  original: OriginalName,
  now: string | undefined,
): Promise<number> => {
  const { ledger } = run;
  const place = requestPartition(original);
  const [isDecided] = await ledger.store.get([ledger.rows.request.key(original)]);
  return releasePlace(run, place, waiting => {
    if (isDecided) return waiting;
    const deadline = deadlineOf(ledger, waiting.found.seen.time);
    return now !== undefined && deadline <= now ? { ...waiting, deadline } : undefined;
  });
};
