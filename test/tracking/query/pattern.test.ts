import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attributeFits, parseAttributeTest } from "../../../src/tracking/query/attribute-test.ts";
import type { Attributes } from "../../../src/tracking/query/attributes.ts";
import { InvalidQuery } from "../../../src/tracking/query/invalid-query.ts";
import { literalOf, matches, parsePattern } from "../../../src/tracking/query/pattern.ts";

const fits = (pattern: string, text: string, ignoreCase = false) =>
  matches(parsePattern(pattern), text, ignoreCase);

describe("a pattern", () => {
  it.each([
    ["*", "", true],
    ["*", "anything", true],
    ["?", "", false],
    ["a*c", "abbc", true],
    ["a*c", "xabc", false],
    ["a*c", "abcx", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["a?c", "a\u{1F600}c", true],
    ["*.event", "cash.event", true],
    ["*a*a*b", "aaab", true],
    ["100%_", "100%_", true],
    ["100%_", "1000x", false],
    [String.raw`a\*c`, "a*c", true],
    [String.raw`a\*c`, "abc", false],
    [String.raw`a\?c`, "a?c", true],
    [String.raw`a\\*`, String.raw`a\c`, true],
    ["a.c", "abc", false],
    ["", "", true],
    ["", "a", false],
  ])("%s over %s: %s", (pattern, text, expected) => {
    expect(fits(pattern, text)).toBe(expected);
  });

  it("heeds case unless told otherwise", () => {
    expect([fits("A*", "abc"), fits("A*", "abc", true), fits("É?", "éX", true)]).toEqual([false, true, true]);
  });

  it.each([
    [String.raw`ab\q`, 3],
    ["a\\", 2],
    ["\\\\\\.", 3],
  ])("%s is refused, with the place of its backslash", (pattern, place) => {
    expect(() => parsePattern(pattern)).toThrow(InvalidQuery);
    expect(() => parsePattern(pattern)).toThrow(`character ${place} of`);
  });

  it("knows whether it has wildcards", () => {
    expect(literalOf(parsePattern(String.raw`a\*\\b`))).toBe(String.raw`a*\b`);
    expect(literalOf(parsePattern("a*"))).toBeUndefined();
    expect(literalOf(parsePattern(""))).toBe("");
  });

  const letters = fc.array(fc.constantFrom("a", "b", "B", "*", "?", "\\", "%", "\u{1F600}"), {
    maxLength: 8,
  });

  it("means what the regular expression of it means", () => {
    const part = fc.constantFrom("a", "b", "B", "*", "?", "\\*", "\\?", "\\\\", "%", "\u{1F600}");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 7 }), letters, fc.boolean(), (parts, text, ignoreCase) => {
        const source = parts.map(each => {
          if (each === "*") return ".*";
          return each === "?" ? "." : each.startsWith("\\") ? each : each.replace(/[%]/, "[%]");
        });
        const expected = new RegExp(`^(?:${source.join("")})$`, ignoreCase ? "sui" : "su").test(
          text.join(""),
        );
        expect(fits(parts.join(""), text.join(""), ignoreCase)).toBe(expected);
      }),
    );
  });

  it("made of a text by escaping finds that text, and only that", () => {
    fc.assert(
      fc.property(letters, letters, (one, other) => {
        const pattern = one.join("").replaceAll(/[\\*?]/g, "\\$&");
        expect(fits(pattern, one.join(""))).toBe(true);
        expect(fits(pattern, other.join(""))).toBe(one.join("") === other.join(""));
      }),
    );
  });

  it("with many wildcards is done soon", () => {
    // Some 10^20 ways for a regular expression that goes back.
    expect(fits(`$"*a".repeat(20)*b`, "a".repeat(1_000))).toBe(false);
  });
});

describe("a test of attributes", () => {
  const attributes: Attributes = {
    n: 1,
    half: 0.5,
    yes: true,
    none: null,
    text: "abcyy",
    "a.b": "dotted",
    "x=y": "equal",
    "back\\slash": "back",
    "we-ird 1*": "odd",
    deep: { er: { most: "here" } },
    list: ["red", { colour: "blue" }, 7],
  };
  const has = (test: string, ignoreCase = false) =>
    attributeFits(attributes, parseAttributeTest(test), ignoreCase);

  it.each([
    ["n=1", true],
    ["n=2", false],
    ["half=0.5", true],
    ["yes=true", true],
    ["yes=*", true],
    ["none=null", true],
    ["text=a*c", false],
    ["text=a*", true],
    ["text=b*", false],
    ["text=ABCYY", false],
    [String.raw`a\.b=dotted`, true],
    ["a.b=dotted", false],
    [String.raw`x\=y=equal`, true],
    ["x=y=equal", false],
    [String.raw`back\\slash=back`, true],
    ["we-ird 1*=odd", true],
    ["deep.er.most=h?re", true],
    ["deep.er=*", false],
    ["deep.er.most.more=*", false],
    ["list=red", true],
    ["list=7", true],
    ["list=blue", false],
    ["list.colour=blue", true],
    ["list.0=red", true],
    ["list.1=red", false],
    ["list.length=*", false],
    ["toString=*", false],
    ["text.length=*", false],
    ["missing=*", false],
  ])("%s: %s", (test, expected) => {
    expect(has(test)).toBe(expected);
  });

  it("finds a number by its text and a text of digits alike", () => {
    for (const n of [1, "1"]) expect(attributeFits({ n }, parseAttributeTest("n=1"), false)).toBe(true);
    expect(attributeFits(undefined, parseAttributeTest("n=1"), false)).toBe(false);
  });

  it("heeds the case of values only as told, of names always", () => {
    expect([has("text=ABCYY", true), has("TEXT=abcyy", true)]).toEqual([true, false]);
  });

  it.each(["novalue", "=x", "a..b=x", ".a=x", "a.=x", String.raw`a\q=x`, String.raw`a=x\q`])(
    "%s is refused",
    test => {
      expect(() => parseAttributeTest(test)).toThrow(InvalidQuery);
    },
  );

  it("finds any name that is escaped", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }), names => {
        fc.pre(!names.includes("__proto__"));
        const nested = names.reduceRight<Attributes | string>((inner, name) => ({ [name]: inner }), "found");
        const path = names.map(name => name.replaceAll(/[\\.=]/g, "\\$&")).join(".");
        expect(attributeFits(nested as Attributes, parseAttributeTest(`${path}=found`), false)).toBe(true);
      }),
    );
  });
});
