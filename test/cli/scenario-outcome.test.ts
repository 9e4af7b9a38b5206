import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareOutcome, printDifferences } from "../../src/cli/scenario-difference.ts";
import { InvalidScenario } from "../../src/cli/scenario-error.ts";
import { printOutcome, readExpected, type ScenarioOutcome } from "../../src/cli/scenario-outcome.ts";

const expected: ScenarioOutcome = {
  accounts: {
    "100010": { actual: "1000.00", available: "1000.00" },
    "100020": { actual: "450.00", available: "0.05" },
  },
  outcomes: { r0000001: "accepted", r0000002: "INSUFFICIENT_FUNDS", r0000003: "parked" },
};

const euro = fc.nat().map(cents => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`);
const anyOutcome: fc.Arbitrary<ScenarioOutcome> = fc.record(
  {
    accounts: fc.dictionary(
      fc.stringMatching(/^[A-Za-z0-9-]{1,8}$/),
      fc.record({ actual: euro, available: euro }, { noNullPrototype: true }),
      { noNullPrototype: true },
    ),
    outcomes: fc.dictionary(
      fc.stringMatching(/^r\d{7}$/),
      fc.constantFrom("accepted", "parked", "UNKNOWN_ACCOUNT"),
      { noNullPrototype: true },
    ),
  },
  { noNullPrototype: true },
);

describe("an expected outcome", () => {
  test("is read as it is printed", () => {
    fc.assert(
      fc.property(anyOutcome, outcome => {
        const text = printOutcome(outcome);
        expect(readExpected(text)).toEqual(outcome);
        expect(JSON.parse(text)).toEqual(outcome);
      }),
    );
  });

  test("is printed by account number as text and in row order, whatever order it was made in", () => {
    const outcome: ScenarioOutcome = {
      accounts: {
        "90": { actual: "1.00", available: "1.00" },
        "100": { actual: "2.00", available: "0.00" },
        A1: { actual: "3.00", available: "3.00" },
      },
      outcomes: { r0000002: "parked", r0000001: "accepted" },
    };
    expect(printOutcome(outcome)).toBe(
      [
        "{",
        '  "accounts": {',
        '    "100": { "actual": "2.00", "available": "0.00" },',
        '    "90": { "actual": "1.00", "available": "1.00" },',
        '    "A1": { "actual": "3.00", "available": "3.00" }',
        "  },",
        '  "outcomes": {',
        '    "r0000001": "accepted",',
        '    "r0000002": "parked"',
        "  }",
        "}",
        "",
      ].join("\n"),
    );
  });

  const balances = (actual: unknown): string =>
    JSON.stringify({ accounts: { "100010": { actual, available: "1.00" } }, outcomes: {} });
  const outcome = (value: unknown): string => JSON.stringify({ accounts: {}, outcomes: { r0000001: value } });
  test.each([
    ["no JSON", "{", "expected JSON"],
    ["no object", "[]", "`accounts` and `outcomes`"],
    ["no outcomes", '{"accounts":{}}', "`accounts` and `outcomes`"],
    ["accounts as a list", '{"accounts":[],"outcomes":{}}', "`accounts` and `outcomes`"],
    [
      "a number as balance",
      balances(1),
      '`actual` of account 100010 as euro text with two decimals, got "1"',
    ],
    ["one decimal", balances("1.0"), 'got "1.0"'],
    ["no decimals", balances("1000"), 'got "1000"'],
    ["no balance", balances(undefined), "`actual` of account 100010"],
    ["no balances", '{"accounts":{"100010":null},"outcomes":{}}', "`actual` of account 100010"],
    ["a code with a typo", outcome("INSUFICIENT_FUNDS"), "refusal code for r0000001"],
    ["a name every object has", outcome("toString"), "refusal code for r0000001"],
    ["no text", outcome(true), 'got "true"'],
  ])("%s is refused with the place", (_name, text, part) => {
    const read = (): unknown => readExpected(text, "story.expected.json");
    expect(read).toThrow(InvalidScenario);
    expect(read).toThrow(/^story\.expected\.json: /);
    expect(read).toThrow(part);
  });
});

describe("a comparison", () => {
  test("finds nothing between an outcome and itself, in any order of its maps", () => {
    fc.assert(
      fc.property(anyOutcome, outcome => {
        const reversed = {
          accounts: Object.fromEntries(Object.entries(outcome.accounts).reverse()),
          outcomes: Object.fromEntries(Object.entries(outcome.outcomes).reverse()),
        };
        expect(compareOutcome(outcome, reversed)).toEqual([]);
      }),
    );
  });

  test("finds every account and request that differs, is missing, or is too many", () => {
    const actual: ScenarioOutcome = {
      accounts: {
        "100010": { actual: "1000.00", available: "999.95" },
        "100030": { actual: "0.00", available: "0.00" },
      },
      outcomes: { r0000001: "accepted", r0000002: "accepted", r0000004: "parked" },
    };
    expect(compareOutcome(expected, actual)).toEqual([
      {
        what: "account",
        name: "100010",
        expected: "actual 1000.00, available 1000.00",
        actual: "actual 1000.00, available 999.95",
      },
      { what: "account", name: "100020", expected: "actual 450.00, available 0.05" },
      { what: "account", name: "100030", actual: "actual 0.00, available 0.00" },
      { what: "request", name: "r0000002", expected: "INSUFFICIENT_FUNDS", actual: "accepted" },
      { what: "request", name: "r0000003", expected: "parked" },
      { what: "request", name: "r0000004", actual: "parked" },
    ]);
  });
});

describe("a diff", () => {
  test("says what was expected and what came out", () => {
    const actual = { ...expected, outcomes: { ...expected.outcomes, r0000002: "accepted" } };
    expect(printDifferences(compareOutcome(expected, actual))).toBe(
      [
        "1 difference (- expected, + came out):",
        "  request r0000002",
        "    - INSUFFICIENT_FUNDS",
        "    + accepted",
        "",
      ].join("\n"),
    );
  });

  test("names the side that knows nothing", () => {
    const text = printDifferences([
      { what: "account", name: "1", actual: "actual 1.00, available 1.00" },
      { what: "request", name: "r0000001", expected: "parked" },
    ]);
    expect(text).toContain("    - (not expected)\n    + actual 1.00");
    expect(text).toContain("    - parked\n    + (not there)\n");
  });

  test("is one line where nothing differs, and stays short where everything does", () => {
    expect(printDifferences([])).toBe("As expected.\n");
    const many = Array.from(
      { length: 1_000 },
      (_, index) => ({ what: "request", name: `r${index}` }) as const,
    );
    const text = printDifferences(many);
    expect(text).toMatch(/^1000 differences/);
    expect(text).toMatch(/ {2}and 950 more\n$/);
  });
});
