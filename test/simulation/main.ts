import "./calm-zlib.ts";
import { readFileSync } from "node:fs";
import { createProgressLine } from "../../src/cli/progress.ts";
import type { BatchEnd } from "./batch-end.ts";
import { tellConformance } from "./conformance/command.ts";
import { huntMutants, mutantsText } from "./hunt.ts";
import { mutantNamed } from "./mutants.ts";
import { loadMutated } from "./mutate.ts";
import { type Options, optionsFrom, USAGE, WrongOptions } from "./options.ts";
import { failureText, jsonOf, summaryFaults, summaryText } from "./report.ts";
import { runInProcesses } from "./workers.ts";

// `npm run simulate`: see `USAGE`.

/** Tells of one failed history in full: it is run once more, here, by its seed or its tape. */
const tellFailure = async (
  options: Options,
  bytes: Uint8Array | undefined,
  seed: number | undefined,
): Promise<boolean> => {
  if (options.mutant !== undefined) loadMutated(mutantNamed(options.mutant));
  // Loaded after the hook, so that it can change what they import.
  const { runHistory } = await import("./run.ts");
  const { shrink } = await import("./shrink.ts");
  const { tapeOfBytes, tapeOfSeed } = await import("./tape.ts");
  const end = await runHistory(bytes ? tapeOfBytes(bytes) : tapeOfSeed(seed ?? 0), {}, {});
  if (end.violation === undefined) return false;
  const least = options.isShrunk
    ? await shrink(end.bytes, end.violation.invariant)
    : { bytes: end.bytes, end };
  process.stdout.write(failureText(least.end, least.bytes, seed));
  return true;
};

const runSeeds = async (options: Options): Promise<BatchEnd> => {
  const { seed, histories, processes, mutant } = options;
  const line = createProgressLine();
  const seeds = Array.from({ length: histories }, (_, i) => seed + i);
  const onProgress = (so: BatchEnd): boolean => {
    line.show({
      doing: "histories",
      done: so.histories,
      total: histories,
      rows: so.histories,
      note: `${so.broken.length} broken`,
    });
    return so.broken.length === 0 || mutant === undefined;
  };
  try {
    return await runInProcesses({ seeds, processes: Math.min(processes, histories), mutant, onProgress });
  } finally {
    line.close();
  }
};

const main = async (): Promise<number> => {
  const options = optionsFrom(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (options.tape !== undefined)
    return (await tellFailure(
      options,
      Buffer.from(readFileSync(options.tape, "utf8").trim(), "base64"),
      undefined,
    ))
      ? 1
      : 0;
  if (options.conformance !== undefined) {
    const { seed, isSeedGiven, conformance, processes, isJson } = options;
    const given = isSeedGiven ? seed : undefined;
    return await tellConformance({ histories: conformance, seed: given, processes, isJson });
  }
  if (options.mutants) {
    const found = await huntMutants(options);
    process.stdout.write(options.isJson ? `${JSON.stringify(found)}\n` : mutantsText(found));
    return found.every(({ seed }) => seed !== undefined) ? 0 : 1;
  }
  const beganMs = performance.now();
  const end = await runSeeds(options);
  const seconds = (performance.now() - beganMs) / 1_000;
  process.stdout.write(options.isJson ? jsonOf(end, options, seconds) : summaryText(end, options, seconds));
  const [first] = end.broken;
  if (options.mutant !== undefined) return first === undefined ? 1 : 0;
  if (first !== undefined && !options.isJson) await tellFailure(options, undefined, first.seed);
  return end.broken.length > 0 || summaryFaults(end, options).length > 0 ? 1 : 0;
};

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof WrongOptions ? error.message : String(error)}\n`);
  process.exitCode = error instanceof WrongOptions ? 2 : 1;
}
