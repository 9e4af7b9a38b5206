/** Time as an input: the system clock in production, a clock moved by hand in the local cloud and the simulation. */
export interface Clock {
  /** Milliseconds since the epoch, UTC. */
  now(): number;
  /** Resolves after `delayMs` of this clock's time. */
  sleep(delayMs: number): Promise<void>;
}

/** An instant as text: ISO 8601, UTC, milliseconds, e.g. `2026-05-06T22:44:22.000Z`. */
export const isoInstant = (epochMs: number): string => new Date(epochMs).toISOString();
