import { isoInstant } from "../../ports/clock.ts";
import type { ObjectFilter } from "./filter.ts";
import { InvalidQuery } from "./invalid-query.ts";

/** How far back a query looks that does not say it: a statement's month, and a few days. */
export const DEFAULT_DAYS = 35;

/** Days that one query walks at most, sixteen reads each: ten years, which take minutes. */
export const DAYS_MAX = 3_660;

/** How far ahead of our clock S3's may be: entries of a later time are found only by a query that says so. */
const AHEAD_DAYS = 1;

export const DAY_MS = 86_400_000;

/** Instants between which the first observation of a key lies, both included. */
export type Range = { readonly from: string; readonly to: string };

/**
 * The range a query walks. `from`: where its first page began, if this is a later one.
 * Throws: `InvalidQuery` for a range that ends before it begins, or is longer than `DAYS_MAX`.
 */
export const rangeOf = ({ since, until }: ObjectFilter, now: number, from?: string): Range => {
  const ahead = Math.max(now, since === undefined ? now : Date.parse(since)) + AHEAD_DAYS * DAY_MS;
  const to = until ?? isoInstant(ahead);
  const range = {
    from:
      from ?? since ?? isoInstant((until === undefined ? now : Date.parse(until)) - DEFAULT_DAYS * DAY_MS),
    to,
  };
  if (range.from > range.to)
    throw new InvalidQuery(
      `Expected a time range that ends after its beginning, got ${range.from} to ${to}.`,
    );
  if (Date.parse(range.to) - Date.parse(range.from) > DAYS_MAX * DAY_MS)
    throw new InvalidQuery(
      `Expected a time range of at most ${DAYS_MAX} days, got ${range.from} to ${to}: ask for a part of it.`,
    );
  return range;
};

/** The UTC days of a range (YYYY-MM-DD), oldest first. */
export const daysOf = ({ from, to }: Range): readonly string[] => {
  const [first, last] = [dayNumber(from), dayNumber(to)];
  return Array.from({ length: last - first + 1 }, (_, i) => isoInstant((first + i) * DAY_MS).slice(0, 10));
};

const dayNumber = (instant: string): number => Math.floor(Date.parse(instant) / DAY_MS);
