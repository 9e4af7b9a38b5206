import type { EventType } from "./events.ts";
import { centsOf, textOf } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import type { AmountCents } from "./money.ts";

type Common = {
  /** The request's id, from its key. */
  readonly id: string;
  /** Present where the body carries one; must then be the account's. */
  readonly customer?: string;
};
type OnAccount = Common & { readonly account: string; readonly amountCents: AmountCents };
type OfPayment = Common & { readonly account?: string; readonly originalId: string };

/** A request understood: well-formed by itself, not yet judged against any account. */
export type BankRequest =
  | (Common & { readonly type: "open_account"; readonly account: string; readonly customer: string })
  | (OnAccount & { readonly type: "cash_deposit"; readonly verified: boolean })
  | (Common & {
      readonly type: "verify_cash_deposit";
      readonly account: string;
      readonly originalId: string;
      /** What was counted; absent if the deposit is refused. */
      readonly amountCents?: AmountCents;
      /** Present if both FinalFinding and VerifiedByEmployeeId are. */
      readonly evidence?: { readonly finding: string; readonly employee: string };
    })
  | (OnAccount & { readonly type: "cash_withdrawal" })
  | (OnAccount & { readonly type: "incoming_payment" })
  | (OnAccount & { readonly type: "outgoing_payment_unverified" })
  | (OfPayment & { readonly type: "outgoing_payment_verified" })
  | (OfPayment & { readonly type: "outgoing_payment_rejected"; readonly rejectedCents?: AmountCents })
  | (OnAccount & { readonly type: "inter_account_transfer"; readonly target: string })
  | (Common & { readonly type: "freeze_account" | "unfreeze_account"; readonly account: string });

export type RequestOf<Type extends EventType> = BankRequest & { readonly type: Type };

/** A field the checks before have found to be there; its absence is a defect of the field table. */
const present = <Value>(value: Value | undefined, name: string): Value => {
  if (value === undefined) throw new Error(`The field table lets ${name} be absent where it is needed`);
  return value;
};

const named = <Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [name in Name]?: Value } =>
  // One property or none: absent, never undefined.
  (value === undefined ? {} : { [name]: value }) as { [name in Name]?: Value };

const evidenceOf = (body: JsonObject): { finding: string; employee: string } | undefined => {
  const finding = textOf(body, "FinalFinding")?.trim();
  const employee = textOf(body, "VerifiedByEmployeeId")?.trim();
  return finding && employee ? { finding, employee } : undefined;
};

/** The id of the original a follow-up refers to (B2-6). */
const originalIdOf = (id: string, body: JsonObject): string =>
  textOf(body, "PreviousRequestIdReference") ?? id;

const paymentOf = (id: string, body: JsonObject): { originalId: string; account?: string } => ({
  originalId: originalIdOf(id, body),
  ...named("account", textOf(body, "SourceAccount")),
});

/**
 * The request a body makes, its fields being checked.
 *
 * Throws: if a required field is absent after all, which is a defect.
 */
export const requestOf = (type: EventType, id: string, body: JsonObject): BankRequest => {
  const common: Common = { id, ...named("customer", textOf(body, "CustomerNumber")) };
  const account = (name: string): string => present(textOf(body, name), name);
  const amountCents = (): AmountCents => present(centsOf(body, "Amount"), "Amount");
  switch (type) {
    case "open_account":
      return { ...common, type, account: account("AccountNumber"), customer: account("CustomerNumber") };
    case "cash_deposit": {
      const verified = body.Verified === true;
      return { ...common, type, account: account("TargetAccount"), amountCents: amountCents(), verified };
    }
    case "verify_cash_deposit": {
      const verified = body.Verified === true;
      return {
        ...common,
        type,
        account: account("TargetAccount"),
        originalId: originalIdOf(id, body),
        ...(verified ? { amountCents: amountCents() } : {}),
        ...named("evidence", evidenceOf(body)),
      };
    }
    case "incoming_payment":
      return { ...common, type, account: account("TargetAccount"), amountCents: amountCents() };
    case "cash_withdrawal":
    case "outgoing_payment_unverified":
      return { ...common, type, account: account("SourceAccount"), amountCents: amountCents() };
    case "outgoing_payment_verified":
      return { ...common, type, ...paymentOf(id, body) };
    case "outgoing_payment_rejected":
      return {
        ...common,
        type,
        ...paymentOf(id, body),
        ...named("rejectedCents", centsOf(body, "RejectedAmount")),
      };
    case "freeze_account":
    case "unfreeze_account":
      return { ...common, type, account: account("TargetAccount") };
    case "inter_account_transfer": {
      const target = account("TargetAccount");
      return { ...common, type, account: account("SourceAccount"), target, amountCents: amountCents() };
    }
  }
};
