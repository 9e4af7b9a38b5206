import fc from "fast-check";
import { expect, test } from "vitest";
import { BALANCE_CENTS_MAX, balanceCents, parseAmount, printCents } from "../../src/domain/money.ts";

const AMOUNT_MAX_CENTS = 999_999_999_999_999;

test("what is printed is read back as the same cents", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: AMOUNT_MAX_CENTS }), cents => {
      expect(parseAmount(printCents(cents))).toEqual({ ok: true, cents });
    }),
    { numRuns: 5_000 },
  );
});

test("what is read is printed as the same amount, with two decimals", () => {
  const whole = fc.bigInt({ min: 1n, max: 9_999_999_999_999n }).map(String);
  fc.assert(
    fc.property(whole, fc.stringMatching(/^(\.[0-9]{1,2})?$/), (euro, decimals) => {
      const amount = parseAmount(euro + decimals);
      const canonical = `${euro}.${decimals.slice(1).padEnd(2, "0")}`;
      expect(amount.ok && printCents(amount.cents)).toBe(canonical);
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  ["1", 100],
  ["1.2", 120],
  ["1.20", 120],
  ["0.01", 1],
  ["1.005".slice(0, 4), 100],
  ["4.35", 435],
  ["007", 700],
  ["9999999999999.99", AMOUNT_MAX_CENTS],
])("%s is %i cents", (text, cents) => expect(parseAmount(text)).toEqual({ ok: true, cents }));

test.each([
  ["", "INVALID_AMOUNT"],
  [" 5 ", "INVALID_AMOUNT"],
  ["0x10", "INVALID_AMOUNT"],
  ["1e3", "INVALID_AMOUNT"],
  ["12,50", "INVALID_AMOUNT"],
  ["1'000", "INVALID_AMOUNT"],
  ["Infinity", "INVALID_AMOUNT"],
  ["--1", "INVALID_AMOUNT"],
  ["1\n", "INVALID_AMOUNT"],
  [5, "INVALID_AMOUNT"],
  [null, "INVALID_AMOUNT"],
  [undefined, "INVALID_AMOUNT"],
  [["1"], "INVALID_AMOUNT"],
  ["0", "NON_POSITIVE_AMOUNT"],
  ["0.000", "NON_POSITIVE_AMOUNT"],
  ["-5", "NON_POSITIVE_AMOUNT"],
  ["-0", "NON_POSITIVE_AMOUNT"],
  ["1.005", "TOO_MANY_DECIMALS"],
  ["1.230", "TOO_MANY_DECIMALS"],
  ["10000000000000", "AMOUNT_TOO_LARGE"],
  ["12345678901234567890123456789012345.67", "AMOUNT_TOO_LARGE"],
])("%j is refused with %s", (literal, code) => expect(parseAmount(literal)).toEqual({ ok: false, code }));

test("signed and large cents are printed exactly", () => {
  expect(printCents(123_450)).toBe("1234.50");
  expect(printCents(-5)).toBe("-0.05");
  expect(printCents(0)).toBe("0.00");
  expect(printCents(BALANCE_CENTS_MAX)).toBe("90000000000000.00");
  expect(printCents(8_999_999_999_999_999)).toBe("89999999999999.99");
  for (const wrong of [0.5, Number.NaN, 2 ** 53]) expect(() => printCents(wrong)).toThrow("integer cents");
});

test("a balance is an integer from zero to its ceiling", () => {
  expect(balanceCents(BALANCE_CENTS_MAX)).toBe(BALANCE_CENTS_MAX);
  for (const wrong of [-1, 0.5, BALANCE_CENTS_MAX + 1, Number.NaN])
    expect(() => balanceCents(wrong)).toThrow("Expected a balance");
});
