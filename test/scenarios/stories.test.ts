import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareOutcome } from "../../src/cli/scenario-difference.ts";
import { readScenario } from "../../src/cli/scenario-file.ts";
import { printOutcome } from "../../src/cli/scenario-outcome.ts";
import { openDriver, type ParsedDays, parsedDays, runDays } from "./driver.ts";
import { filesOf, story, storyNames, storyText } from "./stories.ts";

/** Orders tried per story; `RUNS` multiplies them. */
const ORDERS = 50 * Number(process.env.RUNS ?? 1);
/** A follow-up waits this long for its original before it is refused. */
const PARKED_MS_MAX = 24 * 60 * 60 * 1000;

/** Any order of the rows within each day, days in date order. */
const ordersOf = (days: ParsedDays): fc.Arbitrary<ParsedDays> =>
  fc.tuple(
    ...days.map(day => fc.shuffledSubarray([...day], { minLength: day.length, maxLength: day.length })),
  );

const linkOf = (body: string): string | undefined => JSON.parse(body).PreviousRequestIdReference;

test("every story has an expected outcome, and every expected outcome a story", () => {
  expect(filesOf(".expected.json")).toEqual(storyNames.map(name => `${name}.expected.json`));
  expect(storyNames.length).toBeGreaterThanOrEqual(10);
});

describe.each(storyNames)("%s", name => {
  const { scenario, expected } = story(name);
  const days = parsedDays(scenario);

  test("comes out as expected in file order", () => {
    expect(compareOutcome(expected, runDays(days))).toEqual([]);
  });

  test("comes out the same in any order within a day", () => {
    fc.assert(
      fc.property(ordersOf(days), order => {
        expect(compareOutcome(expected, runDays(order))).toEqual([]);
      }),
      // A counterexample of a thousand rows takes long to shrink, and its diff says enough.
      { numRuns: ORDERS, endOnFailure: true },
    );
  });

  test("names one outcome per row, and is printed as it is stored", () => {
    expect(Object.keys(expected.outcomes)).toEqual(scenario.rows.map(row => row.requestId));
    expect(printOutcome(expected)).toBe(storyText(`${name}.expected.json`));
  });

  test("has the rows of a day in order of time, so that the cloud's clock never goes back", () => {
    for (const { rows } of scenario.days) {
      const times = rows.map(row => row.atMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
  });

  test("lets no follow-up wait until its deadline", () => {
    const at = new Map(scenario.rows.map(row => [row.requestId, row.atMs]));
    const end = Math.max(...at.values());
    const waits = scenario.rows.flatMap(({ requestId, body, atMs }) => {
      const link = linkOf(body);
      if (link === undefined) return [];
      const until = expected.outcomes[requestId] === "parked" ? end : (at.get(link) ?? Number.NaN);
      return [{ requestId, inTime: until - atMs < PARKED_MS_MAX }];
    });
    expect(waits.filter(({ inTime }) => !inTime)).toEqual([]);
  });
});

test("a story that depends on the order within a day is found out", () => {
  const [header = "", opening = ""] = storyText("golden.csv").split("\n");
  const text = [
    header,
    opening,
    opening.replace(",02,0900,cash_deposit_", ",03,0900,cash_withdrawal_"),
    opening.replace(",02,0900,cash_deposit_", ",03,1000,cash_withdrawal_"),
  ].join("\n");
  const days = parsedDays(readScenario(text, "ordered.csv"));
  const inFileOrder = runDays(days);
  expect(Object.values(inFileOrder.outcomes)).toEqual(["accepted", "accepted", "INSUFFICIENT_FUNDS"]);
  const dependsOnOrder = fc.check(
    fc.property(ordersOf(days), order => compareOutcome(inFileOrder, runDays(order)).length === 0),
  );
  expect(dependsOnOrder.failed).toBe(true);
});

test("golden: every row leaves the balances of column P (B3)", () => {
  const columnP = [
    { "100010": "200/200" },
    { "100020": "500/500" },
    { "100030": "1000/1000" },
    { "100010": "500/500" },
    { "100010": "500/500" },
    { "100010": "600/600" },
    { "100020": "450/450" },
    { "100030": "1000/750" },
    { "100030": "750/750" },
    { "100010": "600/600" },
    { "100010": "600/500" },
    { "100010": "600/600" },
    { "100030": "350/350", "100010": "1000/1000" },
  ];
  const { scenario, expected } = story("golden");
  const driver = openDriver();
  const shown = parsedDays(scenario)
    .flat()
    .map((item, index) => {
      driver.judge(item);
      const touched = Object.keys(columnP[index] ?? {});
      return Object.fromEntries(
        touched.map(account => {
          const { actual, available } = driver.balancesOf(account);
          return [account, `${Number(actual)}/${Number(available)}`];
        }),
      );
    });
  expect(shown).toEqual(columnP);
  expect(expected.accounts).toEqual({
    "100010": { actual: "1000.00", available: "1000.00" },
    "100020": { actual: "450.00", available: "450.00" },
    "100030": { actual: "350.00", available: "350.00" },
  });
  const refused = Object.entries(expected.outcomes).filter(([, outcome]) => outcome !== "accepted");
  expect(refused).toEqual([["r0000010", "INSUFFICIENT_FUNDS"]]);
});

test("refusals: the stories show most codes a well-formed object can earn", () => {
  const codes = new Set(storyNames.flatMap(name => Object.values(story(name).expected.outcomes)));
  expect([...codes].sort()).toEqual([
    "ACCOUNT_EXISTS",
    "ACCOUNT_MISMATCH",
    "ALREADY_SETTLED",
    "AMOUNT_MISMATCH",
    "AMOUNT_TOO_LARGE",
    "CURRENCY_SUM_MISMATCH",
    "CUSTOMER_MISMATCH",
    "INSUFFICIENT_FUNDS",
    "INVALID_AMOUNT",
    "INVALID_FIELD",
    "MISSING_FIELD",
    "NON_POSITIVE_AMOUNT",
    "ORIGINAL_NOT_FOUND",
    "SAME_ACCOUNT_TRANSFER",
    "STATUS_UNCHANGED",
    "TOO_MANY_DECIMALS",
    "UNKNOWN_ACCOUNT",
    "accepted",
    "parked",
  ]);
});
