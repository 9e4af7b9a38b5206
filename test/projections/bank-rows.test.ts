import { beforeEach, expect, test } from "vitest";
import { bankRows } from "../../src/projections/bank-rows.ts";
import { bankEntities } from "../../src/projections/entities.ts";
import { bodies, NOON, NOON_SECONDS } from "../domain/book.ts";
import { openLedger } from "./ledger-in-memory.ts";

let ledger: ReturnType<typeof openLedger>;
beforeEach(async () => {
  ledger = openLedger();
  await ledger.decide("open_account_a", bodies.open("a", { CustomerNumber: "330001001" }));
  await ledger.decide("incoming_payment_i", bodies.incoming("a", "200.00"));
});

const balance = (balanceType: "ACTUAL" | "AVAILABLE") => {
  const item = ledger.item("a", `SAVINGS#BALANCE#${balanceType}#330001001`);
  return item && bankEntities.balance.read(item);
};
const transactions = () => ledger.sortKeys("a").filter(key => key.startsWith("TRANSACTIONS#"));

test("an account opened has a line and two balances, and no transaction", async () => {
  ledger = openLedger();
  const { writes } = await ledger.decide("open_account_a", bodies.open("a", { CustomerNumber: "c" }));
  expect(writes).toHaveLength(3);
  expect(ledger.sortKeys("a")).toEqual([
    "LINE#000000000001",
    "SAVINGS#BALANCE#ACTUAL#c",
    "SAVINGS#BALANCE#AVAILABLE#c",
  ]);
});

test("a payment received has a verified transaction with the request as it was sent, and its line has not", async () => {
  const body = bodies.incoming("a", "0.50");
  await ledger.decide("incoming_payment_Two", body);
  const row = ledger.item("a", "TRANSACTIONS#VERIFIED#incoming_payment_Two.event");
  expect(row && bankEntities.transaction.read(row)).toEqual({
    account: "a",
    transactionState: "VERIFIED",
    EventKey: "incoming_payment_Two.event",
    TransactionType: "incoming_payment",
    TransactionDate: 20260506,
    TransactionTime: 120000,
    EventRawData: JSON.stringify(body),
    AmountCents: 50,
    RequestId: "Two",
    sequence: 3,
    EffectOnActualCents: 50,
    EffectOnAvailableCents: 50,
    BalanceActualCents: 20_050,
    BalanceAvailableCents: 20_050,
    hash: "h3",
  });
  const line = ledger.item("a", "LINE#000000000003");
  expect(line && bankEntities.line.read(line)).toEqual({
    account: "a",
    sequence: 3,
    RequestKey: "incoming_payment_Two.event",
    TransactionType: "incoming_payment",
    outcome: "accepted",
    EventTimeStamp: NOON_SECONDS,
    TransactionDate: 20260506,
    TransactionTime: 120000,
    AmountCents: 50,
    EffectOnActualCents: 50,
    EffectOnAvailableCents: 50,
    BalanceActualCents: 20_050,
    BalanceAvailableCents: 20_050,
    Reference: "text",
    hash: "h3",
  });
  expect(line).toMatchObject({ hash: "h3" });
  expect(line).not.toHaveProperty("EventKey");
  expect(bankRows.lineKey("a", 3)).toEqual({ PK: "a", SK: "LINE#000000000003" });
});

test("the balance rows say what the newest decision left, a refusal included", async () => {
  await ledger.decide("outgoing_payment_unverified_o", bodies.outgoing("a", "50.00"));
  await ledger.decide("cash_withdrawal_w", bodies.withdrawal("a", "500.00"));
  const common = {
    account: "a",
    CustomerNumber: "330001001",
    LastTransactionDate: 20260506,
    LastTransactionTime: 120000,
    LastEventKey: "cash_withdrawal_w.event",
    appliedThrough: 4,
    hash: "h4",
  };
  expect(balance("ACTUAL")).toEqual({ ...common, balanceType: "ACTUAL", BalanceCents: 20_000 });
  expect(balance("AVAILABLE")).toEqual({ ...common, balanceType: "AVAILABLE", BalanceCents: 15_000 });
});

