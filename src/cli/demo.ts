import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Counts, copyOfCounts, countsSince } from "../aws/counting.ts";
import { REFUSALS, type RefusalCode } from "../domain/refusals.ts";
import { type Comparison, compareHeads } from "../ledger/compare.ts";
import { type Fold, foldDecisions } from "../ledger/fold.ts";
import type { ChaosCounts } from "../local/chaos/chaos.ts";
import { textTable } from "../projections/text-table.ts";
import { validDecisions } from "../replay/manifest/valid-decisions.ts";
import { countsText } from "./counts-text.ts";
import { tellDisaster } from "./demo-disaster.ts";
import type { Output } from "./output.ts";
import { runScenario } from "./run-scenario.ts";
import { readScenario, type Scenario, type ScenarioDay } from "./scenario-file.ts";
import type { ScenarioOutcome } from "./scenario-outcome.ts";
import { type RunningCloud, startCloud } from "./up.ts";

const STORY = fileURLToPath(new URL("../../scenarios/golden.csv", import.meta.url));
/** Any seed tells the same story; this one is printed. */
const SEED = 7;
const DUPLICATE_RATE = 0.5;
/** Enough of a hash to compare by eye. */
const HASH_SHOWN = 12;

const heading = (output: Output, text: string): void => output.data(`\n${output.paint("bold", text)}`);

/**
 * `daybook demo`: tells on a terminal what Daybook does, on the real parts: requests go into S3, their notifications
 * come duplicated and out of order, each is decided once, and the published decisions alone give the same balances and
 * chain hashes as the table. Then the table is lost, restored and replayed, and is equal again.
 *
 * Returns: the exit code; 1 if the proof fails.
 */
export const demoCommand = async (output: Output): Promise<number> => {
  output.talk("Starting DynamoDB Local, S3, SNS, SQS and the project function on this machine ...");
  const running = await startCloud({
    chaos: { seed: SEED, shuffle: true, duplicate: DUPLICATE_RATE },
    currencyRequired: false,
  });
  try {
    const scenario = readScenario(readFileSync(STORY, "utf8"), STORY);
    const chaosBefore = running.cloud.chaos.counts;
    const countsBefore = copyOfCounts(running.counts);
    const outcome = await tellDays(running, scenario, output);
    const chaos = chaosSince(chaosBefore, running.cloud.chaos.counts);
    const counts = countsSince(countsBefore, running.counts);
    const { fold, comparisons } = await prove(running);
    const isProven = fold.faults.length === 0 && comparisons.every(({ isEqual }) => isEqual);
    if (!output.isJson) {
      tellWork(chaos, counts, outcome, output);
      tellOutcome(scenario, outcome, output);
      tellProof(fold, comparisons, isProven, output);
    }
    const disaster = await tellDisaster(running, output);
    if (output.isJson)
      output.json({
        ...outcome,
        chaos,
        counts,
        decisions: fold.decisions,
        faults: fold.faults,
        streams: comparisons,
        isProven,
        disaster,
      });
    return isProven && disaster.isEqual ? 0 : 1;
  } finally {
    await running.stop();
  }
};

const tellDays = async (
  running: RunningCloud,
  scenario: Scenario,
  output: Output,
): Promise<ScenarioOutcome> => {
  const { app, idle, setClock, topology } = running;
  if (!output.isJson) {
    heading(
      output,
      `1. ${scenario.rows.length} requests are put into s3://${topology.buckets.newEvents}, day by day`,
    );
    output.data(
      `   S3 -> SNS -> SQS -> function; notifications shuffled (seed ${SEED}) and every second one duplicated`,
    );
  }
  return runScenario(
    {
      app,
      setClock,
      idle,
      onDay: day => {
        if (!output.isJson) output.data(dayText(day));
      },
    },
    scenario,
  );
};

const dayText = ({ day, rows }: ScenarioDay): string => {
  const puts = rows.map(({ key, amount, description }) =>
    `     put ${key}  ${amount ?? ""}  ${description ?? ""}`.trimEnd(),
  );
  return [`   ${day}`, ...puts].join("\n");
};

const chaosSince = (before: ChaosCounts, after: ChaosCounts): ChaosCounts => ({
  delivered: after.delivered - before.delivered,
  duplicated: after.duplicated - before.duplicated,
  dropped: after.dropped - before.dropped,
  delayed: after.delayed - before.delayed,
  shuffled: after.shuffled - before.shuffled,
  receivedTwice: after.receivedTwice - before.receivedTwice,
});

const tellWork = (
  { delivered, duplicated, receivedTwice, shuffled }: ChaosCounts,
  counts: Counts,
  { outcomes }: ScenarioOutcome,
  output: Output,
): void => {
  const accepted = Object.values(outcomes).filter(outcome => outcome === "accepted").length;
  output.data(
    `   What went wrong on purpose: of ${delivered} notifications the topic sent ${duplicated} twice, and the queue`,
  );
  output.data(
    `   handed out ${receivedTwice} messages once more and ${shuffled} out of turn. What the function did:`,
  );
  output.data(indented(countsText(counts, accepted)));
};

const tellOutcome = (scenario: Scenario, { accounts, outcomes }: ScenarioOutcome, output: Output): void => {
  heading(output, "2. Each request has one decision");
  for (const { requestId, type, amount = "" } of scenario.rows) {
    const outcome = outcomes[requestId] ?? "";
    const reason = outcome in REFUSALS ? `: ${REFUSALS[outcome as RefusalCode].means}` : "";
    const text = `   ${requestId}  ${type.padEnd(28)}${amount.padStart(8)}  ${outcome}${reason}`;
    output.data(outcome === "accepted" ? text : output.paint("yellow", text));
  }
  heading(output, "3. The balances");
  const rows = Object.entries(accounts).map(([account, { actual, available }]) => [
    account,
    actual,
    available,
  ]);
  output.data(indented(textTable(["account", "actual", "available"], rows, new Set([1, 2]))));
};

const prove = async ({ liveApp }: RunningCloud) => {
  const { ledger } = await liveApp();
  const decisions = validDecisions<Parameters<typeof ledger.domain.evolve>[1]>(ledger);
  const fold = await foldDecisions(ledger.domain, decisions);
  return { fold, comparisons: await compareHeads(ledger, fold) };
};

const tellProof = (
  fold: Fold<unknown>,
  comparisons: readonly Comparison[],
  isProven: boolean,
  output: Output,
): void => {
  heading(
    output,
    `4. The proof: ${fold.decisions} decisions read back from S3 and folded, against the table`,
  );
  const rows = comparisons.map(({ stream, sequence, hash, isEqual }) => [
    stream,
    String(sequence.table),
    String(sequence.s3),
    hash.table.slice(0, HASH_SHOWN),
    hash.s3.slice(0, HASH_SHOWN),
    isEqual ? "equal" : "DIFFERENT",
  ]);
  const header = ["account", "decisions in table", "in S3", "chain hash in table", "from S3", ""];
  output.data(indented(textTable(header, rows, new Set([1, 2]))));
  for (const fault of fold.faults) output.data(output.paint("red", `   ${fault}`));
  output.data("");
  output.data(
    isProven
      ? output.paint("green", "Equal: every balance in the table follows from the decisions in S3 alone.")
      : output.paint("red", "NOT EQUAL: the table does not follow from the decisions in S3."),
  );
};

const indented = (text: string): string => text.replaceAll(/^/gm, "   ");
