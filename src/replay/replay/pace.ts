import type { Clock } from "../../ports/clock.ts";

/** Takes its turn: resolves when so many decisions may be read. */
export type Pace = (decisions: number, beat: () => Promise<void>) => Promise<void>;

/** A wait is cut into pieces of this length, so that a wish to stop is heard and the run does not seem dead. */
const PIECE_MS = 1_000;

/**
 * A pace of so many decisions a second, over all that share it: whoever comes reserves the time its decisions take, and
 * waits for the end of what others reserved before. One stream is never cut, so it may be a burst of its own.
 *
 * `beat`: called before each piece of a wait; what it throws ends the wait.
 */
export const createPace = (clock: Clock, rate: number): Pace => {
  let freeAtMs = Number.NEGATIVE_INFINITY;
  return async (decisions, beat) => {
    const beginsAtMs = Math.max(freeAtMs, clock.now());
    freeAtMs = beginsAtMs + (decisions * 1000) / rate;
    const pieces = Math.ceil((beginsAtMs - clock.now()) / PIECE_MS);
    // As many pieces as the reserved time has, whatever the clock does meanwhile.
    for (let piece = 0; piece < pieces; piece += 1) {
      await beat();
      await clock.sleep(Math.max(0, Math.min(PIECE_MS, Math.ceil(beginsAtMs - clock.now()))));
    }
  };
};
