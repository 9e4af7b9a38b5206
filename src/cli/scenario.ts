import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Counts, copyOfCounts, countsSince } from "../aws/counting.ts";
import type { ChaosSettings } from "../local/chaos/chaos.ts";
import { findCloud } from "./connect.ts";
import { Misused, type Output, Refused } from "./output.ts";
import { queueIdle } from "./queue-idle.ts";
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
  const scenario = readScenario(readText(file), file);
  const expectedFile = file.replace(/\.csv$/, ".expected.json");
  const expected =
    expectedFile !== file && existsSync(expectedFile)
      ? readExpected(readFileSync(expectedFile, "utf8"), expectedFile)
      : undefined;
  const { outcome, counts } = await runSomewhere(scenario, options, output);
  if (output.isJson) output.json(outcome);
  else output.data(outcomeTables(outcome, scenario, output));
  if (counts) output.talk(countsText(counts, outcome));
  if (expected === undefined) return 0;
  const differences = compareOutcome(expected, outcome);
  output.talk(printDifferences(differences));
  return differences.length === 0 ? 0 : 1;
};

const readText = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Refused(`Cannot read the scenario ${file}: ${String(error)}`);
  }
};

const runSomewhere = async (scenario: Scenario, options: ScenarioOptions, output: Output): Promise<Run> => {
  const shared = await findCloud(options.isAws);
  if (shared === undefined) return runOnOwnCloud(scenario, options, output);
  if (options.chaos)
    throw new Misused(
      "--shuffle, --duplicate, --drop and --delay need a cloud of their own: stop the running one, or start it with them.",
    );
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
    const before = copyOfCounts(running.clients.counts);
    const outcome = await runScenario(
      {
        app: running.app,
        setClock: atMs => running.clock.set(atMs),
        idle: () => running.cloud.idle([running.topology.queues.project.name]),
        onDay: ({ day, rows }) => output.talk(`${day}: ${rows.length} requests put, delivered and decided`),
      },
      scenario,
    );
    return { outcome, counts: countsSince(before, running.clients.counts) };
  } finally {
    await running.stop();
  }
};

/** Exact figures of the run: what it asked of the services, in all and for each accepted request. */
const countsText = ({ requests, retries, writtenItems }: Counts, { outcomes }: ScenarioOutcome): string => {
  const accepted = Object.values(outcomes).filter(outcome => outcome === "accepted").length;
  const each = (count: number): string => (accepted === 0 ? "-" : (count / accepted).toFixed(2));
  const sum = (service: string): number =>
    Object.entries(requests).reduce(
      (total, [name, count]) => (name.startsWith(`${service}.`) ? total + count : total),
      0,
    );
  const lines = [
    `DynamoDB requests  ${sum("dynamodb")} (${each(sum("dynamodb"))} per accepted event)`,
    `items written      ${writtenItems} (${each(writtenItems)} per accepted event)`,
    `S3 requests        ${sum("s3")} (${each(sum("s3"))} per accepted event)`,
    `retries            ${retries}`,
  ];
  return lines.join("\n");
};
