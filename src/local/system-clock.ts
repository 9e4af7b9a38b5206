import type { Clock } from "../ports/clock.ts";

/** A clock that can also ring once, and be told not to: what waiting with an early end needs. */
export interface AlarmClock extends Clock {
  /** Calls `ring` after `delayMs` of this clock's time. Returns: cancel, which may be called at any time. */
  alarm(delayMs: number, ring: () => void): () => void;
}

/** Longest delay a Node.js timer takes (2^31 - 1 ms, about 25 days); a longer one would ring at once. */
const TIMER_DELAY_MS_MAX = 2_147_483_647;

/** The machine's clock. */
export const systemClock: AlarmClock = {
  now: () => Date.now(),
  sleep: delayMs => new Promise(resolve => setTimeout(resolve, Math.min(delayMs, TIMER_DELAY_MS_MAX))),
  alarm: (delayMs, ring) => {
    const timer = setTimeout(ring, Math.min(delayMs, TIMER_DELAY_MS_MAX));
    return () => clearTimeout(timer);
  },
};

/** Any clock as one with alarms. An alarm of a plain clock sleeps to its end even when cancelled; it only stays mute. */
export const withAlarms = (clock: Clock): AlarmClock => {
  if ("alarm" in clock) return clock as AlarmClock; // the property is what makes it one
  return {
    now: () => clock.now(),
    sleep: delayMs => clock.sleep(delayMs),
    alarm: (delayMs, ring) => {
      let cancelled = false;
      void clock.sleep(delayMs).then(() => (cancelled ? undefined : ring()));
      return () => {
        cancelled = true;
      };
    },
  };
};
