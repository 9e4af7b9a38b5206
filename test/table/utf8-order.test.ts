import fc from "fast-check";
import { expect, test } from "vitest";
import { boundedKey } from "../../src/table/bounded-key.ts";
import { compareUtf8 } from "../../src/table/utf8-order.ts";

const text = () =>
  fc.string({ unit: fc.constantFrom("", "a", "b", "é", "\ud7ff", "\ue000", "\uffff", "😀", "𐀀") });

test("orders text as its UTF-8 bytes are ordered", () => {
  fc.assert(
    fc.property(text(), text(), (left, right) => {
      expect(Math.sign(compareUtf8(left, right))).toBe(Buffer.compare(Buffer.from(left), Buffer.from(right)));
    }),
  );
});

test("keeps keys up to 900 bytes and shortens longer ones between characters", () => {
  expect(boundedKey("x".repeat(900))).toBe("x".repeat(900));
  for (const shift of ["", "x", "xx", "xxx"]) {
    const bounded = boundedKey(shift + "😀".repeat(256));
    expect(bounded.isWellFormed() && !bounded.includes("\ufffd")).toBe(true);
    expect(Buffer.byteLength(bounded)).toBeLessThanOrEqual(800 + 1 + 64);
    expect(Buffer.byteLength(bounded)).toBeGreaterThan(797 + 1 + 63);
  }
  expect(boundedKey(`${"x".repeat(1000)}1`)).not.toBe(boundedKey(`${"x".repeat(1000)}2`));
});
