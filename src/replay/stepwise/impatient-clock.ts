import type { Clock } from "../../ports/clock.ts";

/** What is waited for lasts longer than the time that is left: ask again later, and nothing is lost. */
export class NotYet extends Error {
  override readonly name = "NotYet";
  constructor() {
    super("What is waited for is not there yet: call again, and it goes on.");
  }
}

/** A clock for work that may be begun again: it does not sleep past the time that is left, but throws `NotYet`. */
export const impatientClock = (clock: Clock, remainingMs: () => number): Clock => ({
  now: () => clock.now(),
  sleep: async delayMs => {
    if (delayMs >= remainingMs()) throw new NotYet();
    await clock.sleep(delayMs);
  },
});

/** What some work answers, or that it is not done yet. */
export const unlessNotYet = async <T>(work: () => Promise<T>): Promise<T | "waiting"> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NotYet) return "waiting";
    throw error;
  }
};
