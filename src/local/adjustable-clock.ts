import { type AlarmClock, systemClock } from "./system-clock.ts";

/**
 * The machine's clock, moved: it shows another time and goes on from there at the machine's pace. Who sleeps on it
 * sleeps in real time, so that queues and retries go on working whatever date a story plays on.
 */
export class AdjustableClock implements AlarmClock {
  #offsetMs = 0;

  now(): number {
    return systemClock.now() + this.#offsetMs;
  }

  /** Moves the clock to an instant, milliseconds since the epoch; backwards is allowed. */
  set(toMs: number): void {
    this.#offsetMs = toMs - systemClock.now();
  }

  advance(byMs: number): void {
    this.#offsetMs += byMs;
  }

  sleep(delayMs: number): Promise<void> {
    return systemClock.sleep(delayMs);
  }

  alarm(delayMs: number, ring: () => void): () => void {
    return systemClock.alarm(delayMs, ring);
  }
}
