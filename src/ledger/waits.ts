import type { AnyLedger } from "./ledger.ts";

const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 1_000;

/** How long an invocation may still begin new tries, by a clock that nobody moves (Lambda's own). */
export type RemainingMs = () => number;

/** The time of one invocation is used up; the message comes again. */
export class OutOfTime extends Error {
  override readonly name = "OutOfTime";
  constructor(key: string, attempts: number, lastReason: string) {
    super(
      `${key} is not decided after ${attempts} tries, the last one met ${lastReason}: its message will come again.`,
    );
  }
}

/**
 * Waits before another try, or gives up when the invocation's time is used up.
 *
 * Bounded by time and not by a count: on a busy stream many tries may be lost to others, and a request must not be
 * dead-lettered for that. The wait doubles up to a second and is drawn at random below it, so that rivals part.
 */
export const waitForNextTry = async (
  ledger: AnyLedger,
  remainingMs: RemainingMs,
  key: string,
  attempt: number,
  reason: string,
): Promise<void> => {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1));
  const waitMs = Math.ceil(ledger.random.next() * longest);
  if (waitMs >= remainingMs()) throw new OutOfTime(key, attempt, reason);
  await ledger.clock.sleep(waitMs);
};
