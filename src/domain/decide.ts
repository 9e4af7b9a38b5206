import type { AccountChange, AccountState } from "./account.ts";
import { holdName, noChange } from "./account.ts";
import { checkAccount, checkCeiling, checkFunds, checkHold, posting } from "./guards.ts";
import { refusal } from "./refusals.ts";
import type { BankRequest, RequestOf } from "./request.ts";
import type { Settings } from "./settings.ts";
import { settle } from "./settle.ts";
import { accepted, type Context, refused, stateOf, type Verdict } from "./verdict.ts";

const openAccount = (request: RequestOf<"open_account">, context: Context): Verdict => {
  const { account, customer } = request;
  if (stateOf(context, account).status !== "NONE") return refused(refusal("ACCOUNT_EXISTS", { account }));
  return accepted([{ stream: account, change: { ...noChange(), status: "OPEN", customer } }], {});
};

/** Opening as a by-product: what the change needs to say, or undefined where the account is not opened. */
const autoOpening = (
  { customer, verified }: RequestOf<"cash_deposit">,
  state: AccountState,
  settings: Settings,
): Pick<AccountChange, "status" | "customer"> | undefined =>
  // Cash nobody has counted opens no account: if its verification refused it, an empty account would remain.
  settings.autoOpen && verified && customer !== undefined && state.status === "NONE"
    ? { status: "OPEN", customer }
    : undefined;

const cashDeposit = (request: RequestOf<"cash_deposit">, context: Context): Verdict => {
  const { account, amountCents, verified, id, customer } = request;
  const state = stateOf(context, account);
  const opening = autoOpening(request, state, context.settings);
  const hold = holdName("deposit", id);
  const wrong =
    (opening ? undefined : checkAccount(state, account, customer)) ??
    (verified ? checkCeiling(state, amountCents) : checkHold(state, hold));
  if (wrong) return refused(wrong);
  const change: AccountChange = verified
    ? { ...posting(amountCents), ...opening }
    : { ...noChange(), opened: [{ request: hold, kind: "deposit", amountCents }] };
  return accepted([{ stream: account, change }], { amountCents, ...(opening ? { opensAccount: true } : {}) });
};

const cashWithdrawal = (request: RequestOf<"cash_withdrawal">, context: Context): Verdict => {
  const { account, amountCents, customer } = request;
  const state = stateOf(context, account);
  const wrong = checkAccount(state, account, customer) ?? checkFunds(state, amountCents);
  if (wrong) return refused(wrong);
  const facts = { amountCents, availableCents: state.availableCents };
  return accepted([{ stream: account, change: posting(-amountCents) }], facts);
};

const incomingPayment = (request: RequestOf<"incoming_payment">, context: Context): Verdict => {
  const { account, amountCents, customer } = request;
  const state = stateOf(context, account);
  const wrong = checkAccount(state, account, customer) ?? checkCeiling(state, amountCents);
  if (wrong) return refused(wrong);
  return accepted([{ stream: account, change: posting(amountCents) }], { amountCents });
};

const outgoingPayment = (request: RequestOf<"outgoing_payment_unverified">, context: Context): Verdict => {
  const { account, amountCents, customer, id } = request;
  const state = stateOf(context, account);
  const hold = holdName("outgoing", id);
  const wrong =
    checkAccount(state, account, customer) ?? checkHold(state, hold) ?? checkFunds(state, amountCents);
  if (wrong) return refused(wrong);
  const change: AccountChange = {
    ...noChange(),
    availableCents: -amountCents,
    opened: [{ request: hold, kind: "outgoing", amountCents }],
  };
  return accepted([{ stream: account, change }], { amountCents, availableCents: state.availableCents });
};

const transfer = (request: RequestOf<"inter_account_transfer">, context: Context): Verdict => {
  const { account, target, amountCents, customer } = request;
  const source = stateOf(context, account);
  const wrong =
    (source.status === "NONE" ? refusal("UNKNOWN_ACCOUNT", { account }) : undefined) ??
    checkAccount(stateOf(context, target), target, undefined) ??
    checkAccount(source, account, customer) ??
    checkCeiling(stateOf(context, target), amountCents) ??
    checkFunds(source, amountCents);
  if (wrong) return refused(wrong);
  const legs = [
    { stream: account, change: posting(-amountCents) },
    { stream: target, change: posting(amountCents) },
  ];
  return accepted(legs, { amountCents, availableCents: source.availableCents });
};

/** Changes nothing but the status; whoever asks knows why, and the line says it. */
const changeStatus = (
  { type, account }: RequestOf<"freeze_account"> | RequestOf<"unfreeze_account">,
  context: Context,
): Verdict => {
  const state = stateOf(context, account);
  const status = type === "freeze_account" ? "FROZEN" : "OPEN";
  const wrong =
    checkAccount(state, account, undefined) ??
    (state.status === status ? refusal("STATUS_UNCHANGED", { account, status }) : undefined);
  return wrong ? refused(wrong) : accepted([{ stream: account, change: { ...noChange(), status } }], {});
};

/**
 * Judges a request against its accounts. Pure: the same request and context give the same verdict for ever.
 *
 * Returns: accepted with one leg per account touched (a transfer: source, then target); refused with a code and what
 *          it was judged on; deferred only for a follow-up whose original is not decided. Nothing but a freezing
 *          and an unfreezing comes here while an account is frozen.
 * Source:  effects B4.3 (policy P), edge cases B4.6, order of refusals by ruling 8.
 */
export const decide = (request: BankRequest, context: Context): Verdict => {
  switch (request.type) {
    case "open_account":
      return openAccount(request, context);
    case "cash_deposit":
      return cashDeposit(request, context);
    case "cash_withdrawal":
      return cashWithdrawal(request, context);
    case "incoming_payment":
      return incomingPayment(request, context);
    case "outgoing_payment_unverified":
      return outgoingPayment(request, context);
    case "inter_account_transfer":
      return transfer(request, context);
    case "freeze_account":
    case "unfreeze_account":
      return changeStatus(request, context);
    case "verify_cash_deposit":
    case "outgoing_payment_verified":
    case "outgoing_payment_rejected":
      return settle(request, context);
  }
};
