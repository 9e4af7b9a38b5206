import { textTable } from "../projections/text-table.ts";
import type { Output } from "./output.ts";
import type { Scenario } from "./scenario-file.ts";
import type { ScenarioOutcome } from "./scenario-outcome.ts";

/** How a scenario ended, for people: every request with its outcome, then every account with its balances. */
export const outcomeTables = (
  { accounts, outcomes }: ScenarioOutcome,
  { rows }: Scenario,
  output: Output,
): string => {
  const requests = rows.map(row => [
    row.requestId,
    row.day,
    row.type,
    row.account ?? "",
    row.amount ?? "",
    outcomes[row.requestId] ?? "",
  ]);
  const balances = Object.entries(accounts).map(([account, { actual, available }]) => [
    account,
    actual,
    available,
  ]);
  return [
    textTable(["request", "day", "type", "account", "amount", "outcome"], requests, new Set([4])),
    "",
    textTable(["account", "actual", "available"], balances, new Set([1, 2])),
    "",
  ]
    .join("\n")
    .replaceAll(/\b[A-Z][A-Z_]+[A-Z]$/gm, code => output.paint("red", code));
};
