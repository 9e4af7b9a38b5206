import type { Clock } from "../../ports/clock.ts";

/**
 * `restore`: the table of the past is made. `collect`: the decisions in S3 are listed, read and sealed. `prepare`: the
 * table is read once, and what must be there before anything is judged is written. `repair`, `verify`: as they say.
 */
export type Phase = "restore" | "collect" | "prepare" | "repair" | "verify";
export type PhaseTime = { readonly phase: Phase; readonly ms: number };

/** Measures phases that follow each other: each lasts until the next is first told of. */
export const startPhases = (clock: Clock) => {
  const times: { phase: Phase; beganMs: number }[] = [];
  return {
    at: (phase: Phase): void => {
      if (times.at(-1)?.phase !== phase) times.push({ phase, beganMs: clock.now() });
    },
    /** Ends the last one. Returns: all, in their order. */
    end: (): readonly PhaseTime[] => {
      const endMs = clock.now();
      return times.map(({ phase, beganMs }, i) => ({
        phase,
        ms: (times[i + 1]?.beganMs ?? endMs) - beganMs,
      }));
    },
  };
};
