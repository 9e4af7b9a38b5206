import { createProgressLine } from "../../src/cli/progress.ts";
import type { Invariant } from "./invariants.ts";
import { KILLING_SEEDS } from "./killing-seeds.ts";
import { MUTANTS } from "./mutants.ts";
import type { Options } from "./options.ts";
import { runInProcesses } from "./workers.ts";

/** The first seed that finds a mutant out, and by which promise; none if nothing does. */
export type Hunted = {
  readonly name: string;
  readonly breaks: string;
  readonly seed: number | undefined;
  readonly invariant: Invariant | undefined;
  readonly histories: number;
};

/**
 * Runs every mutant: by its recorded seed, or from the first seed on until a promise breaks, up to so many histories.
 */
export const huntMutants = async (options: Options): Promise<readonly Hunted[]> => {
  const line = createProgressLine();
  const found: Hunted[] = [];
  const isByRecord = options.tier !== undefined;
  const wanted = MUTANTS.filter(({ name }) => options.mutant === undefined || name === options.mutant);
  const huntOne = async ({ name, breaks }: (typeof MUTANTS)[number], processes: number): Promise<void> => {
    const recorded = KILLING_SEEDS[name];
    const seeds = isByRecord
      ? recorded === undefined
        ? []
        : [recorded.seed]
      : Array.from({ length: options.histories }, (_, i) => options.seed + i);
    const end = await runInProcesses({
      seeds,
      processes: Math.min(processes, seeds.length),
      mutant: name,
      onProgress: so => so.broken.length === 0,
    });
    const [first] = end.broken;
    found.push({ name, breaks, seed: first?.seed, invariant: first?.invariant, histories: end.histories });
    if (process.env.SIMULATE_TALK !== undefined) process.stderr.write(`${JSON.stringify(found.at(-1))}\n`);
    line.show({ doing: "mutants", done: found.length, total: wanted.length, rows: found.length });
  };
  const waiting = [...wanted];
  const hunter = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await huntOne(next, 1);
  };
  try {
    await Promise.all(Array.from({ length: options.processes }, hunter));
  } finally {
    line.close();
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
};

export const mutantsText = (found: readonly Hunted[]): string => {
  const width = Math.max(...found.map(({ name }) => name.length));
  const lines = found.map(
    ({ name, breaks, seed, invariant }) =>
      `${name.padEnd(width)}  ${String(seed ?? "not found").padStart(9)}  ${(invariant ?? "").padEnd(4)}  ${breaks}`,
  );
  const lost = found.filter(({ seed }) => seed === undefined).length;
  return [
    ...lines,
    lost === 0 ? `All ${found.length} were found out.` : `${lost} of ${found.length} were not found out.`,
    "",
  ].join("\n");
};
