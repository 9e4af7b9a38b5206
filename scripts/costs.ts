import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Assumptions, type CostLine, idleLines, perMillionLines } from "./costs/lines.ts";
import { measure, type PerEvent } from "./costs/measure.ts";
import { type Deployed, deployedIn } from "./costs/template.ts";

/**
 * What a deployment costs: idle, per month, from the synthesised templates; and per million accepted events, from what
 * one event asks of the services.
 *
 *   npm run costs                      from the last `npm run synth`, and counts measured before
 *   npm run costs -- --measure 200     measures again, with so many events; --alone: each in a batch of its own
 */
const { values } = parseArgs({
  options: {
    measure: { type: "string" },
    alone: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const TEMPLATES = fileURLToPath(new URL("../.daybook/cdk.out", import.meta.url));

/** By `--measure 500`; deposits on 50 accounts, batches of ten. */
const MEASURED: PerEvent = {
  s3Reads: 5.63,
  s3Writes: 3.06,
  tableRequests: 12.84,
  writeUnits: 44,
  readUnits: 13,
  tableBytes: 4539,
};

/** By `--measure 60 --alone`: a quiet day, the most that an event takes. */
const MEASURED_ALONE: PerEvent = {
  s3Reads: 8.3,
  s3Writes: 3.17,
  tableRequests: 17.3,
  writeUnits: 42,
  readUnits: 13,
  tableBytes: 4516,
};

/** What neither a template nor a count on this machine says. */
const ASSUMED: Assumptions = {
  batchSize: 10,
  liveSecondsPerEvent: 0.05,
  liveGb: 0.5,
  scheduledSeconds: 5,
  scheduledGb: 1.25,
  requestBytes: 500,
  listedInNewEvents: 18,
  tracedShare: 0.05,
  logBytesPerBatch: 500,
};

/** Returns: undefined where nothing was synthesised yet. */
const deployed = (): Deployed | undefined => {
  if (!existsSync(TEMPLATES)) return undefined;
  const files = readdirSync(TEMPLATES).filter(name => name.endsWith(".template.json"));
  return deployedIn(files.map(name => JSON.parse(readFileSync(`${TEMPLATES}/${name}`, "utf8"))));
};

const dollars = (amount: number): string => amount.toFixed(2).padStart(9);

const totalOf = (lines: readonly CostLine[]): number => lines.reduce((sum, each) => sum + each.dollars, 0);

const print = (title: string, lines: readonly CostLine[]): void => {
  console.log(`\n${title}`);
  for (const { what, dollars: amount, how } of lines)
    console.log(`  ${dollars(amount)}  ${what.padEnd(34)} ${how}`);
  console.log(`  ${dollars(totalOf(lines))}  in all`);
};

const run = async (found: Deployed): Promise<void> => {
  const { measure: events, alone, json } = values;
  const perEvent = events === undefined ? MEASURED : await measure(Number(events), alone);
  const idle = idleLines(found, ASSUMED);
  const perMillion = perMillionLines(perEvent, ASSUMED, found);
  const quiet = perMillionLines(MEASURED_ALONE, { ...ASSUMED, batchSize: 1 }, found);
  if (json) {
    console.log(JSON.stringify({ perEvent, assumed: ASSUMED, idle, perMillion, quiet }));
    return;
  }
  console.log("US dollars, us-east-1, free tiers and taxes left out.");
  print("Idle, per month", idle);
  print("Per million accepted events, once", perMillion);
  console.log(`\n  ${dollars(totalOf(quiet))}  in all if each event came alone, as on a quiet day`);
  console.log(`\nOne event: ${JSON.stringify(perEvent)}; alone ${JSON.stringify(MEASURED_ALONE)}`);
  console.log(`Assumed:   ${JSON.stringify(ASSUMED)}`);
};

const found = deployed();
if (found === undefined) {
  console.error('There are no templates yet: "npm run synth" makes them.');
  process.exitCode = 1;
} else await run(found);
