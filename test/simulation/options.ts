import { parseArgs } from "node:util";
import { MUTANTS } from "./mutants.ts";

export type Tier = "t0" | "t1";
/** Histories, and the first seed where none is given: fixed for the quick run, so that it is the same for everybody. */
export const TIERS: Readonly<Record<Tier, { readonly histories: number; readonly seed: number }>> = {
  t0: { histories: 500, seed: 1 },
  t1: { histories: 20_000, seed: 1_000_000 },
};

export type Options = {
  readonly seed: number;
  readonly isSeedGiven: boolean;
  readonly histories: number;
  /** Whether floors and empty cells count: of a whole tier only. */
  readonly tier: Tier | undefined;
  readonly mutant: string | undefined;
  readonly mutants: boolean;
  readonly tape: string | undefined;
  /** Histories whose calls are made again of real services. */
  readonly conformance: number | undefined;
  readonly processes: number;
  readonly isJson: boolean;
  readonly isShrunk: boolean;
};

export const USAGE = `Usage: npm run simulate -- [options]

Runs the product on models of S3, SNS, SQS, Lambda and DynamoDB with faults, and checks its promises.

  --tier t0|t1     500 histories (default), or 20,000 with floors for every kind of fault
  --seed N         the seed of the first history
  --histories N    how many
  --mutant NAME    takes one guard of the product away: a promise must break
  --mutants        every mutant by its recorded seed; with --histories N by as many histories as it takes, up to N
  --conformance N  the calls of N histories, made again of DynamoDB Local and over the wire: answers must be the models'
  --tape FILE      one history by its tape
  --shrink         makes the tape of a failure smaller
  --processes N    default 2
  --json           one JSON document

Exit codes: 0 if all held (of a mutant: if it was found out), 1 if not, 2 for wrong options.
`;

/** Wrong options, in words. */
export class WrongOptions extends Error {
  override readonly name = "WrongOptions";
}

const wholeNumber = (name: string, text: string | undefined, ifUnset: number): number => {
  if (text === undefined) return ifUnset;
  if (!/^\d{1,9}$/.test(text)) throw new WrongOptions(`Expected --${name} to be a whole number, got ${text}`);
  return Number(text);
};

/** Throws: `WrongOptions`. Returns: undefined where only help was asked for. */
export const optionsFrom = (args: readonly string[]): Options | undefined => {
  const values = valuesOf(args);
  if (values.help) return undefined;
  const { tier: tierName, mutant, seed, histories } = values;
  if (tierName !== undefined && tierName !== "t0" && tierName !== "t1")
    throw new WrongOptions(`Expected --tier to be t0 or t1, got ${tierName}`);
  if (mutant !== undefined && !MUTANTS.some(({ name }) => name === mutant))
    throw new WrongOptions(`There is no mutant ${mutant}: ${MUTANTS.map(({ name }) => name).join(", ")}`);
  const tier: Tier = tierName ?? "t0";
  const first = wholeNumber("seed", seed, TIERS[tier].seed);
  // A seed by itself asks for that one history.
  const many = seed !== undefined && tierName === undefined ? 1 : TIERS[tier].histories;
  return {
    seed: first,
    isSeedGiven: seed !== undefined,
    histories: wholeNumber("histories", histories, many),
    tier: seed === undefined && histories === undefined && mutant === undefined ? tier : undefined,
    mutant,
    mutants: values.mutants ?? false,
    tape: values.tape,
    conformance:
      values.conformance === undefined ? undefined : wholeNumber("conformance", values.conformance, 0),
    processes: Math.max(1, wholeNumber("processes", values.processes, 2)),
    isJson: values.json ?? false,
    isShrunk: values.shrink ?? false,
  };
};

const valuesOf = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: { type: "string" },
        histories: { type: "string" },
        tier: { type: "string" },
        mutant: { type: "string" },
        mutants: { type: "boolean" },
        tape: { type: "string" },
        conformance: { type: "string" },
        processes: { type: "string" },
        shrink: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new WrongOptions(error instanceof Error ? error.message : String(error));
  }
};
