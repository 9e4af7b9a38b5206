import { isoInstant } from "../ports/clock.ts";

/** A JSON object of unknown content. */
export type Fields = Readonly<Record<string, unknown>>;

/** Text from outside has not the shape it must have. Caught by the parser that reads it, and told as a value. */
export class UnexpectedShape extends Error {
  override readonly name = "UnexpectedShape";
  constructor(path: string, expected: string, got: unknown) {
    super(`${path}: expected ${expected}, got ${describe(got)}`);
  }
}

/** How much of an unexpected text is repeated in a reason. */
const QUOTED_LENGTH_MAX = 60;

const describe = (value: unknown): string => {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return JSON.stringify(value).slice(0, QUOTED_LENGTH_MAX);
};

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const fieldsAt = (value: unknown, path: string): Fields => {
  if (!isFields(value)) throw new UnexpectedShape(path, "an object", value);
  return value;
};

export const textAt = (value: unknown, path: string): string => {
  if (typeof value !== "string" || value === "") throw new UnexpectedShape(path, "text", value);
  return value;
};

export const jsonAt = (text: string, path: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnexpectedShape(path, "JSON", text);
  }
};

/** Text that may be missing; anything else there counts as missing, since nothing of importance hangs on it. */
export const textOrNone = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** A field of an object that may itself be missing. */
export const fieldOf = (value: unknown, name: string): unknown => (isFields(value) ? value[name] : undefined);

/**
 * A size in bytes, or none. JSON numbers above 2^53 have lost digits by the time they are read: no size is better
 * than a wrong one, and S3 holds no object that large.
 */
export const sizeOrNone = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

const ISO_INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** An ISO instant of any precision as one of milliseconds in UTC, or none. */
export const instantOrNone = (value: unknown): string | undefined => {
  if (typeof value !== "string" || !ISO_INSTANT.test(value)) return undefined;
  const epochMs = Date.parse(value);
  if (Number.isNaN(epochMs)) return undefined;
  const instant = isoInstant(epochMs);
  // A zone may carry the first and last hours of the calendar out of four-digit years.
  return ISO_INSTANT.test(instant) ? instant : undefined;
};

export const instantAt = (value: unknown, path: string): string => {
  const instant = instantOrNone(value);
  if (instant === undefined) throw new UnexpectedShape(path, "an ISO instant with a zone", value);
  return instant;
};