test.each([
  [
    "cash_deposit_x",
    bodies.deposit("a", "5.00"),
    "verify_cash_deposit_v",
    bodies.verify("a", "5.00", "x"),
    "VERIFIED",
  ],
  [
    "cash_deposit_x",
    bodies.deposit("a", "5.00"),
    "verify_cash_deposit_v",
    bodies.verify("a", "5.00", "x", { Verified: false }),
    "REJECTED",
  ],
  [
    "outgoing_payment_unverified_x",
    bodies.outgoing("a", "5.00"),
    "outgoing_payment_verified_v",
    bodies.settled("x"),
    "VERIFIED",
  ],
  [
    "outgoing_payment_unverified_x",
    bodies.outgoing("a", "5.00"),
    "outgoing_payment_rejected_v",
    bodies.settled("x"),
    "REJECTED",
  ],
])("%s waits as PENDING, and %s %s replaces it", async (original, waiting, settlement, body, state) => {
  await ledger.decide(original, waiting);
  expect(transactions()).toContain(`TRANSACTIONS#PENDING#${original}.event`);
  const { writes } = await ledger.decide(settlement, body);
  expect(writes).toHaveLength(3 + 2);
  expect(transactions()).not.toContain(`TRANSACTIONS#PENDING#${original}.event`);
  expect(ledger.item("a", `TRANSACTIONS#${state}#${settlement}.event`)).toMatchObject({
    OriginalEventKey: `${original}.event`,
    AmountCents: 500,
    RequestId: "v",
  });
});

test("a transfer has a line, a transaction and balances on both accounts", async () => {
  await ledger.decide("open_account_b", bodies.open("b"));
  const { writes } = await ledger.decide("inter_account_transfer_t", bodies.transfer("a", "b", "30.00"));
  expect(writes).toHaveLength(2 * (2 + 2));
  const sk = "TRANSACTIONS#VERIFIED#inter_account_transfer_t.event";
  expect(ledger.item("a", sk)).toMatchObject({ EffectOnActualCents: -3_000, AmountCents: 3_000 });
  expect(ledger.item("b", sk)).toMatchObject({ EffectOnActualCents: 3_000, BalanceActualCents: 3_000 });
});

test("a refusal has a line with its code and no transaction, whatever account it names", async () => {
  const { writes } = await ledger.decide("cash_withdrawal_w", bodies.withdrawal("nobody", "1.00"));
  expect(writes).toHaveLength(1);
  expect(ledger.item("nobody", "LINE#000000000001")).toMatchObject({
    outcome: "refused",
    code: "UNKNOWN_ACCOUNT",
    BalanceActualCents: 0,
  });
});

test("a request that cannot be read is dated by S3, one with an impossible time too", async () => {
  await ledger.decide("cash_withdrawal_w", "not JSON", "2026-05-06T00:00:09.123Z");
  expect(ledger.item("~0", "LINE#000000000001")).toMatchObject({
    code: "MALFORMED_JSON",
    TransactionDate: 20260506,
    TransactionTime: 9,
    EventTimeStamp: NOON_SECONDS - 12 * 3600 + 9,
  });
  const late = bodies.incoming("a", "1.00", { EventTimeStamp: NOON_SECONDS * 1000 });
  await ledger.decide("incoming_payment_l", late);
  expect(ledger.item("a", "LINE#000000000003")).toMatchObject({
    code: "BAD_TIMESTAMP",
    EventTimeStamp: NOON_SECONDS,
  });
});

test("midnight is time 0 of its own day", async () => {
  const midnight = bodies.incoming("a", "1.00", { EventTimeStamp: NOON_SECONDS - 12 * 3600 });
  await ledger.decide("incoming_payment_m", midnight);
  expect(ledger.item("a", "LINE#000000000003")).toMatchObject({
    TransactionDate: 20260506,
    TransactionTime: 0,
  });
});

test("a record that carries its request in base64 gives the same rows", async () => {
  const { record } = await ledger.decide(
    "incoming_payment_b",
    bodies.incoming("a", "1.00", { Reference: "Müller" }),
  );
  const { text = "", ...rest } = record;
  const [leg] = record.legs;
  if (leg === undefined) throw new Error("a leg is missing");
  const other = { ...rest, base64: Buffer.from(text).toString("base64") };
  expect(bankRows.legRows(other, leg)).toEqual(bankRows.legRows(record, leg));
  expect(record.source.eventTime).toBe(NOON);
});
