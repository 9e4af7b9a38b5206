import { Heap } from "./heap.ts";
import type { AlarmClock } from "./system-clock.ts";

type Sleeper = { readonly atMs: number; readonly order: number; ring: (() => void) | undefined };

/**
 * A clock that stands still until it is moved. Sleepers wake in the order of their time, those of one instant in the
 * order in which they fell asleep; while each wakes, the clock shows the time it asked for.
 */
export class ManualClock implements AlarmClock {
  #nowMs: number;
  #order = 0;
  readonly #sleepers = new Heap<Sleeper>((a, b) => a.atMs - b.atMs || a.order - b.order);

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise(resolve => this.alarm(delayMs, resolve));
  }

  alarm(delayMs: number, ring: () => void): () => void {
    const sleeper: Sleeper = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, ring };
    this.#sleepers.push(sleeper);
    return () => {
      sleeper.ring = undefined;
    };
  }

  /** When the next sleeper wakes, ms since the epoch; absent when nobody sleeps. */
  nextWakeMs(): number | undefined {
    while (this.#sleepers.peek() !== undefined && this.#sleepers.peek()?.ring === undefined)
      this.#sleepers.pop();
    return this.#sleepers.peek()?.atMs;
  }

  advance(byMs: number): void {
    this.set(this.#nowMs + byMs);
  }

  /** Moves the clock. Backwards is allowed (clocks do that) and wakes nobody. */
  set(toMs: number): void {
    for (let next = this.nextWakeMs(); next !== undefined && next <= toMs; next = this.nextWakeMs()) {
      const sleeper = this.#sleepers.pop();
      this.#nowMs = Math.max(this.#nowMs, next);
      sleeper?.ring?.();
    }
    this.#nowMs = toMs;
  }
}
