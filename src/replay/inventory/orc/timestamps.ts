import { isoOfMillis } from "../instants.ts";
import type { Integers } from "./integer-runs.ts";
import type { Values } from "./texts.ts";
import { instantOfWall, type Zone } from "./writer-zone.ts";

/** Where ORC begins to count seconds, by the writer's clocks. */
const ORC_EPOCH_MS = Date.UTC(2015, 0, 1);
const NANOS_PER_MS = 1_000_000;

/**
 * Timestamps as ISO instants, finer digits cut off.
 *
 * ORC's timestamp has no zone: it is what the writer's clocks showed, and it is taken for UTC, as S3 means it. Seconds
 * are counted from the first of January 2015 by the writer's clocks; nanoseconds have their trailing zeros cut off.
 * Before 1970 the seconds of a fraction are one too many, which is how all writers have always written them.
 *
 * Source: ORC Specification v1, "Timestamp Columns"; ORC's readers in Java and C++ show the same.
 */
export const timestampsOf = (seconds: Integers, nanos: Integers, zone: Zone): Values<string> => {
  const baseMs = instantOfWall(zone, ORC_EPOCH_MS);
  return {
    read: count => {
      const parts = nanos.read(count);
      return Array.from(seconds.read(count), (second, index) => {
        const millis = Math.floor(nanosOf(parts[index] ?? 0) / NANOS_PER_MS);
        const coarse = baseMs + second * 1000 + millis;
        const epochMs = coarse < 0 && millis > 0 ? coarse - 1000 : coarse;
        return isoOfMillis(epochMs + zone.offsetMs(epochMs));
      });
    },
  };
};

/** The three low bits tell how many zeros, less one, were cut off; 0 is none. */
const nanosOf = (encoded: number): number => {
  const zeros = encoded % 8;
  const digits = Math.floor(encoded / 8);
  return zeros === 0 ? digits : digits * 10 ** (zeros + 1);
};
