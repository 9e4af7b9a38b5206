import { type AccountChange, type AccountState, HOLDS_MAX, holdCount, noChange } from "./account.ts";
import { BALANCE_CENTS_MAX } from "./money.ts";
import { type Refusal, refusal } from "./refusals.ts";

/** UNKNOWN_ACCOUNT, then CUSTOMER_MISMATCH. */
export const checkAccount = (
  state: AccountState,
  account: string,
  customer: string | undefined,
): Refusal | undefined => {
  if (state.status === "NONE") return refusal("UNKNOWN_ACCOUNT", { account });
  if (customer === undefined || customer === state.customer) return undefined;
  return refusal("CUSTOMER_MISMATCH", { account, requestCustomer: customer });
};

/** A credit may not lift a balance over its ceiling. */
export const checkCeiling = (state: AccountState, amountCents: number): Refusal | undefined =>
  state.actualCents + amountCents > BALANCE_CENTS_MAX
    ? refusal("AMOUNT_TOO_LARGE", { amountCents, actualCents: state.actualCents })
    : undefined;

/** Debits are judged against AVAILABLE; exactly down to zero is allowed. */
export const checkFunds = (state: AccountState, amountCents: number): Refusal | undefined =>
  state.availableCents < amountCents
    ? refusal("INSUFFICIENT_FUNDS", { amountCents, availableCents: state.availableCents })
    : undefined;

/** A hold may be taken once per request, and at most `HOLDS_MAX` of them per account. */
export const checkHold = (state: AccountState, request: string): Refusal | undefined => {
  if (Object.hasOwn(state.holds, request)) return refusal("REQUEST_ID_REUSED", { request });
  return holdCount(state) >= HOLDS_MAX
    ? refusal("TOO_MANY_OPEN_PAYMENTS", { openCount: holdCount(state) })
    : undefined;
};

/** A change that posts signed cents to both balances. */
export const posting = (cents: number): AccountChange => ({
  ...noChange(),
  actualCents: cents,
  availableCents: cents,
});
