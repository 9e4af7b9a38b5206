import type { ScenarioOutcome, ShownBalances } from "./scenario-outcome.ts";

/**
 * One account or request that ended otherwise than expected. A side that is absent knows nothing of it.
 * Texts are as people read them.
 */
export type Difference = {
  readonly what: "account" | "request";
  /** Account number or request id. */
  readonly name: string;
  readonly expected?: string;
  readonly actual?: string;
};

/** A diff nobody reads to its end is cut; the figures in its first line count all. */
const SHOWN_MAX = 50;

const balancesText = ({ actual, available }: ShownBalances): string =>
  `actual ${actual}, available ${available}`;

const sidesOf = (
  what: Difference["what"],
  expected: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string, string>,
): readonly Difference[] => {
  const names = [...new Set([...expected.keys(), ...actual.keys()])].sort();
  return names.flatMap(name => {
    const [wanted, found] = [expected.get(name), actual.get(name)];
    if (wanted === found) return [];
    return {
      what,
      name,
      ...(wanted === undefined ? {} : { expected: wanted }),
      ...(found === undefined ? {} : { actual: found }),
    };
  });
};

/** Balances as texts, so that every value of the map compares by `===`. */
const accountTexts = ({ accounts }: ScenarioOutcome): ReadonlyMap<string, string> =>
  new Map(Object.entries(accounts).map(([account, balances]) => [account, balancesText(balances)]));

const outcomeTexts = ({ outcomes }: ScenarioOutcome): ReadonlyMap<string, string> =>
  new Map(Object.entries(outcomes));

/**
 * What a run did otherwise than expected: accounts by number, then requests in row order.
 *
 * Returns: empty if all is as expected. An account or request that only one side has is a difference too.
 */
export const compareOutcome = (expected: ScenarioOutcome, actual: ScenarioOutcome): readonly Difference[] => [
  ...sidesOf("account", accountTexts(expected), accountTexts(actual)),
  ...sidesOf("request", outcomeTexts(expected), outcomeTexts(actual)),
];

const linesOf = ({ what, name, expected, actual }: Difference): readonly string[] => [
  `  ${what} ${name}`,
  `    - ${expected ?? "(not expected)"}`,
  `    + ${actual ?? "(not there)"}`,
];

/**
 * Differences as a diff: `-` is what was expected, `+` what came out. At most 50 are shown, all are counted.
 *
 * Returns: text that ends in a line break; one line where there is no difference.
 */
export const printDifferences = (differences: readonly Difference[]): string => {
  if (differences.length === 0) return "As expected.\n";
  const counted = differences.length === 1 ? "1 difference" : `${differences.length} differences`;
  const shown = differences.slice(0, SHOWN_MAX);
  const rest = differences.length - shown.length;
  return [
    `${counted} (- expected, + came out):`,
    ...shown.flatMap(linesOf),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
    "",
  ].join("\n");
};
