import { type Command, InvalidArgumentError } from "commander";
import type { ChaosSettings } from "../local/chaos/chaos.ts";

/** A parser for whole numbers up to a maximum. */
export const wholeNumberTo =
  (max: number) =>
  (text: string): number => {
    if (!/^\d{1,9}$/.test(text) || Number(text) > max)
      throw new InvalidArgumentError(`Expected a whole number from 0 to ${max}.`);
    return Number(text);
  };

const rate = (text: string): number => {
  if (!/^(0(\.\d+)?|1(\.0+)?)$/.test(text))
    throw new InvalidArgumentError("Expected a share from 0 to 1, such as 0.3.");
  return Number(text);
};

/** `YYYYMM` to `YYYY-MM`. */
export const month = (text: string): string => {
  const [, year, number] = /^(\d{4})(0[1-9]|1[0-2])$/.exec(text) ?? [];
  if (year === undefined || number === undefined)
    throw new InvalidArgumentError("Expected a month as YYYYMM, such as 202603.");
  return `${year}-${number}`;
};

/** What request ids may begin with: room is left for the id itself. */
export const runId = (text: string): string => {
  if (!/^[A-Za-z0-9-]{1,64}$/.test(text))
    throw new InvalidArgumentError("Expected 1 to 64 letters, digits or hyphens.");
  return text;
};

/** Seeds and pauses: more than anybody needs. */
const NUMBER_MAX = 999_999_999;

export type ChaosOptions = {
  readonly shuffle?: number;
  readonly duplicate?: number;
  readonly drop?: number;
  readonly delay?: number;
};

export const withChaos = (command: Command): Command =>
  command
    .option(
      "--shuffle <seed>",
      "deliver notifications in random order, by this seed",
      wholeNumberTo(NUMBER_MAX),
    )
    .option("--duplicate <rate>", "deliver this share of notifications twice, 0 to 1", rate)
    .option("--drop <rate>", "lose this share of notifications, 0 to 1", rate)
    .option("--delay <ms>", "hold notifications back for up to this long", wholeNumberTo(NUMBER_MAX));

/** Chaos from options; undefined where none is asked for. */
export const chaosOf = (options: ChaosOptions): Partial<ChaosSettings> | undefined => {
  const { shuffle, duplicate, drop, delay } = options;
  if ([shuffle, duplicate, drop, delay].every(option => option === undefined)) return undefined;
  return {
    seed: shuffle ?? 1,
    shuffle: shuffle !== undefined,
    duplicate: duplicate ?? 0,
    drop: drop ?? 0,
    delayMaxMs: delay ?? 0,
  };
};
