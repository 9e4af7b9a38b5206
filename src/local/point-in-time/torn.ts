import type { Torn } from "../../ports/point-in-time.ts";
import { fnv1a } from "../fnv.ts";
import { seededRandom } from "../seeded-random.ts";

/** Chance that an item comes as of the instant asked for, and not as of an earlier one. */
const WHOLE_CHANCE = 0.5;

/** As of when an item comes in a torn restore, epoch milliseconds: its own matter, whatever other items there are. */
export const tornInstant = (name: string, atMs: number, { seed, withinMs }: Torn): number => {
  const random = seededRandom(seed ^ fnv1a(name));
  return random.next() < WHOLE_CHANCE ? atMs : atMs - Math.floor(random.next() * (withinMs + 1));
};
