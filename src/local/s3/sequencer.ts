import type { Random } from "../../ports/random.ts";
import { randomInteger } from "../seeded-random.ts";

/** How many steps of the fraction one millisecond has: 2^32 / 1000, rounded down. */
const STEPS_PER_MS = 4_294_967;

/** `varying`: the leading zeros change from event to event, which a reader that pads on the right gets wrong. */
export type SequencerWidths = "fixed" | "varying";

/**
 * A sequencer in S3's form: upper-case hex, 18 digits, of which the 3rd to the 10th are the epoch second.
 *
 * Later instants give greater values, so one strictly increasing clock for a whole store orders every key's events.
 * Source: real samples (`0055AED6DCD90281E5`); Amazon S3 User Guide, "Event message structure".
 */
export const sequencerAt = (epochMs: number, random: Random, widths: SequencerWidths): string => {
  const second = Math.floor(epochMs / 1000);
  const fraction = (epochMs % 1000) * STEPS_PER_MS + randomInteger(random, STEPS_PER_MS);
  const digits = second.toString(16).padStart(8, "0") + fraction.toString(16).padStart(8, "0");
  const leading = widths === "fixed" ? 2 : randomInteger(random, 5);
  return ("0".repeat(leading) + digits).toUpperCase();
};
