import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";

/** What a schedule on AWS would be set to: deadlines are days, and a drainer that died is rare. */
const SWEEP_EVERY_MS = 5 * 60_000;
/** The cloud's clock may be moved at any time, so it is looked at often. */
const LOOK_EVERY_MS = 1_000;

/**
 * Stands in for the schedule of the sweep function: calls it every five minutes of the cloud's clock, one call at a time.
 *
 * A sweep that fails is logged; as on AWS, the next one does its work. Returns: a stop, which waits for a running sweep.
 */
export const keepSweeping = (
  clock: Clock,
  log: Log,
  sweep: () => Promise<unknown>,
): (() => Promise<void>) => {
  let sweptAtMs = clock.now();
  let running: Promise<void> | undefined;
  const look = (): void => {
    if (running !== undefined || Math.abs(clock.now() - sweptAtMs) < SWEEP_EVERY_MS) return;
    sweptAtMs = clock.now();
    running = sweep()
      .then(
        () => undefined,
        (error: unknown) => log.error("The sweep failed", { reason: String(error) }),
      )
      .finally(() => {
        running = undefined;
      });
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return async () => {
    clearInterval(timer);
    await running;
  };
};
