import type { AnyLedger } from "../../ledger/ledger.ts";
import { leftovers } from "../../ledger/place/leftovers.ts";
import { overdue } from "../../ledger/place/overdue.ts";
import { isoInstant } from "../../ports/clock.ts";
import type { NextAction } from "../../tracking/lifecycle.ts";

/** How long something may wait before it counts, in ms. */
export type Patience = { readonly undecidedMs: number; readonly unplacedMs: number };

/** What waits too long. `untagged`: requests that should have left their bucket by now. */
export type Overdue = { readonly undecided: number; readonly unplaced: number; readonly untagged: number };

/** More than that is an outage, and its size does not matter to whoever is called. */
const COUNTED_MAX = 10_000;

/** Counts what waits too long, each kind up to `COUNTED_MAX`. Throws: what the ports throw. */
export const countOverdue = async (
  ledger: AnyLedger,
  { undecidedMs, unplacedMs }: Patience,
): Promise<Overdue> => {
  const nowMs = ledger.clock.now();
  const waiting = (action: NextAction, waitedMs: number): Promise<number> =>
    counted(overdue(ledger, action, isoInstant(nowMs - waitedMs)));
  return {
    undecided: await waiting("decide", undecidedMs),
    unplaced: await waiting("place", unplacedMs),
    untagged: await counted(leftovers(ledger.objects, ledger.roles.requests, nowMs)),
  };
};

const counted = async (all: AsyncIterable<unknown>): Promise<number> => {
  let count = 0;
  for await (const _ of all) {
    count += 1;
    if (count === COUNTED_MAX) break;
  }
  return count;
};
