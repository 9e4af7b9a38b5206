import { setImmediate } from "node:timers/promises";
import type { Invariant } from "./invariants.ts";
import { type HistoryEnd, runHistory } from "./run.ts";
import { tapeOfBytes } from "./tape.ts";

/** Histories tried at most: each takes some 50 ms. */
const TRIES_MAX = 300;

/**
 * Looks for a calmer tape that breaks the same promise: cuts its end, then turns pieces of it to zero, ever smaller ones.
 * Asks before each try whether to go on. Returns: the calmest found, and how its history went.
 */
export const shrink = async (
  bytes: Uint8Array,
  invariant: Invariant,
  goesOn: () => boolean = () => true,
): Promise<{ readonly bytes: Uint8Array; readonly end: HistoryEnd }> => {
  let tries = 0;
  const breaks = async (candidate: Uint8Array): Promise<HistoryEnd | undefined> => {
    // Histories never wait for the outside: without a turn in between no signal would be heard.
    await setImmediate();
    if (tries > 0 && !goesOn()) tries = TRIES_MAX;
    if (tries >= TRIES_MAX) return undefined;
    tries += 1;
    const end = await runHistory(tapeOfBytes(candidate), {}, {});
    return end.violation?.invariant === invariant ? end : undefined;
  };
  let best = bytes;
  let end = await breaks(bytes);
  if (end === undefined)
    throw new Error(`The tape does not break ${invariant} again: something is left to chance.`);
  const keepIf = async (candidate: Uint8Array): Promise<boolean> => {
    const found = await breaks(candidate);
    if (found === undefined) return false;
    best = candidate;
    end = found;
    return true;
  };
  for (let share = 2; share <= 16 && tries < TRIES_MAX; share *= 2)
    while (best.length > 1 && (await keepIf(best.slice(0, best.length - Math.ceil(best.length / share)))));
  for (
    let size = Math.ceil(best.length / 2);
    size >= 1 && tries < TRIES_MAX;
    size = size > 1 ? Math.ceil(size / 2) : 0
  )
    for (let at = 0; at < best.length && tries < TRIES_MAX; at += size) {
      if (best.subarray(at, at + size).every(byte => byte === 0)) continue;
      const candidate = best.slice();
      candidate.fill(0, at, at + size);
      await keepIf(candidate);
    }
  return { bytes: best, end };
};
