import { createProgressLine } from "../../src/cli/progress.ts";
import { type BatchEnd, noHistories } from "./batch-end.ts";
import { endOrSoFar, isInterrupted } from "./interrupt.ts";
import type { Invariant } from "./invariants.ts";
import { KILLING_SEEDS } from "./killing-seeds.ts";
import { MUTANTS, type Mutant } from "./mutants.ts";
import type { Options } from "./options.ts";
import { runInProcesses } from "./workers.ts";

/** The first seed that finds a mutant out, and by which promise; none if nothing does. */
export type Hunted = {
  readonly name: string;
  readonly breaks: string;
  readonly seed: number | undefined;
  readonly invariant: Invariant | undefined;
  /** The promise that its recorded seed is to break; none where it is not run by that. */
  readonly recorded: Invariant | undefined;
  readonly histories: number;
};

export type Hunt = {
  readonly found: readonly Hunted[];
  /** Mutants asked for: more than were run if it was interrupted. */
  readonly wanted: number;
};

/**
 * Runs every mutant: by its recorded seed, or from the first seed on until a promise breaks, up to so many histories.
 */
export const huntMutants = async (options: Options): Promise<Hunt> => {
  const line = createProgressLine();
  const found: Hunted[] = [];
  const waiting = MUTANTS.filter(({ name }) => options.mutant === undefined || name === options.mutant);
  const wanted = waiting.length;
  const hunter = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const hunted = await huntOne(next, options);
      if (isInterrupted() && hunted.seed === undefined) return;
      found.push(hunted);
      if (process.env.SIMULATE_TALK !== undefined) process.stderr.write(`${JSON.stringify(hunted)}\n`);
      line.show({ doing: "mutants", done: found.length, total: wanted, rows: found.length });
      if (isInterrupted()) return;
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(options.processes, wanted) }, hunter));
  } finally {
    line.close();
  }
  return { found: found.sort((a, b) => (a.name < b.name ? -1 : 1)), wanted };
};

const huntOne = async ({ name, breaks }: Mutant, options: Options): Promise<Hunted> => {
  const record = options.isByRecord ? KILLING_SEEDS[name] : undefined;
  const many = options.isByRecord ? 0 : options.histories;
  const seeds = record ? [record.seed] : Array.from({ length: many }, (_, i) => options.seed + i);
  let soFar = noHistories();
  const onProgress = (so: BatchEnd): boolean => {
    soFar = so;
    return so.broken.length === 0 && !isInterrupted();
  };
  const work = runInProcesses({ seeds, processes: Math.min(1, seeds.length), mutant: name, onProgress });
  const { broken, histories } = await endOrSoFar(work, () => soFar);
  const [first] = broken;
  return {
    ...{ name, breaks, seed: first?.seed, invariant: first?.invariant },
    ...{ recorded: record?.invariant, histories },
  };
};

const isLost = ({ seed }: Hunted): boolean => seed === undefined;
const isOtherwise = ({ seed, invariant, recorded }: Hunted): boolean =>
  seed !== undefined && recorded !== undefined && invariant !== recorded;

/** 0 if every mutant was found out, by the promise that is recorded where it was run by its record. */
export const huntExitCode = ({ found }: Hunt): number =>
  found.some(hunted => isLost(hunted) || isOtherwise(hunted)) ? 1 : 0;

export const mutantsJson = ({ found }: Hunt): string => `${JSON.stringify(found)}\n`;

export const mutantsText = ({ found, wanted }: Hunt): string => {
  const width = Math.max(0, ...found.map(({ name }) => name.length));
  const lines = found.map(hunted => {
    const { name, breaks, seed, invariant, recorded } = hunted;
    const facts = `${name.padEnd(width)}  ${String(seed ?? "not found").padStart(9)}  ${(invariant ?? "").padEnd(4)}  ${breaks}`;
    return isOtherwise(hunted)
      ? `${facts}: breaks ${invariant}, recorded is ${recorded}: record it anew`
      : facts;
  });
  const lost = found.filter(isLost).length;
  return [
    ...lines,
    ...(found.length < wanted ? [`Interrupted after ${found.length} of ${wanted} mutants.`] : []),
    ...(found.length === 0 ? [] : [foundOutText(found.length, lost)]),
    "",
  ].join("\n");
};

const foundOutText = (all: number, lost: number): string => {
  if (all === 1) return lost === 0 ? "It was found out." : "It was not found out.";
  if (lost === 0) return `All ${all} were found out.`;
  return `${lost} of ${all} ${lost === 1 ? "was" : "were"} not found out.`;
};
