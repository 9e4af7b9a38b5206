import { Decimal } from "decimal.js";

declare const amount: unique symbol;
declare const balance: unique symbol;

/** An amount of a request in integer cents: a safe integer above 0. */
export type AmountCents = number & { readonly [amount]: true };
/** A balance in integer cents: a safe integer from 0 to `BALANCE_CENTS_MAX`. */
export type BalanceCents = number & { readonly [balance]: true };

/** No credit may lift a balance above this, so that every sum of two stays a safe integer (ruling 1). */
export const BALANCE_CENTS_MAX = 9_000_000_000_000_000;
/** Digits before the point (B2-18). */
export const AMOUNT_DIGITS_MAX = 13;

export type AmountRefusal =
  | "INVALID_AMOUNT"
  | "NON_POSITIVE_AMOUNT"
  | "TOO_MANY_DECIMALS"
  | "AMOUNT_TOO_LARGE";

export type AmountOutcome =
  | { readonly ok: true; readonly cents: AmountCents }
  | { readonly ok: false; readonly code: AmountRefusal };

const LITERAL = /^(-?)(\d+)(?:\.(\d+))?$/;
// A private copy: settings of the shared constructor belong to nobody. 40 digits are more than any cents need.
const Exact = Decimal.clone({ precision: 40 });

const refusalOf = (literal: RegExpExecArray): AmountRefusal | undefined => {
  const [text, sign, whole = "", decimals = ""] = literal;
  if (sign === "-" || !/[1-9]/.test(text)) return "NON_POSITIVE_AMOUNT";
  if (decimals.length > 2) return "TOO_MANY_DECIMALS";
  return whole.length > AMOUNT_DIGITS_MAX ? "AMOUNT_TOO_LARGE" : undefined;
};

/**
 * Cents of an amount as requests write it.
 *
 * Shape:   decimal text in euro, point as separator: `1`, `1.2`, `1.20`; at most 13 digits and 2 decimals.
 * Returns: integer cents, or the refusal code. A JSON number is INVALID_AMOUNT: it may have been rounded already.
 * Source:  edge cases B4.6-15 to 17. Never rounds.
 */
export const parseAmount = (literal: unknown): AmountOutcome => {
  const match = typeof literal === "string" ? LITERAL.exec(literal) : null;
  if (match === null) return { ok: false, code: "INVALID_AMOUNT" };
  const code = refusalOf(match);
  if (code !== undefined) return { ok: false, code };
  // The grammar leaves at most 15 digits of cents, a positive safe integer: what the brand says.
  return { ok: true, cents: new Exact(match[0]).times(100).toNumber() as AmountCents };
};

/**
 * Cents as text in euro with two decimals: 123450 is `1234.50`, -5 is `-0.05`.
 *
 * Throws: if it is not a safe integer, which no cents ever are.
 */
export const printCents = (cents: number): string => {
  if (!Number.isSafeInteger(cents)) throw new Error(`Expected integer cents, got ${cents}`);
  return new Exact(cents).dividedBy(100).toFixed(2);
};

/** Declares an integer a balance. Throws outside 0 to `BALANCE_CENTS_MAX`: guards must have seen to that. */
export const balanceCents = (cents: number): BalanceCents => {
  if (!Number.isSafeInteger(cents) || cents < 0 || cents > BALANCE_CENTS_MAX)
    throw new Error(`Expected a balance in cents from 0 to ${BALANCE_CENTS_MAX}, got ${cents}`);
  return cents as BalanceCents;
};
