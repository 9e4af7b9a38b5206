const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 86_400_000;

/** Whether the text is a day of the calendar, `YYYY-MM-DD`. */
export const isDay = (text: string): boolean => {
  const startMs = DAY.test(text) ? Date.parse(`${text}T00:00:00.000Z`) : Number.NaN;
  // Date.parse takes 31 February for 3 March.
  return Number.isFinite(startMs) && new Date(startMs).toISOString().startsWith(text);
};

/** First and last-but-one instant of a UTC day, ms since the epoch: `fromMs` belongs to it, `toMs` to the next. */
export const spanOf = (day: string): { readonly fromMs: number; readonly toMs: number } => {
  if (!isDay(day)) throw new RangeError(`Expected a day as YYYY-MM-DD, got ${day}`);
  const fromMs = Date.parse(`${day}T00:00:00.000Z`);
  return { fromMs, toMs: fromMs + DAY_MS };
};
