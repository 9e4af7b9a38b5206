import { type AlarmClock, systemClock } from "./system-clock.ts";

/**
 * The machine's clock, moved: it shows another time and goes on from there at the machine's pace. Who sleeps on it
 * sleeps in real time, so that queues and retries go on working whatever date a story plays on.
 */
export class AdjustableClock implements AlarmClock {
  #offsetMs = 0;
  readonly #listeners = new Set<(beforeMs: number) => void>();

  now(): number {
    return systemClock.now() + this.#offsetMs;
  }

  /** Moves the clock to an instant, milliseconds since the epoch; backwards is allowed. */
  set(toMs: number): void {
    this.#move(toMs - systemClock.now());
  }

  advance(byMs: number): void {
    this.#move(this.#offsetMs + byMs);
  }

  /** Calls `listener` after each move, with the time before it, ms since the epoch. Returns: stop. */
  onMove(listener: (beforeMs: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  sleep(delayMs: number): Promise<void> {
    return systemClock.sleep(delayMs);
  }

  alarm(delayMs: number, ring: () => void): () => void {
    return systemClock.alarm(delayMs, ring);
  }

  #move(offsetMs: number): void {
    const beforeMs = this.now();
    this.#offsetMs = offsetMs;
    for (const listener of this.#listeners) listener(beforeMs);
  }
}
