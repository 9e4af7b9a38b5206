import { textOf } from "../domain/fields.ts";
import { parseJsonObject } from "../domain/json.ts";
import { printCents } from "../domain/money.ts";
import type { DecisionRecord } from "../ledger/domain.ts";
import { toldBy } from "./told.ts";

/** Type of the one request that has an effect outside: another bank is to be paid. */
const ANNOUNCED_TYPE = "outgoing_payment_unverified";

/** What the world is told of an accepted outgoing payment. `idempotencyKey` is the request's key: pay once per key. */
export type PaymentAnnouncement = {
  readonly idempotencyKey: string;
  readonly requestId: string;
  readonly sourceAccount: string;
  readonly targetInstitution: string;
  readonly targetAccount: string;
  /** Decimal text, as in statements. */
  readonly amount: string;
  readonly amountCents: number;
  readonly reference?: string;
  /** ISO instant. */
  readonly decidedAt: string;
};

/**
 * The message about a decision, as JSON, if money is to leave the bank because of it. Pure: told again, it is the
 * same text.
 *
 * Throws: for an accepted payment that lacks what the rules ask of it, which is a defect.
 */
export const announcementOf = (record: DecisionRecord): { readonly body: string } | undefined => {
  const { named, rawData = "", reference } = toldBy(record);
  if (record.outcome !== "accepted" || named?.type !== ANNOUNCED_TYPE) return undefined;
  const json = parseJsonObject(rawData.replace(/^\ufeff/, ""));
  const [leg] = record.legs;
  const { amountCents } = record.facts;
  const targetInstitution = json.ok ? textOf(json.value, "TargetInstitution") : undefined;
  const targetAccount = json.ok ? textOf(json.value, "TargetAccount") : undefined;
  if (
    !leg ||
    typeof amountCents !== "number" ||
    targetInstitution === undefined ||
    targetAccount === undefined
  )
    throw new Error(`The record of ${record.key} pays somebody unnamed`);
  const announcement: PaymentAnnouncement = {
    idempotencyKey: record.key,
    requestId: named.id,
    sourceAccount: leg.stream,
    targetInstitution,
    targetAccount,
    amount: printCents(amountCents),
    amountCents,
    ...(reference === undefined ? {} : { reference }),
    decidedAt: record.decidedAt,
  };
  return { body: JSON.stringify(announcement) };
};
