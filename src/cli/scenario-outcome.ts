import { REFUSALS } from "../domain/refusals.ts";
import { InvalidScenario } from "./scenario-error.ts";

/** An account's balances, in euro with two decimals. */
export type ShownBalances = { readonly actual: string; readonly available: string };

/**
 * How a scenario ended: what `NAME.expected.json` holds and a run prints.
 * `accounts`: by number, those that are open. `outcomes`: by request id, `accepted`, a refusal code, or `parked`.
 */
export type ScenarioOutcome = {
  readonly accounts: Readonly<Record<string, ShownBalances>>;
  readonly outcomes: Readonly<Record<string, string>>;
};

const EURO = /^(0|[1-9]\d*)\.\d{2}$/;
const REMEDY = "Correct it, or delete the file to run without expectations.";

type Named = Readonly<Record<string, unknown>>;
const isNamed = (value: unknown): value is Named =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const invalid = (file: string, rule: string, got: unknown, options?: ErrorOptions): InvalidScenario => {
  const text = typeof got === "string" ? got : JSON.stringify(got ?? null);
  return new InvalidScenario({ file, rule, got: text, remedy: REMEDY }, options);
};

const parsed = (text: string, file: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(file, "JSON", text, { cause });
  }
};

const balancesOf = (file: string, account: string, value: unknown): ShownBalances => {
  const euro = (name: keyof ShownBalances): string => {
    const got = isNamed(value) ? value[name] : undefined;
    if (typeof got === "string" && EURO.test(got)) return got;
    throw invalid(file, `\`${name}\` of account ${account} as euro text with two decimals`, got);
  };
  return { actual: euro("actual"), available: euro("available") };
};

const isOutcome = (value: unknown): value is string =>
  typeof value === "string" && (value === "accepted" || value === "parked" || Object.hasOwn(REFUSALS, value));

const outcomeOf = (file: string, requestId: string, value: unknown): string => {
  if (isOutcome(value)) return value;
  throw invalid(file, `accepted, parked or a refusal code for ${requestId}`, value);
};

const mapValues = <Value>(record: Named, read: (name: string, value: unknown) => Value) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, read(name, value)]));

/**
 * Reads the expected outcome of a scenario.
 *
 * Shape:   `{"accounts":{"100010":{"actual":"1000.00","available":"1000.00"}},"outcomes":{"r0000001":"accepted"}}`.
 * Throws:  `InvalidScenario`, naming the place, for text of another shape, a balance without two decimals, or an
 *          outcome that is neither `accepted`, `parked` nor a refusal code: no run could ever meet it.
 */
export const readExpected = (text: string, fileName = "expected outcome"): ScenarioOutcome => {
  const content = parsed(text, fileName);
  if (!isNamed(content) || !isNamed(content.accounts) || !isNamed(content.outcomes))
    throw invalid(fileName, "an object with `accounts` and `outcomes`", content);
  return {
    accounts: mapValues(content.accounts, (account, value) => balancesOf(fileName, account, value)),
    outcomes: mapValues(content.outcomes, (requestId, value) => outcomeOf(fileName, requestId, value)),
  };
};

const block = (lines: readonly string[]): string =>
  lines.length === 0 ? "{}" : `{\n${lines.map(line => `    ${line}`).join(",\n")}\n  }`;

/**
 * An outcome as text: JSON with one account or request per line, accounts by number as text, requests in row order.
 * The same outcome always gives the same text, whatever order its maps are in.
 */
export const printOutcome = ({ accounts, outcomes }: ScenarioOutcome): string => {
  // Sorted here because an object puts names that are whole numbers first, in the order of their value.
  const entries = <Value>(record: Readonly<Record<string, Value>>): [string, Value][] =>
    Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  const accountLines = entries(accounts).map(
    ([account, { actual, available }]) =>
      `${JSON.stringify(account)}: { "actual": "${actual}", "available": "${available}" }`,
  );
  const outcomeLines = entries(outcomes).map(
    ([requestId, outcome]) => `${JSON.stringify(requestId)}: ${JSON.stringify(outcome)}`,
  );
  return `{\n  "accounts": ${block(accountLines)},\n  "outcomes": ${block(outcomeLines)}\n}\n`;
};
