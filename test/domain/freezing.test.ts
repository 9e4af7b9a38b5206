import { describe, expect, test } from "vitest";
import { bank } from "../../src/domain/bank.ts";
import { DEFAULT_SETTINGS } from "../../src/domain/settings.ts";
import { bodies, bytesOf, NOON, NOON_SECONDS, openBook } from "./book.ts";

const freezing = (account: string, more: object = {}) => ({
  EventTimeStamp: NOON_SECONDS,
  TargetAccount: account,
  Reason: "card stolen",
  ...more,
});

const withAccount = () => {
  const book = openBook();
  book.put("open_account_a", bodies.open("100"));
  book.put("cash_deposit_d", bodies.deposit("100", "5.00", { Verified: true }));
  return book;
};

const parsed = (name: string, body: object) => {
  const bytes = bytesOf({ ...body });
  const read = bank.parse(
    { key: `${name}.event`, bytes, sizeBytes: bytes.length, eventTime: NOON },
    DEFAULT_SETTINGS,
  );
  if (!read.valid) throw new Error(`Expected ${name} to be valid, got ${read.code}`);
  return read;
};

describe("freezing an account", () => {
  test("changes its status and nothing else, and unfreezing changes it back", () => {
    const book = withAccount();
    const before = book.stateOf("100");
    expect(book.put("freeze_account_1", freezing("100", { EmployeeId: "7" }))).toMatchObject({
      outcome: "accepted",
    });
    expect(book.stateOf("100")).toEqual({ ...before, status: "FROZEN" });
    expect(bank.isClosed(book.stateOf("100"))).toBe(true);
    expect(book.put("unfreeze_account_1", freezing("100"))).toMatchObject({ outcome: "accepted" });
    expect(book.stateOf("100")).toEqual(before);
    expect(bank.isClosed(book.stateOf("100"))).toBe(false);
  });

  test("is refused where nothing would change, and for an account nobody opened", () => {
    const book = withAccount();
    expect(book.put("unfreeze_account_1", freezing("100"))).toMatchObject({ code: "STATUS_UNCHANGED" });
    book.put("freeze_account_1", freezing("100"));
    expect(book.put("freeze_account_2", freezing("100"))).toMatchObject({ code: "STATUS_UNCHANGED" });
    for (const type of ["freeze_account", "unfreeze_account"])
      expect(book.put(`${type}_3`, freezing("404"))).toMatchObject({ code: "UNKNOWN_ACCOUNT" });
    expect(bank.isClosed(book.stateOf("404"))).toBe(false);
  });

  test("asks for a reason and an account", () => {
    const book = withAccount();
    expect(book.put("freeze_account_1", freezing("100", { Reason: null }))).toMatchObject({
      code: "MISSING_FIELD",
      facts: { field: "Reason" },
    });
    expect(book.put("freeze_account_2", freezing("1 0 0"))).toMatchObject({ code: "INVALID_FIELD" });
    expect(book.put("freeze_account_3", freezing("100", { EmployeeId: 7 }))).toMatchObject({
      code: "INVALID_FIELD",
    });
  });

  test("is part of what the chain hash covers", () => {
    const change = (status: "OPEN" | "FROZEN") => ({ ...bank.noChange(), status });
    expect(bank.canonicalFields(change("OPEN"))).not.toEqual(bank.canonicalFields(change("FROZEN")));
    expect(bank.canonicalFields(change("OPEN"))).not.toEqual(bank.canonicalFields(bank.noChange()));
  });

  test("lets through only what freezes and unfreezes", () => {
    const through = (name: string, body: object) => bank.passesClosed(parsed(name, body).request);
    expect(through("freeze_account_1", freezing("100"))).toBe(true);
    expect(through("unfreeze_account_1", freezing("100"))).toBe(true);
    expect(through("open_account_1", bodies.open("100"))).toBe(false);
    expect(through("incoming_payment_1", bodies.incoming("100", "1.00"))).toBe(false);
    expect(through("outgoing_payment_verified_1", bodies.settled("p"))).toBe(false);
  });
});

test("a follow-up that waited in vain is refused with the id it referred to", () => {
  const { request } = parsed("outgoing_payment_verified_1", bodies.settled("p7"));
  expect(bank.refuseUnfound(request)).toEqual({
    code: "ORIGINAL_NOT_FOUND",
    facts: { originalId: "p7" },
  });
});
