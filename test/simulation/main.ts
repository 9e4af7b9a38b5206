import "./calm-zlib.ts";
import { createProgressLine } from "../../src/cli/progress.ts";
import { type BatchEnd, noHistories } from "./batch-end.ts";
import { tellConformance } from "./conformance/command.ts";
import { runHere, tapeIn } from "./failure.ts";
import { huntExitCode, huntMutants, mutantsJson, mutantsText } from "./hunt.ts";
import { endOrSoFar, heedInterrupts, INTERRUPTED, isInterrupted } from "./interrupt.ts";
import { type Options, optionsFrom, USAGE, WrongOptions } from "./options.ts";
import { failureText, jsonOf, summaryFaults, summaryText, tapeJson } from "./report.ts";
import { runInProcesses } from "./workers.ts";

// `npm run simulate`: see `USAGE`.

const print = (text: string): boolean => process.stdout.write(text);

const runSeeds = async ({ seed, histories, processes, mutant }: Options): Promise<BatchEnd> => {
  const line = createProgressLine();
  const seeds = Array.from({ length: histories }, (_, i) => seed + i);
  let soFar = noHistories();
  const onProgress = (so: BatchEnd): boolean => {
    soFar = so;
    line.show({
      doing: "histories",
      done: so.histories,
      total: histories,
      rows: so.histories,
      note: `${so.broken.length} broken`,
    });
    return !isInterrupted() && (so.broken.length === 0 || mutant === undefined);
  };
  const work = runInProcesses({ seeds, processes: Math.min(processes, histories), mutant, onProgress });
  try {
    return await endOrSoFar(work, () => soFar);
  } finally {
    line.close();
  }
};

/** The first failure is run once more, here, so that all of it can be told. */
const tellSeeds = async (options: Options): Promise<number> => {
  const beganMs = performance.now();
  const end = await runSeeds(options);
  const seconds = (performance.now() - beganMs) / 1_000;
  if (end.histories !== options.histories && options.mutant === undefined && !isInterrupted())
    throw new Error(`Of ${options.histories} histories ${end.histories} came back: a worker ended early.`);
  if (!options.isJson) print(summaryText(end, options, seconds));
  const [first] = end.broken;
  const isTold = first !== undefined && !isInterrupted() && (options.isShrunk || !options.isJson);
  const told = isTold ? await runHere(options, first.seed) : undefined;
  if (told !== undefined && told.end.violation === undefined)
    throw new Error(`Seed ${first?.seed} breaks nothing when it is run again: something is left to chance.`);
  if (options.isJson) print(jsonOf(end, options, seconds, told));
  else if (told !== undefined) print(failureText(told, options));
  if (isInterrupted()) return INTERRUPTED;
  if (options.mutant !== undefined) return first === undefined ? 1 : 0;
  return first !== undefined || summaryFaults(end, options).length > 0 ? 1 : 0;
};

const tellTape = async (options: Options, file: string): Promise<number> => {
  const told = await runHere(options, tapeIn(file));
  const isBroken = told.end.violation !== undefined;
  if (options.isJson) print(tapeJson(told, options));
  else print(isBroken ? failureText(told, options) : "Every promise held.\n");
  if (isInterrupted()) return INTERRUPTED;
  return isBroken ? 1 : 0;
};

const tellMutants = async (options: Options): Promise<number> => {
  const hunt = await huntMutants(options);
  print(options.isJson ? mutantsJson(hunt) : mutantsText(hunt));
  return isInterrupted() ? INTERRUPTED : huntExitCode(hunt);
};

const main = async (): Promise<number> => {
  const options = optionsFrom(process.argv.slice(2));
  if (options === undefined) {
    print(USAGE);
    return 0;
  }
  heedInterrupts();
  if (options.tape !== undefined) return await tellTape(options, options.tape);
  if (options.mutants) return await tellMutants(options);
  if (options.conformance === undefined) return await tellSeeds(options);
  const { seed, isSeedGiven, conformance, processes, isJson } = options;
  const given = isSeedGiven ? seed : undefined;
  return await tellConformance({ histories: conformance, seed: given, processes, isJson });
};

try {
  process.exitCode = await main();
} catch (error) {
  const isWrong = error instanceof WrongOptions;
  process.stderr.write(
    isWrong ? `${error.message}\nSee "npm run simulate -- --help".\n` : `${String(error)}\n`,
  );
  process.exitCode = isWrong ? 2 : 1;
}
// What was interrupted may still be under way: its workers end when this process does.
if (isInterrupted()) process.stdout.write("", () => process.exit());
