import { readFileSync } from "node:fs";
import { isInterrupted } from "./interrupt.ts";
import { mutantNamed } from "./mutants.ts";
import { loadMutated } from "./mutate.ts";
import { type Options, WrongOptions } from "./options.ts";
import type { HistoryEnd } from "./run.ts";

/** One history in full. */
export type Told = {
  readonly end: HistoryEnd;
  /** The tape to see it again by. */
  readonly bytes: Uint8Array;
  /** None where it was run by its tape. */
  readonly seed: number | undefined;
  /** Whether it is a calmer one than was asked for, with the same broken promise. */
  readonly isShrunk: boolean;
};

/** The bytes of a file with a tape, wrapped or not; none of an empty file. Throws: `WrongOptions`. */
export const tapeIn = (file: string): Uint8Array => {
  let text: string;
  try {
    text = readFileSync(file, "utf8").replaceAll(/\s/g, "");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new WrongOptions(
      code === "ENOENT"
        ? `Expected --tape to name a file, there is no ${file}`
        : `Expected --tape to name a file, ${file} cannot be read: ${code}`,
    );
  }
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw new WrongOptions(
      `Expected --tape to name a file with a tape as base64, ${file} holds something else`,
    );
  return Buffer.from(text, "base64");
};

/** Runs one history in this process, by its seed or its tape. A failure is shrunk if that is asked for. */
export const runHere = async (options: Options, from: number | Uint8Array): Promise<Told> => {
  if (options.mutant !== undefined) loadMutated(mutantNamed(options.mutant));
  // Loaded after the hook, so that it can change what they import.
  const { runHistory } = await import("./run.ts");
  const { shrink } = await import("./shrink.ts");
  const { tapeOfBytes, tapeOfSeed } = await import("./tape.ts");
  const seed = typeof from === "number" ? from : undefined;
  const end = await runHistory(typeof from === "number" ? tapeOfSeed(from) : tapeOfBytes(from), {}, {});
  if (end.violation === undefined || !options.isShrunk)
    return { end, bytes: end.bytes, seed, isShrunk: false };
  const least = await shrink(end.bytes, end.violation.invariant, () => !isInterrupted());
  return { ...least, seed, isShrunk: true };
};
