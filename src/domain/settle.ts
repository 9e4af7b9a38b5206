import { type AccountChange, type Hold, type HoldKind, holdName, noChange } from "./account.ts";
import { excerpt } from "./excerpt.ts";
import { checkAccount, checkCeiling, posting } from "./guards.ts";
import { type BankFacts, type Refusal, refusal } from "./refusals.ts";
import type { BankRequest, RequestOf } from "./request.ts";
import { accepted, type Context, type Original, refused, stateOf, type Verdict } from "./verdict.ts";

type Verification = RequestOf<"verify_cash_deposit">;
type Acknowledgement = RequestOf<"outgoing_payment_verified"> | RequestOf<"outgoing_payment_rejected">;
type FollowUp = Verification | Acknowledgement;

const flowOf = (request: FollowUp): HoldKind =>
  request.type === "verify_cash_deposit" ? "deposit" : "outgoing";

/**
 * The account named, if any, before anything is asked about the original (ruling 8): an account nobody opened cannot
 * hold the original, so waiting for it would be in vain.
 */
const checkNamed = (request: FollowUp, context: Context): Refusal | undefined =>
  request.account === undefined
    ? undefined
    : checkAccount(stateOf(context, request.account), request.account, request.customer);

/** The original as the registry and its account tell it: refused, of another account, of another customer. */
const checkOriginal = (request: FollowUp, original: Original, context: Context): Refusal | undefined => {
  if (original.outcome === "refused")
    return refusal("ORIGINAL_NOT_FOUND", { originalKey: original.key, originalOutcome: "refused" });
  if (request.account !== undefined && request.account !== original.stream)
    return refusal("ACCOUNT_MISMATCH", { originalKey: original.key, originalAccount: original.stream });
  return checkAccount(stateOf(context, original.stream), original.stream, request.customer);
};

type Effect = { readonly change: AccountChange; readonly facts: BankFacts };

const verification = (request: Verification, hold: Hold): Effect | Refusal => {
  const declaredCents = hold.amountCents;
  const { amountCents, evidence } = request;
  const facts = {
    declaredCents,
    ...(evidence ? { finalFinding: excerpt(evidence.finding) } : {}),
  };
  if (amountCents === undefined)
    return { change: noChange(), facts: { ...facts, amountCents: declaredCents } };
  const discrepancyCents = amountCents - declaredCents;
  if (discrepancyCents !== 0 && evidence === undefined)
    return refusal("AMOUNT_MISMATCH", { amountCents, declaredCents, discrepancyCents });
  return { change: posting(amountCents), facts: { ...facts, amountCents, discrepancyCents } };
};

const acknowledgement = (request: Acknowledgement, hold: Hold): Effect | Refusal => {
  const { amountCents } = hold;
  if (request.type === "outgoing_payment_verified")
    return { change: { ...noChange(), actualCents: -amountCents }, facts: { amountCents } };
  const { rejectedCents = amountCents } = request;
  return rejectedCents === amountCents
    ? { change: { ...noChange(), availableCents: amountCents }, facts: { amountCents } }
    : refusal("AMOUNT_MISMATCH", { amountCents: rejectedCents, declaredCents: amountCents });
};

/** How a verification or rejection is refused whose deposit or payment did not come in time. Source: ruling 23. */
export const refuseUnfound = (request: BankRequest): Refusal =>
  refusal("ORIGINAL_NOT_FOUND", "originalId" in request ? { originalId: request.originalId } : {});

/**
 * Judges what settles a waiting deposit or payment: its verification or rejection.
 *
 * Returns: deferred while the original is not decided; else accepted or refused. Whether the original still waits is
 *          told by its hold in the account: absent means ALREADY_SETTLED, a deposit posted at once included.
 * Source:  B4.6-1 to 9, B2-5 to B2-10, rulings 8 and 17.
 */
export const settle = (request: FollowUp, context: Context): Verdict => {
  const misnamed = checkNamed(request, context);
  if (misnamed !== undefined) return refused(misnamed);
  const { original } = context;
  if (original === undefined) return { outcome: "deferred" };
  const wrong = checkOriginal(request, original, context);
  if (wrong !== undefined) return refused(wrong);

  const state = stateOf(context, original.stream);
  const waiting = holdName(flowOf(request), request.originalId);
  const hold = Object.hasOwn(state.holds, waiting) ? state.holds[waiting] : undefined;
  if (hold === undefined) return refused(refusal("ALREADY_SETTLED", { originalKey: original.key }));

  const effect =
    request.type === "verify_cash_deposit" ? verification(request, hold) : acknowledgement(request, hold);
  if ("code" in effect) return refused({ ...effect, facts: { ...effect.facts, originalKey: original.key } });
  const ceiling = checkCeiling(state, effect.change.actualCents);
  if (ceiling !== undefined) return refused(ceiling);
  const change = { ...effect.change, closed: [waiting] };
  return accepted([{ stream: original.stream, change }], { ...effect.facts, originalKey: original.key });
};
