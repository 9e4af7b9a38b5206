/** A moment in Lab 4's attributes: numbers, UTC; HHMMSS loses its leading zeros and midnight is 0. */
export type LabTime = { readonly TransactionDate: number; readonly TransactionTime: number };

/** Seconds since the epoch as YYYYMMDD and HHMMSS, UTC (B2-19). */
export const labTime = (seconds: number): LabTime => {
  const [date = "", time = ""] = new Date(seconds * 1000).toISOString().split("T");
  return {
    TransactionDate: Number(date.replaceAll("-", "")),
    TransactionTime: Number(time.slice(0, 8).replaceAll(":", "")),
  };
};

/** Seconds since the epoch as `YYYY-MM-DD HH:MM:SS`, UTC. */
export const printTime = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");

/** The month of a statement, `YYYY-MM`, UTC. */
export const monthOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 7);
