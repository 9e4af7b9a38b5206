import { isoInstant } from "../ports/clock.ts";
import type { Awaits } from "./domain.ts";
import { awaitedIn } from "./entities.ts";
import type { AnyLedger } from "./ledger.ts";
import { overdue } from "./place/overdue.ts";

/** A request that is parked, as listings and sweeps see it. */
export type WaitingRequest = {
  readonly key: string;
  /** When S3 stored the request, ISO instant. */
  readonly since: string;
  readonly awaits: Awaits;
  /** When it is refused if its original has not come; absent for one that waits for a closed stream. */
  readonly deadline?: string;
};

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Later than anything S3 stored: all that waits, however short. */
const END_OF_TIME = "9999-12-31T23:59:59.999Z";

/** Until when a request waits for its original, counted from when S3 stored it; ISO instant. Source: ruling 23. */
export const deadlineOf = ({ parkedDays }: Pick<AnyLedger, "parkedDays">, since: string): string =>
  isoInstant(Date.parse(since) + parkedDays * DAY_MS);

/**
 * What is parked, the longest waiting first. From an index that may lag a moment behind: good to show and to find
 * candidates by, never to decide on.
 */
export async function* waitingRequests(ledger: AnyLedger): AsyncGenerator<WaitingRequest> {
  for await (const { key, parked } of overdue(ledger, "release", END_OF_TIME)) {
    if (parked?.awaits === undefined) continue;
    const awaits = awaitedIn(parked.awaits);
    const { since } = parked;
    yield { key, since, awaits, ...("original" in awaits ? { deadline: deadlineOf(ledger, since) } : {}) };
  }
}
