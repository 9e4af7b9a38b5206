import { Entity } from "electrodb";
import { rowKind } from "../table/row.ts";

const SERVICE = { version: "1", service: "daybook" } as const;
/** An account as a partition: its bare number, which no other partition looks like. */
const ACCOUNT_PARTITION = {
  field: "PK",
  composite: ["account"],
  template: "${account}",
  casing: "none",
} as const;

/** Digits of a line's number in its sort key: text sorts as numbers do, for longer than any account lives. */
const SEQUENCE_DIGITS = 12;

/**
 * Lab 4's balance rows, one for ACTUAL and one for AVAILABLE: derived from the head, for display.
 *
 * `LastEventKey` and its time are those of the newest decision over the account, a refusal included;
 * `appliedThrough` is its sequence.
 */
const balance = rowKind(
  new Entity({
    model: { entity: "balance", ...SERVICE },
    attributes: {
      account: { type: "string", required: true },
      balanceType: { type: ["ACTUAL", "AVAILABLE"] as const, required: true },
      CustomerNumber: { type: "string", required: true },
      BalanceCents: { type: "number", required: true },
      /** YYYYMMDD, UTC. */
      LastTransactionDate: { type: "number", required: true },
      /** HHMMSS without leading zeros, UTC. */
      LastTransactionTime: { type: "number", required: true },
      LastEventKey: { type: "string", required: true },
      appliedThrough: { type: "number", required: true },
      /** Of the decision at that sequence: a restore knows by it a row of one that does not count. */
      hash: { type: "string" },
    },
    indexes: {
      balance: {
        pk: ACCOUNT_PARTITION,
        sk: {
          field: "SK",
          composite: ["balanceType", "CustomerNumber"],
          template: "SAVINGS#BALANCE#${balanceType}#${CustomerNumber}",
          casing: "none",
        },
      },
    },
  }),
);

/**
 * Lab 4's transaction rows: one per accepted request that moves or holds money, under the state it is in.
 * A settlement replaces the PENDING row of its original by a row of its own, which names the original.
 */
const transaction = rowKind(
  new Entity({
    model: { entity: "transaction", ...SERVICE },
    attributes: {
      account: { type: "string", required: true },
      transactionState: { type: ["PENDING", "VERIFIED", "REJECTED"] as const, required: true },
      EventKey: { type: "string", required: true },
      TransactionType: { type: "string", required: true },
      TransactionDate: { type: "number", required: true },
      TransactionTime: { type: "number", required: true },
      /** The request as it was sent. */
      EventRawData: { type: "string", required: true },
      AmountCents: { type: "number", required: true },
      RequestId: { type: "string", required: true },
      /** Key of the deposit or payment this row settles. */
      OriginalEventKey: { type: "string" },
      sequence: { type: "number", required: true },
      EffectOnActualCents: { type: "number", required: true },
      EffectOnAvailableCents: { type: "number", required: true },
      BalanceActualCents: { type: "number", required: true },
      BalanceAvailableCents: { type: "number", required: true },
      /** Of the decision, as in its line. */
      hash: { type: "string" },
    },
    indexes: {
      transaction: {
        pk: ACCOUNT_PARTITION,
        sk: {
          field: "SK",
          composite: ["transactionState", "EventKey"],
          template: "TRANSACTIONS#${transactionState}#${EventKey}",
          casing: "none",
        },
      },
      byEventKey: {
        index: "EventKeyIdx",
        pk: { field: "EventKey", composite: ["EventKey"], template: "${EventKey}", casing: "none" },
      },
    },
  }),
);

/** What happened at a sequence of an account, refusals included. Write-once. */
const line = rowKind(
  new Entity({
    model: { entity: "line", ...SERVICE },
    attributes: {
      account: { type: "string", required: true },
      sequence: { type: "number", required: true, padding: { length: SEQUENCE_DIGITS, char: "0" } },
      /** Not named EventKey, so that lines stay out of the index of transactions. */
      RequestKey: { type: "string", required: true },
      TransactionType: { type: "string" },
      outcome: { type: ["accepted", "refused"] as const, required: true },
      code: { type: "string" },
      /** Seconds since the epoch; of a request without a usable time, those of S3. */
      EventTimeStamp: { type: "number", required: true },
      TransactionDate: { type: "number", required: true },
      TransactionTime: { type: "number", required: true },
      AmountCents: { type: "number" },
      EffectOnActualCents: { type: "number", required: true },
      EffectOnAvailableCents: { type: "number", required: true },
      BalanceActualCents: { type: "number", required: true },
      BalanceAvailableCents: { type: "number", required: true },
      /** The beginning of the request's Reference or Reason. */
      Reference: { type: "string" },
      hash: { type: "string", required: true },
    },
    indexes: {
      line: {
        pk: ACCOUNT_PARTITION,
        sk: { field: "SK", composite: ["sequence"], template: "LINE#${sequence}", casing: "none" },
      },
    },
  }),
);

/** The bank's own rows, all derived from decisions. */
export const bankEntities = { balance, transaction, line } as const;

export type StoredLine = ReturnType<typeof line.read>;
export type StoredTransaction = ReturnType<typeof transaction.read>;
