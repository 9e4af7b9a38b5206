import type { BridgeTime } from "./ports.ts";

/**
 * Does something again and again beside other work: extends what would run out.
 *
 * Returns: stop, which may be called again; it resolves when nothing is under way.
 */
export const keepUp = (
  time: BridgeTime,
  everyMs: number,
  work: () => Promise<void>,
): (() => Promise<void>) => {
  let isOver = false;
  let cancel = (): void => {};
  let working = Promise.resolve();
  const wait = (): void => {
    cancel = time.alarm(everyMs, () => {
      working = work().then(() => (isOver ? undefined : wait()));
    });
  };
  wait();
  return async () => {
    isOver = true;
    cancel();
    await working;
  };
};
