import type { Output } from "../output.ts";
import type { Stopping } from "../stopping.ts";

/** What every command needs of the command line it is in. */
export type Session = {
  /** The options that stand before or after any command. */
  readonly globals: () => { readonly isAws: boolean; readonly output: Output };
  readonly stopping: Stopping;
  /** Told the exit code of the command that ran. */
  readonly finish: (exitCode: number) => void;
};

/** The examples at the end of a command's help. */
export const examples = (...lines: readonly string[]): string =>
  ["", lines.length === 1 ? "Example:" : "Examples:", ...lines.map(line => `  ${line}`)].join("\n");
