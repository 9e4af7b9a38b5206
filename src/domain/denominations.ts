import type { JsonObject, JsonValue } from "./json.ts";

const NOTES_EURO = [500, 200, 100, 50, 20, 10, 5] as const;
const COINS_EURO = [2, 1] as const;
const COINS_CENTS = [50, 20, 10, 5, 2, 1] as const;

/**
 * Value in cents of every denomination a request may name. There are no notes of 2 and 1 euro; their names are
 * kept as other names of the coins, since the Lab's own sample uses one (B2-2).
 */
export const DENOMINATIONS: ReadonlyMap<string, number> = new Map([
  ...[...NOTES_EURO, ...COINS_EURO].map(euro => [`${euro}-euro-bills`, euro * 100] as const),
  ...COINS_EURO.map(euro => [`${euro}-euro-coins`, euro * 100] as const),
  ...COINS_CENTS.map(cents => [`${cents}-cents`, cents] as const),
]);

/** More pieces of one kind than this are no cash transaction, and the sum stays far inside safe integers. */
const PIECES_MAX = 1_000_000_000;

export type CashOutcome =
  | { readonly ok: true; readonly cents: number }
  | {
      readonly ok: false;
      readonly code: "UNKNOWN_DENOMINATION" | "INVALID_AMOUNT";
      readonly denomination: string;
    };

const piecesOf = (count: JsonValue | undefined): number | undefined => {
  const pieces = typeof count === "string" && /^\d{1,10}$/.test(count) ? Number(count) : count;
  if (typeof pieces !== "number" || !Number.isInteger(pieces)) return undefined;
  return pieces >= 0 && pieces <= PIECES_MAX ? pieces : undefined;
};

/**
 * What a heap of cash is worth.
 *
 * Shape:   denomination to count; counts are integers from 0 on, or digits as text.
 * Returns: cents; UNKNOWN_DENOMINATION before INVALID_AMOUNT (negative or fractional count) within one entry.
 * Source:  edge cases B4.6-18 to 20, B2-1, B2-2.
 */
export const sumOfCash = (cash: JsonObject): CashOutcome => {
  let sum = 0;
  for (const [denomination, count] of Object.entries(cash)) {
    const unit = DENOMINATIONS.get(denomination);
    if (unit === undefined) return { ok: false, code: "UNKNOWN_DENOMINATION", denomination };
    const pieces = piecesOf(count);
    if (pieces === undefined) return { ok: false, code: "INVALID_AMOUNT", denomination };
    sum += unit * pieces;
  }
  return { ok: true, cents: sum };
};
