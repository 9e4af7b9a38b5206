import { readdirSync, readFileSync } from "node:fs";
import { readScenario, type Scenario } from "../../src/cli/scenario-file.ts";
import { readExpected, type ScenarioOutcome } from "../../src/cli/scenario-outcome.ts";

const folder = new URL("../../scenarios/", import.meta.url);

export const filesOf = (suffix: string): readonly string[] =>
  readdirSync(folder)
    .filter(name => name.endsWith(suffix))
    .sort();

export const storyText = (file: string): string => readFileSync(new URL(file, folder), "utf8");

export type Story = {
  readonly name: string;
  readonly scenario: Scenario;
  readonly expected: ScenarioOutcome;
};

export const story = (name: string): Story => ({
  name,
  scenario: readScenario(storyText(`${name}.csv`), `${name}.csv`),
  expected: readExpected(storyText(`${name}.expected.json`), `${name}.expected.json`),
});

export const storyNames: readonly string[] = filesOf(".csv").map(file => file.slice(0, -".csv".length));
