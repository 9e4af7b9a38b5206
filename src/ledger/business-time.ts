import type { Parsed } from "./domain.ts";

const instantOf = (parsed: Parsed<unknown>, eventTime: string): Date =>
  parsed.valid ? new Date(parsed.timestamp * 1000) : new Date(eventTime);

/** YYYYMMDD in UTC, as a number; of a malformed request the day S3 stored it. */
export const businessDate = (parsed: Parsed<unknown>, eventTime: string): number =>
  Number(instantOf(parsed, eventTime).toISOString().slice(0, 10).replaceAll("-", ""));

/** HHMMSS in UTC, as a number, so without leading zeros. */
export const businessTime = (parsed: Parsed<unknown>, eventTime: string): number =>
  Number(instantOf(parsed, eventTime).toISOString().slice(11, 19).replaceAll(":", ""));
