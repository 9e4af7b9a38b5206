import { existsSync } from "node:fs";
import { basename } from "node:path";
import { type Counts, copyOfCounts, countsSince } from "../aws/counting.ts";
import type { ChaosSettings } from "../local/chaos/chaos.ts";
import { findCloud } from "./connect.ts";
import { countsText } from "./counts-text.ts";
import { Misused, type Output } from "./output.ts";
import { queueIdle } from "./queue-idle.ts";
import { readInput } from "./read-input.ts";
import { runScenario, type Stage } from "./run-scenario.ts";
import { compareOutcome, printDifferences } from "./scenario-difference.ts";
import { readScenario, type Scenario, withRunId } from "./scenario-file.ts";
import { readExpected, type ScenarioOutcome } from "./scenario-outcome.ts";
import { outcomeTables } from "./scenario-text.ts";
import { startCloud } from "./up.ts";

export type ScenarioOptions = {
  readonly chaos?: Partial<ChaosSettings> | undefined;
  readonly isAws: boolean;
  /** Put into the request ids on a shared cloud; made from the time if absent. */
  readonly runId?: string | undefined;
};

type Run = { readonly outcome: ScenarioOutcome; readonly counts?: Counts };

/**
 * `daybook scenario FILE`: runs a story and shows how it ended.
 *
 * Returns: the exit code; 1 where a file of expectations lies beside the story and something came out otherwise.
 */
export const scenarioCommand = async (
  file: string,
  options: ScenarioOptions,
  output: Output,
): Promise<number> => {
  const scenario = readScenario(readInput(file).toString("utf8"), file);
  const expectedFile = file.replace(/\.csv$/, ".expected.json");
  const expected =
    expectedFile !== file && existsSync(expectedFile)
      ? readExpected(readInput(expectedFile).toString("utf8"), expectedFile)
      : undefined;
  const { outcome, counts } = await runSomewhere(scenario, options, output);
  if (output.isJson) output.json(outcome);
  else output.data(outcomeTables(outcome, scenario, output));
  if (counts) {
    const accepted = Object.values(outcome.outcomes).filter(text => text === "accepted").length;
    output.talk(countsText(counts, accepted));
  }
  if (expected === undefined) return 0;
  const differences = compareOutcome(expected, outcome);
  output.talk(printDifferences(differences));
  return differences.length === 0 ? 0 : 1;
};

const runSomewhere = async (scenario: Scenario, options: ScenarioOptions, output: Output): Promise<Run> => {
  const shared = await findCloud(options.isAws);
  if (shared === undefined) return runOnOwnCloud(scenario, options, output);
  if (options.chaos) {
    shared.clients.close();
    throw new Misused(
      "--shuffle, --duplicate, --drop and --delay need a cloud of their own: stop the running one, or start it with them.",
    );
  }
  const runId = options.runId ?? `run${Date.now().toString(36)}`;
  output.talk(`Running ${basename(scenario.fileName)} on ${shared.where}, request ids begin with ${runId}.`);
  const stage: Stage = { app: shared.app, idle: await queueIdle(shared) };
  try {
    return { outcome: await runScenario(stage, withRunId(scenario, runId)) };
  } finally {
    shared.clients.close();
  }
};

const runOnOwnCloud = async (
  scenario: Scenario,
  { chaos }: ScenarioOptions,
  output: Output,
): Promise<Run> => {
  const running = await startCloud({ chaos, currencyRequired: false });
  try {
    const before = copyOfCounts(running.counts);
    const outcome = await runScenario(
      {
        app: running.app,
        setClock: running.setClock,
        idle: running.idle,
        onDay: ({ day, rows }) => output.talk(`${day}: ${rows.length} requests put, delivered and decided`),
      },
      scenario,
    );
    return { outcome, counts: countsSince(before, running.counts) };
  } finally {
    await running.stop();
  }
};
