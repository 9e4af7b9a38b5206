import { beforeEach, describe, expect, test } from "vitest";
import { bank } from "../../src/domain/bank.ts";
import { DEFAULT_SETTINGS } from "../../src/domain/settings.ts";
import { type Body, type Book, bodies, bytesOf, NOON, NOON_SECONDS, openBook } from "./book.ts";

/** Accounts `a` (200.00) and `b` (50.00), open for customer `c1`. */
let book: Book;
beforeEach(() => {
  book = openBook();
  book.put("open_account_a", bodies.open("a"));
  book.put("open_account_b", bodies.open("b"));
  book.put("incoming_payment_a", bodies.incoming("a", "200.00"));
  book.put("incoming_payment_b", bodies.incoming("b", "50.00"));
});

/** Puts a request and expects it refused with a code, every balance and hold staying as it was. */
const refuses = (code: string, name: string, content: Body | string | Uint8Array, eventTime = NOON) => {
  const before = book.snapshot();
  expect(book.put(name, content, eventTime)).toMatchObject({ outcome: "refused", code });
  expect(book.snapshot()).toBe(before);
};
const accepts = (name: string, content: Body | string | Uint8Array, eventTime = NOON) =>
  expect(book.put(name, content, eventTime)).toMatchObject({ outcome: "accepted" });
const defers = (name: string, content: Body) =>
  expect(book.put(name, content)).toEqual({ outcome: "deferred" });
const balances = (account: string, actual: number, available: number) =>
  expect(book.balancesOf(account)).toEqual([actual, available]);

/** The five requests that move an amount, as names and bodies on account `a`. */
const movements = (amount: string, more: Body = {}): readonly (readonly [string, Body])[] => [
  ["cash_deposit_m", bodies.deposit("a", amount, more)],
  ["cash_withdrawal_m", bodies.withdrawal("a", amount, more)],
  ["incoming_payment_m", bodies.incoming("a", amount, more)],
  ["outgoing_payment_unverified_m", bodies.outgoing("a", amount, more)],
  ["inter_account_transfer_m", bodies.transfer("a", "b", amount, more)],
];

