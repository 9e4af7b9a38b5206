const INSTANT = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?Z$/;
const DAY_SECONDS = 86_400;

/** Days from 1970-01-01 to a date of the Gregorian calendar, counted in years that begin in March. */
const daysSinceEpoch = (year: number, month: number, day: number): number => {
  const shifted = month <= 2 ? year - 1 : year;
  const leapDays = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400);
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return shifted * 365 + leapDays + dayOfYear - 719_468;
};

/**
 * Seconds since the epoch of an instant, its fraction dropped.
 *
 * Shape:   ISO 8601 in UTC with `Z`, as S3 writes event times: `2026-05-06T22:44:22.000Z`; fraction optional.
 * Returns: whole seconds.
 * Throws:  if the text is no such instant: event times come from the machinery, so that is a defect.
 */
export const secondsOfInstant = (text: string): number => {
  const parts = INSTANT.exec(text)?.slice(1, 7).map(Number);
  if (parts === undefined) throw new Error(`Expected an ISO instant in UTC, got ${JSON.stringify(text)}`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  return daysSinceEpoch(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second;
};
