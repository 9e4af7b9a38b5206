import { type ControlPlace, type ControlRecord, readControl } from "./control.ts";

/** How long a consumer may go on after a halt that its event source has not heard of yet. */
export const LOOK_EVERY_MS = 3_000;

/**
 * Tells a consumer whether everything is halted: belt and braces, for an event source that goes on for a moment after
 * it was disabled.
 *
 * Asks at the first call, then at most every `LOOK_EVERY_MS` by the clock, also where that was moved back. While halted
 * it asks each time, so that nothing is sent back once work has been resumed.
 * Throws: what the object store throws; the batch then comes again.
 */
export const haltGuard = (place: ControlPlace): (() => Promise<boolean>) => {
  let known: ControlRecord | undefined;
  let lookedAtMs = 0;
  return async () => {
    const nowMs = place.clock.now();
    if (known?.state === "running" && Math.abs(nowMs - lookedAtMs) < LOOK_EVERY_MS) return false;
    known = await readControl(place, known);
    lookedAtMs = nowMs;
    return known.state === "halted";
  };
};