describe("edge cases (B4.6)", () => {
  test("1: a follow-up ahead of its original waits, and is judged right after it", () => {
    defers("verify_cash_deposit_v", bodies.verify("a", "10.00", "d"));
    defers("outgoing_payment_verified_o", bodies.settled("o"));
    balances("a", 20_000, 20_000);
    accepts("cash_deposit_d", bodies.deposit("a", "10.00"));
    accepts("outgoing_payment_unverified_o", bodies.outgoing("a", "5.00"));
    expect(book.outcomeOf("verify_cash_deposit_v")).toMatchObject({ outcome: "accepted" });
    expect(book.outcomeOf("outgoing_payment_verified_o")).toMatchObject({ outcome: "accepted" });
    balances("a", 20_500, 20_500);
  });

  test("1: of two follow-ups that waited, the first settles and the other finds it settled", () => {
    defers("outgoing_payment_rejected_x", bodies.settled("o"));
    defers("outgoing_payment_verified_o", bodies.settled("o"));
    accepts("outgoing_payment_unverified_o", bodies.outgoing("a", "5.00"));
    expect(book.outcomeOf("outgoing_payment_rejected_x")).toMatchObject({ outcome: "accepted" });
    expect(book.outcomeOf("outgoing_payment_verified_o")).toMatchObject({ code: "ALREADY_SETTLED" });
    balances("a", 20_000, 20_000);
  });

  test("2: an original that was refused refuses its follow-ups at once, waiting or not", () => {
    defers("outgoing_payment_rejected_early", bodies.settled("o"));
    refuses("INSUFFICIENT_FUNDS", "outgoing_payment_unverified_o", bodies.outgoing("a", "500.00"));
    expect(book.outcomeOf("outgoing_payment_rejected_early")).toMatchObject({ code: "ORIGINAL_NOT_FOUND" });
    refuses("ORIGINAL_NOT_FOUND", "outgoing_payment_rejected_o", bodies.settled("o"));
    refuses("MALFORMED_JSON", "cash_deposit_d", "{");
    refuses("ORIGINAL_NOT_FOUND", "verify_cash_deposit_d", bodies.verify("a", "10.00", "d"));
  });

  test("3: a second settlement under another key is refused", () => {
    book.put("cash_deposit_d", bodies.deposit("a", "10.00"));
    accepts("verify_cash_deposit_1", bodies.verify("a", "10.00", "d"));
    refuses("ALREADY_SETTLED", "verify_cash_deposit_2", bodies.verify("a", "10.00", "d"));
    book.put("outgoing_payment_unverified_o", bodies.outgoing("a", "10.00"));
    accepts("outgoing_payment_verified_1", bodies.settled("o"));
    refuses("ALREADY_SETTLED", "outgoing_payment_verified_2", bodies.settled("o"));
  });

  test("3: a deposit a teller counted is settled from the start", () => {
    accepts("cash_deposit_d", bodies.deposit("a", "10.00", { Verified: true }));
    refuses("ALREADY_SETTLED", "verify_cash_deposit_1", bodies.verify("a", "10.00", "d"));
  });

  test("4: the same key and bytes give the same verdict, so a repetition is told by them alone", () => {
    const object = {
      key: "cash_withdrawal_w.event",
      bytes: bytesOf(bodies.withdrawal("a", "5.00")),
      sizeBytes: 9,
      eventTime: NOON,
    };
    expect(bank.parse(object, DEFAULT_SETTINGS)).toEqual(bank.parse(object, DEFAULT_SETTINGS));
  });

  describe("5: amounts that differ", () => {
    const evidence = { FinalFinding: "a note was torn", VerifiedByEmployeeId: "7" };
    beforeEach(() => void book.put("cash_deposit_d", bodies.deposit("a", "10.00")));

    test.each(["9.95", "10.05"])(
      "a deposit of 10.00 counted as %s needs a finding and an employee",
      counted => {
        refuses("AMOUNT_MISMATCH", "verify_cash_deposit_1", bodies.verify("a", counted, "d"));
        const { FinalFinding, VerifiedByEmployeeId } = evidence;
        refuses(
          "AMOUNT_MISMATCH",
          "verify_cash_deposit_2",
          bodies.verify("a", counted, "d", { FinalFinding }),
        );
        refuses(
          "AMOUNT_MISMATCH",
          "verify_cash_deposit_3",
          bodies.verify("a", counted, "d", { VerifiedByEmployeeId, FinalFinding: " " }),
        );
        accepts("verify_cash_deposit_4", bodies.verify("a", counted, "d", evidence));
        const cents = counted === "9.95" ? 995 : 1005;
        balances("a", 20_000 + cents, 20_000 + cents);
        expect(book.outcomeOf("verify_cash_deposit_4")).toMatchObject({
          facts: { discrepancyCents: cents - 1000, finalFinding: "a note was torn" },
        });
      },
    );

    test("nothing counted is a deposit refused, not a deposit of zero", () => {
      refuses("NON_POSITIVE_AMOUNT", "verify_cash_deposit_1", bodies.verify("a", "0.00", "d", evidence));
      accepts("verify_cash_deposit_2", bodies.verify("a", "0.00", "d", { ...evidence, Verified: false }));
      balances("a", 20_000, 20_000);
      expect(book.stateOf("a").holds).toEqual({});
    });

    test("a payment is rejected as a whole or not at all", () => {
      accepts("outgoing_payment_unverified_o", bodies.outgoing("a", "10.00"));
      const partly = bodies.settled("o", { RejectedAmount: "9.99" });
      refuses("AMOUNT_MISMATCH", "outgoing_payment_rejected_1", partly);
      balances("a", 20_000, 19_000);
      accepts("outgoing_payment_rejected_2", bodies.settled("o", { RejectedAmount: "10" }));
      balances("a", 20_000, 20_000);
    });
  });

  test("6: a follow-up that names another account is refused", () => {
    book.put("cash_deposit_d", bodies.deposit("a", "10.00"));
    refuses("ACCOUNT_MISMATCH", "verify_cash_deposit_d", bodies.verify("b", "10.00", "d"));
    book.put("outgoing_payment_unverified_o", bodies.outgoing("a", "10.00"));
    refuses("ACCOUNT_MISMATCH", "outgoing_payment_verified_o", bodies.settled("o", { SourceAccount: "b" }));
    accepts("outgoing_payment_rejected_o", bodies.settled("o", { SourceAccount: "a" }));
  });

  test("7: a follow-up sees originals of its own flow only", () => {
    book.put("outgoing_payment_unverified_o", bodies.outgoing("a", "10.00"));
    defers("verify_cash_deposit_o", bodies.verify("a", "10.00", "o"));
    book.put("cash_deposit_d", bodies.deposit("a", "10.00"));
    defers("outgoing_payment_rejected_d", bodies.settled("d"));
  });

  test("8: a rejection after acceptance is refused", () => {
    book.put("cash_deposit_d", bodies.deposit("a", "10.00"));
    accepts("verify_cash_deposit_1", bodies.verify("a", "10.00", "d"));
    refuses("ALREADY_SETTLED", "verify_cash_deposit_2", bodies.verify("a", "1", "d", { Verified: false }));
    book.put("outgoing_payment_unverified_o", bodies.outgoing("a", "10.00"));
    accepts("outgoing_payment_verified_o", bodies.settled("o"));
    refuses("ALREADY_SETTLED", "outgoing_payment_rejected_o", bodies.settled("o"));
  });

  test("9: an acceptance after rejection is refused", () => {
    book.put("cash_deposit_d", bodies.deposit("a", "10.00"));
    accepts("verify_cash_deposit_1", bodies.verify("a", "10.00", "d", { Verified: false }));
    refuses("ALREADY_SETTLED", "verify_cash_deposit_2", bodies.verify("a", "10.00", "d"));
    book.put("outgoing_payment_unverified_o", bodies.outgoing("a", "10.00"));
    accepts("outgoing_payment_rejected_o", bodies.settled("o"));
    refuses("ALREADY_SETTLED", "outgoing_payment_verified_o", bodies.settled("o"));
    balances("a", 20_000, 20_000);
  });

  test("10: a debit beyond AVAILABLE is refused, down to exactly zero it is not", () => {
    refuses("INSUFFICIENT_FUNDS", "cash_withdrawal_1", bodies.withdrawal("a", "200.01"));
    refuses("INSUFFICIENT_FUNDS", "outgoing_payment_unverified_1", bodies.outgoing("a", "200.01"));
    refuses("INSUFFICIENT_FUNDS", "inter_account_transfer_1", bodies.transfer("a", "b", "200.01"));
    accepts("cash_withdrawal_2", bodies.withdrawal("a", "200.00"));
    balances("a", 0, 0);
    accepts("outgoing_payment_unverified_2", bodies.outgoing("b", "50.00"));
    balances("b", 5_000, 0);
  });

  test("11: a waiting deposit is no funds", () => {
    accepts("cash_deposit_d", bodies.deposit("a", "100.00"));
    balances("a", 20_000, 20_000);
    refuses("INSUFFICIENT_FUNDS", "cash_withdrawal_1", bodies.withdrawal("a", "250.00"));
    refuses("INSUFFICIENT_FUNDS", "outgoing_payment_unverified_1", bodies.outgoing("a", "250.00"));
    refuses("INSUFFICIENT_FUNDS", "inter_account_transfer_1", bodies.transfer("a", "b", "250.00"));
  });

  test("12: of two debits for one balance the one judged second is judged on what the first left", () => {
    accepts("cash_withdrawal_1", bodies.withdrawal("a", "150.00"));
    refuses("INSUFFICIENT_FUNDS", "inter_account_transfer_2", bodies.transfer("a", "b", "150.00"));
  });

  test("13: an unknown account is refused, on either side of a transfer", () => {
    refuses("UNKNOWN_ACCOUNT", "cash_deposit_1", bodies.deposit("x", "1.00", { Verified: true }));
    refuses("UNKNOWN_ACCOUNT", "verify_cash_deposit_1", bodies.verify("x", "1.00", "d"));
    refuses("UNKNOWN_ACCOUNT", "cash_withdrawal_1", bodies.withdrawal("x", "1.00"));
    refuses("UNKNOWN_ACCOUNT", "incoming_payment_1", bodies.incoming("x", "1.00"));
    refuses("UNKNOWN_ACCOUNT", "outgoing_payment_unverified_1", bodies.outgoing("x", "1.00"));
    refuses("UNKNOWN_ACCOUNT", "inter_account_transfer_1", bodies.transfer("x", "a", "1.00"));
    refuses("UNKNOWN_ACCOUNT", "inter_account_transfer_2", bodies.transfer("a", "x", "1.00"));
  });

  test("13: counted cash with a customer opens an unknown account, if the setting says so; uncounted never", () => {
    const counted = bodies.deposit("x", "1.00", { Verified: true, CustomerNumber: "c9" });
    refuses("UNKNOWN_ACCOUNT", "cash_deposit_1", bodies.deposit("x", "1.00", { CustomerNumber: "c9" }));
    accepts("cash_deposit_2", counted);
    expect(book.stateOf("x")).toMatchObject({ status: "OPEN", customer: "c9", actualCents: 100 });
    book = openBook({ ...DEFAULT_SETTINGS, autoOpen: false });
    refuses("UNKNOWN_ACCOUNT", "cash_deposit_2", counted);
  });

  test("14: a remote account may equal our number; a transfer to itself is refused", () => {
    accepts("incoming_payment_1", bodies.incoming("a", "1.00", { SourceAccount: "a" }));
    accepts("outgoing_payment_unverified_1", bodies.outgoing("a", "1.00", { TargetAccount: "a" }));
    refuses("SAME_ACCOUNT_TRANSFER", "inter_account_transfer_1", bodies.transfer("a", "a", "1.00"));
  });

  test.each(["0", "0.00", "-1", "-0.01"])("15, 16: the amount %s is not positive", amount => {
    for (const [name, body] of movements(amount)) refuses("NON_POSITIVE_AMOUNT", name, body);
  });

  test.each(["+1", "1e2", " 1", "1,00", "NaN", "1.", ".5", "", "0x10", "1 000", "١"])(
    "16: the amount text %j is none",
    amount => {
      for (const [name, body] of movements(amount)) refuses("INVALID_AMOUNT", name, body);
    },
  );

  test("16: an amount that is a JSON number is refused", () => {
    for (const [name, body] of movements("1", { Amount: 1 })) refuses("INVALID_AMOUNT", name, body);
    refuses("INVALID_AMOUNT", "verify_cash_deposit_1", bodies.verify("a", "1", "d", { Amount: 1 }));
  });

  test("17: more than two decimals are refused, and never rounded", () => {
    for (const [name, body] of movements("1.230")) refuses("TOO_MANY_DECIMALS", name, body);
    for (const amount of ["1", "1.2", "1.20"])
      accepts(`incoming_payment_${amount.length}`, bodies.incoming("a", amount));
    balances("a", 20_340, 20_340);
  });

  test("18: cash must add up to the amount", () => {
    const short = { Currency: { "50-euro-bills": 3 } };
    refuses("CURRENCY_SUM_MISMATCH", "cash_deposit_1", bodies.deposit("a", "200.00", short));
    refuses("CURRENCY_SUM_MISMATCH", "cash_withdrawal_1", bodies.withdrawal("a", "200.00", short));
    book.put("cash_deposit_d", bodies.deposit("a", "123.45"));
    const counted = {
      VerifiedCurrency: { "100-euro-bills": 1, "20-euro-bills": "1", "1-euro-bills": 3, "20-cents": 2 },
    };
    refuses("CURRENCY_SUM_MISMATCH", "verify_cash_deposit_1", bodies.verify("a", "123.45", "d", counted));
    const evidence = { FinalFinding: "text", VerifiedByEmployeeId: "1234567890" };
    accepts("verify_cash_deposit_2", bodies.verify("a", "123.40", "d", { ...counted, ...evidence }));
    balances("a", 32_340, 32_340);
  });

  test("19: cash that is not listed is a missing field, unless the setting relaxes it", () => {
    const { Currency: _deposited, ...deposit } = bodies.deposit("a", "5.00");
    const { Currency: _withdrawn, ...withdrawal } = bodies.withdrawal("a", "5.00");
    const { VerifiedCurrency: _counted, ...verify } = bodies.verify("a", "5.00", "d");
    refuses("MISSING_FIELD", "cash_deposit_1", deposit);
    refuses("MISSING_FIELD", "cash_withdrawal_1", withdrawal);
    refuses("MISSING_FIELD", "verify_cash_deposit_1", verify);
    book = openBook({ ...DEFAULT_SETTINGS, currencyRequired: false });
    book.put("open_account_a", bodies.open("a"));
    accepts("cash_deposit_d", deposit);
    accepts("verify_cash_deposit_d", verify);
    accepts("cash_withdrawal_1", withdrawal);
  });

  test("20: unknown denominations and counts that are no counts are refused", () => {
    const deposit = (Currency: Body) => bodies.deposit("a", "5.00", { Currency });
    refuses("UNKNOWN_DENOMINATION", "cash_deposit_1", deposit({ "3-euro-bills": 1 }));
    refuses("UNKNOWN_DENOMINATION", "cash_deposit_2", deposit({ toString: 1 }));
    for (const count of [-1, 0.5, "-1", "1.5", "", null, true, 1e300])
      refuses("INVALID_AMOUNT", "cash_deposit_3", deposit({ "5-euro-bills": count }));
    accepts("cash_deposit_4", deposit({ "5-euro-bills": "1", "10-euro-bills": 0 }));
  });

  test("21: an id may recur in another type; in another folder the key is bad", () => {
    accepts("cash_deposit_r1", bodies.deposit("a", "5.00"));
    accepts("cash_withdrawal_r1", bodies.withdrawal("a", "5.00"));
    accepts("outgoing_payment_unverified_r1", bodies.outgoing("a", "5.00"));
    refuses("BAD_KEY", "folder/cash_withdrawal_r1", bodies.withdrawal("a", "5.00"));
    refuses("REQUEST_ID_REUSED", "cash_deposit_r1", bodies.deposit("a", "6.00"));
    refuses("REQUEST_ID_REUSED", "outgoing_payment_unverified_r1", bodies.outgoing("a", "6.00"));
  });

  test("24: the verdict reads no sequencer, version or arrival order, only key, bytes and the time S3 gave", () => {
    const object = { key: "cash_withdrawal_w.event", bytes: bytesOf("{}"), sizeBytes: 2, eventTime: NOON };
    const noise = { ...object, sequencer: "00FF", versionId: "v2" };
    expect(bank.parse(noise, DEFAULT_SETTINGS)).toEqual(bank.parse(object, DEFAULT_SETTINGS));
  });

  test("25: a request nobody could read keeps the name it would have registered", () => {
    const object = { key: "cash_deposit_d.event", bytes: undefined, sizeBytes: 70_000, eventTime: NOON };
    expect(bank.parse(object, DEFAULT_SETTINGS)).toMatchObject({
      valid: false,
      code: "OBJECT_TOO_LARGE",
      registers: { flow: "deposit", id: "d" },
    });
  });

  test("26-30: changes are plain data, so what was accepted can be applied again without being judged again", () => {
    accepts("outgoing_payment_unverified_o", bodies.outgoing("a", "5.00"));
    accepts("outgoing_payment_verified_o", bodies.settled("o"));
    accepts("inter_account_transfer_t", bodies.transfer("a", "b", "5.00"));
    const stored = JSON.parse(JSON.stringify(book.changes)) as typeof book.changes;
    const again = stored
      .filter(({ stream }) => stream === "a")
      .reduce((state, { change }) => bank.evolve(state, change), bank.initialState());
    expect(again).toEqual(book.stateOf("a"));
  });

  test("31: a change beyond what the state has seen is not swallowed: it throws where it cannot be", () => {
    const beyond = { actualCents: -100, availableCents: -100, opened: [], closed: [] };
    expect(() => bank.evolve(bank.initialState(), beyond)).toThrow("Expected a balance");
  });

  test("32: a frozen account is an account still: it is listed and keeps its balances", () => {
    const frozen = bank.evolve(book.stateOf("a"), { ...bank.noChange(), status: "FROZEN" });
    expect(frozen).toMatchObject({ status: "FROZEN", actualCents: 20_000, customer: "c1" });
    expect(bank.isListed(frozen)).toBe(true);
  });

  test("33: a time that is absent, text, milliseconds or over five minutes ahead is bad; an old one is not", () => {
    const at = (EventTimeStamp: unknown) => bodies.incoming("a", "1.00", { EventTimeStamp });
    const { EventTimeStamp: _absent, ...timeless } = bodies.incoming("a", "1.00");
    refuses("BAD_TIMESTAMP", "incoming_payment_1", timeless);
    const bad = [null, String(NOON_SECONDS), NOON_SECONDS * 1000, NOON_SECONDS + 301, NOON_SECONDS + 0.5, -1];
    for (const time of bad) refuses("BAD_TIMESTAMP", "incoming_payment_2", at(time));
    accepts("incoming_payment_3", at(NOON_SECONDS + 300));
    accepts("incoming_payment_4", at(1_234_567_890));
    accepts("incoming_payment_5", at(0));
  });

  test("34: midnight is a time like any other", () => {
    const midnight = NOON_SECONDS - 12 * 3600;
    const body = bodies.incoming("a", "1.00", { EventTimeStamp: midnight });
    accepts("incoming_payment_1", body, "2026-05-06T00:00:00.000Z");
  });

  test("35: a request of a closed period is posted now and keeps its date", () => {
    const key = "incoming_payment_1.event";
    const bytes = bytesOf(bodies.incoming("a", "1.00", { EventTimeStamp: 1_234_567_890 }));
    const parsed = bank.parse({ key, bytes, sizeBytes: bytes.length, eventTime: NOON }, DEFAULT_SETTINGS);
    expect(parsed).toMatchObject({ valid: true, timestamp: 1_234_567_890 });
  });

  test("36: what is never settled stays held, whatever comes after", () => {
    accepts("outgoing_payment_unverified_o", bodies.outgoing("a", "150.00"));
    accepts("incoming_payment_1", bodies.incoming("a", "1.00"), "2036-05-06T12:00:00.000Z");
    expect(book.stateOf("a").holds).toEqual({ "outgoing#o": { kind: "outgoing", amountCents: 15_000 } });
    balances("a", 20_100, 5_100);
  });

  test("37: a byte order mark and a newline at the end are tolerated, other bytes are not", () => {
    const text = JSON.stringify(bodies.incoming("a", "1.00"));
    accepts("incoming_payment_1", `\ufeff${text}\n`);
    accepts("incoming_payment_2", ` ${text}\r\n`);
    refuses(
      "MALFORMED_JSON",
      "incoming_payment_3",
      new Uint8Array([...bytesOf(text).slice(0, -1), 0xff, 0x7d]),
    );
    for (const broken of ["", "[]", "null", "1", "{} {}", `${text},`, '{"Currency":[ "100-euro-bills": 1 ]}'])
      refuses("MALFORMED_JSON", "incoming_payment_4", broken);
    refuses("DUPLICATE_JSON_KEY", "incoming_payment_5", `{"SourceAccount":"1",${text.slice(1)}`);
    refuses("DUPLICATE_JSON_KEY", "incoming_payment_6", `${text.slice(0, -1)},"x":[{"y":1,"\\u0079":2}]}`);
  });

  test("38: unknown fields are ignored, whatever they hold", () => {
    const more = { Note: [{ deep: null }], Currency: 5, constructor: "x", RejectedAmount: -1 };
    accepts("incoming_payment_1", bodies.incoming("a", "1.00", more));
    accepts(
      "incoming_payment_2",
      `{"__proto__":{"Amount":"9"},${JSON.stringify(bodies.incoming("a", "1.00")).slice(1)}`,
    );
    balances("a", 20_200, 20_200);
  });

  test("39: where the bytes lay, warm or cold, is no input of the verdict", () => {
    const object = { key: "cash_withdrawal_w.event", bytes: bytesOf("{}"), sizeBytes: 2, eventTime: NOON };
    const cold = { ...object, storageClass: "GLACIER" };
    expect(bank.parse(cold, DEFAULT_SETTINGS)).toEqual(bank.parse(object, DEFAULT_SETTINGS));
  });
});
