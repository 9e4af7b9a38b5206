import type { AccountChange, AccountState } from "../domain/account.ts";
import type { DecisionRecord, Facts, Leg, Projection } from "../ledger/domain.ts";
import { ENTITY_NAME_ATTRIBUTE } from "../table/row.ts";
import type { Item, Key, Write } from "../table/store.ts";
import { bankEntities } from "./entities.ts";
import { labTime } from "./lab-time.ts";
import { type Told, toldBy } from "./told.ts";

type BankRecord = DecisionRecord<AccountChange>;
type BankLeg = Leg<AccountChange>;

const numberIn = (facts: Facts, name: string): number => {
  const value = facts[name];
  if (typeof value !== "number") throw new Error(`Expected a number ${name} in the record, got ${value}`);
  return value;
};

/** What a leg did to the balances, and what they are after it. */
const effectsOf = ({ change, after }: BankLeg) => ({
  EffectOnActualCents: change.actualCents,
  EffectOnAvailableCents: change.availableCents,
  BalanceActualCents: numberIn(after, "actualCents"),
  BalanceAvailableCents: numberIn(after, "availableCents"),
});

const lineOf = (record: BankRecord, leg: BankLeg, told: Told): Item =>
  bankEntities.line.item({
    account: leg.stream,
    sequence: leg.sequence,
    RequestKey: record.key,
    outcome: record.outcome,
    EventTimeStamp: told.seconds,
    ...labTime(told.seconds),
    ...effectsOf(leg),
    ...(told.named === undefined ? {} : { TransactionType: told.named.type }),
    ...(record.code === undefined ? {} : { code: record.code }),
    ...(typeof record.facts.amountCents === "number" ? { AmountCents: record.facts.amountCents } : {}),
    ...(told.reference === undefined ? {} : { Reference: told.reference }),
    hash: leg.hash,
  });

/** The state a leg's transaction is in afterwards; undefined if it has none, as opening an account. */
const transactionStateOf = (change: AccountChange): "PENDING" | "VERIFIED" | "REJECTED" | undefined => {
  if (change.opened.length > 0) return "PENDING";
  if (change.actualCents !== 0) return "VERIFIED";
  return change.closed.length > 0 ? "REJECTED" : undefined;
};

const originalKeyOf = (record: BankRecord): string => {
  const { originalKey } = record.facts;
  if (typeof originalKey !== "string")
    throw new Error(`The record of ${record.key} settles something unnamed`);
  return originalKey;
};

const transactionOf = (record: BankRecord, leg: BankLeg, told: Told): Item | undefined => {
  const transactionState = transactionStateOf(leg.change);
  if (record.outcome === "refused" || transactionState === undefined) return undefined;
  if (told.named === undefined) throw new Error(`The record of ${record.key} is accepted under no type`);
  return bankEntities.transaction.item({
    account: leg.stream,
    transactionState,
    EventKey: record.key,
    TransactionType: told.named.type,
    ...labTime(told.seconds),
    EventRawData: told.rawData ?? "",
    AmountCents: numberIn(record.facts, "amountCents"),
    RequestId: told.named.id,
    ...(leg.change.closed.length > 0 ? { OriginalEventKey: originalKeyOf(record) } : {}),
    sequence: leg.sequence,
    ...effectsOf(leg),
    hash: leg.hash,
  });
};

/** The PENDING row a settlement takes away. */
const settledRow = (record: BankRecord, leg: BankLeg): Key | undefined =>
  leg.change.closed.length === 0
    ? undefined
    : bankEntities.transaction.key({
        account: leg.stream,
        transactionState: "PENDING",
        EventKey: originalKeyOf(record),
      });

/** A line; an accepted posting's transaction; a settlement's deletion. At most three items (ruling 6). */
const legRows = (record: BankRecord, leg: BankLeg): readonly Write[] => {
  const told = toldBy(record);
  const transaction = transactionOf(record, leg, told);
  const settled = settledRow(record, leg);
  return [
    { put: lineOf(record, leg, told) },
    ...(transaction === undefined ? [] : [{ put: transaction }]),
    ...(settled === undefined ? [] : [{ delete: settled }]),
  ];
};

const headRows = (head: {
  readonly stream: string;
  readonly state: AccountState;
  readonly last: BankRecord;
  readonly leg: BankLeg;
}): readonly Item[] => {
  const { stream, state, last, leg } = head;
  const { customer } = state;
  if (state.status === "NONE" || customer === undefined) return [];
  const { TransactionDate, TransactionTime } = labTime(toldBy(last).seconds);
  const row = (balanceType: "ACTUAL" | "AVAILABLE", BalanceCents: number): Item =>
    bankEntities.balance.item({
      account: stream,
      balanceType,
      CustomerNumber: customer,
      BalanceCents,
      LastTransactionDate: TransactionDate,
      LastTransactionTime: TransactionTime,
      LastEventKey: last.key,
      appliedThrough: leg.sequence,
      hash: leg.hash,
    });
  return [row("ACTUAL", state.actualCents), row("AVAILABLE", state.availableCents)];
};

const textIn = (item: Item, name: string): string => {
  const value = item[name];
  return typeof value === "string" ? value : "";
};

/** The leg a row tells of: a line, a transaction, or a balance, whose sequence is that of its head. */
const legOf = (item: Item): ReturnType<Projection<AccountState, AccountChange>["legOf"]> => {
  const { line, transaction, balance } = bankEntities;
  const of = (key: string, sequence: unknown) => ({
    ...{ stream: item.PK, sequence: Number(sequence), key },
    ...(typeof item.hash === "string" && { hash: item.hash }),
  });
  switch (item[ENTITY_NAME_ATTRIBUTE]) {
    case line.name:
      return of(textIn(item, "RequestKey"), item.sequence);
    case transaction.name:
      return of(textIn(item, "EventKey"), item.sequence);
    case balance.name:
      return of(textIn(item, "LastEventKey"), item.appliedThrough);
    default:
      return undefined;
  }
};

/** A PENDING row goes with its settlement. Its name is that of the hold. */
const passingName = (item: Item): string | undefined => {
  const { transaction } = bankEntities;
  if (item[ENTITY_NAME_ATTRIBUTE] !== transaction.name || item.transactionState !== "PENDING")
    return undefined;
  const flow = item.TransactionType === "cash_deposit" ? "deposit" : "outgoing";
  return `${flow}#${textIn(item, "RequestId")}`;
};

/**
 * The bank's rows as pure functions of decisions, so that a replay writes the very same ones.
 *
 * Per leg: its line; where money moved or was held, the transaction; for a settlement, the deletion of the original's
 * PENDING row. Per head: the two balances, unless the account is not open.
 * Source: table page of the design (Lab 4's L32-L34 with B2-14, B2-16, B2-17); item budget of ruling 6.
 */
export const bankRows: Projection<AccountState, AccountChange> = {
  headRows,
  legRows,
  lineKey: (stream, sequence) => bankEntities.line.key({ account: stream, sequence }),
  legOf,
  passingName,
  passingNames: state => Object.keys(state.holds),
};
