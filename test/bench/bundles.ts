import { parseArgs } from "node:util";
import { bundleReport } from "../../src/cli/bundle-report.ts";
import { bundleDay } from "../../src/replay/bundle/make-bundle.ts";
import { readBundle } from "../../src/replay/bundle/read-bundle.ts";
import { verifyBundle } from "../../src/replay/bundle/verify-bundle.ts";
import { DAY, fillDay, openDays } from "../replay/bundle/decided-days.ts";

const { values } = parseArgs({ options: { count: { type: "string", default: "10000" } } });
const count = Number(values.count);

const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const startMs = performance.now();
  const result = await work();
  const ms = performance.now() - startMs;
  const peakMiB = (process.resourceUsage().maxRSS / 1024).toFixed(0);
  console.log(`${what.padEnd(8)} ${Math.round((count / ms) * 1000)} decisions/s, peak memory ${peakMiB} MiB`);
  return result;
};

const days = openDays();
await timed("decide", () => fillDay(days, count));
const outcome = await timed("bundle", () => bundleDay(days.place(), DAY));
if (outcome.outcome !== "bundled") throw new Error(`Expected ${DAY} to be over`);
for (const name of outcome.bundles) {
  const { records, differenceCount } = await timed("verify", () => verifyBundle(days.place(), name));
  if (records !== count || differenceCount > 0) throw new Error("Expected every decision in the bundle");
}
await timed("read", async () => {
  let records = 0;
  for await (const _ of readBundle(days.objects, days.buckets.archive, DAY)) records += 1;
  if (records !== count) throw new Error("Expected every decision in the bundle");
});
console.log(JSON.stringify(bundleReport(outcome.bundles, 0), null, 2));
