import type { Random } from "../ports/random.ts";

/**
 * A small reproducible generator: the same seed gives the same numbers on every machine.
 *
 * Shape: any number; only its 32 low bits count.
 * Source: Mulberry32 by Tommy Ettinger (public domain), 32 bits of state. Good enough to shuffle and to drop, useless
 * for secrets.
 */
export const seededRandom = (seed: number): Random => {
  let state = seed | 0;
  return {
    next: () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
};

/** A whole number at or above 0 and below `below`. */
export const randomInteger = (random: Random, below: number): number => Math.floor(random.next() * below);
