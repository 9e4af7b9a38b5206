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
  /** Whether each mutant is run by its recorded seed. */
  readonly isByRecord: boolean;
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
  --seed N         the seed of the first history, at most 9 digits; without --histories of that one only
  --histories N    how many
  --mutant NAME    takes one guard of the product away: a promise must break
  --mutants        every mutant by its recorded seed; with --histories N by as many histories as it takes, up to N
  --conformance N  the calls of N histories, made again of DynamoDB Local and over the wire: answers must be the models'
  --tape FILE      one history by its tape
  --shrink         makes the tape of a failure smaller
  --processes N    default 2
  --json           one JSON document
  --help           this text

--tape, --mutants and --conformance exclude each other. --tier excludes all of them, --seed and --histories; --tape
excludes --seed and --histories; --conformance excludes --histories and --mutant; --shrink is for one failure, so it
excludes --mutants and --conformance.

Exit codes: 0 if all held, 1 if not, 2 for wrong options, 130 after Ctrl-C, which prints what was found so far.
Of --mutant and --mutants: 0 if found out, 1 if not; but with --tape 1 if a promise breaks, as without a mutant.
`;

/** Wrong options, in words. */
export class WrongOptions extends Error {
  override readonly name = "WrongOptions";
}

/** What makes no sense together. */
const APART = [
  ["tape", ["mutants", "conformance", "tier", "seed", "histories"]],
  ["mutants", ["conformance", "tier", "shrink"]],
  ["conformance", ["tier", "histories", "mutant", "shrink"]],
  ["tier", ["seed", "histories"]],
] as const;

/** Throws: `WrongOptions`. Returns: undefined where only help was asked for. */
export const optionsFrom = (args: readonly string[]): Options | undefined => {
  const values = valuesOf(args);
  if (values.help) return undefined;
  for (const [one, others] of APART)
    for (const other of others)
      if (values[one] !== undefined && values[other] !== undefined)
        throw new WrongOptions(`--${one} and --${other} do not go together`);
  const { tier: tierName, mutant, seed, histories, conformance } = values;
  if (tierName !== undefined && tierName !== "t0" && tierName !== "t1")
    throw new WrongOptions(`Expected --tier to be t0 or t1, got ${tierName}`);
  if (mutant !== undefined && !MUTANTS.some(({ name }) => name === mutant))
    throw new WrongOptions(`There is no mutant ${mutant}: ${MUTANTS.map(({ name }) => name).join(", ")}`);
  const tier: Tier = tierName ?? "t0";
  const isOfTier = seed === undefined && histories === undefined;
  return {
    seed: wholeNumber("seed", seed, 0) ?? TIERS[tier].seed,
    isSeedGiven: seed !== undefined,
    // A seed by itself asks for that one history.
    histories: wholeNumber("histories", histories, 1) ?? (isOfTier ? TIERS[tier].histories : 1),
    tier: isOfTier && mutant === undefined ? tier : undefined,
    mutant,
    mutants: values.mutants ?? false,
    isByRecord: isOfTier && values.mutants === true,
    tape: values.tape,
    conformance: wholeNumber("conformance", conformance, 1),
    processes: wholeNumber("processes", values.processes, 1) ?? 2,
    isJson: values.json ?? false,
    isShrunk: values.shrink ?? false,
  };
};

const wholeNumber = (name: string, text: string | undefined, least: number): number | undefined => {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text) || Number(text) < least)
    throw new WrongOptions(
      `Expected --${name} to be a whole number of at most 9 digits, at least ${least}, got ${text}`,
    );
  return Number(text);
};

const valuesOf = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: withNegatives(args),
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
    // What follows its first sentence is about other commands.
    throw new WrongOptions(error instanceof Error ? (error.message.split(/\.\s/)[0] ?? "") : String(error));
  }
};

/** `--seed -1` as `--seed=-1`: a number that is refused, not an option that is not known. */
const withNegatives = (args: readonly string[]): string[] =>
  args.flatMap((arg, i) => {
    if (/^-\d/.test(arg) && args[i - 1]?.startsWith("--")) return [];
    const next = args[i + 1] ?? "";
    return arg.startsWith("--") && /^-\d/.test(next) ? [`${arg}=${next}`] : [arg];
  });
