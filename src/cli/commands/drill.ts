import { type Command, InvalidArgumentError } from "commander";
import { wholeNumberTo } from "../options.ts";
import { examples, type Session } from "./session.ts";

/** As `PARALLEL_MAX` of the replay, whose code is loaded only when it runs. */
const PARALLEL_MAX = 64;

const instant = (text: string): string => {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError("Expected an instant in UTC, such as 2026-03-02T09:00:00Z.");
  return text;
};

const parallel = (text: string): number => {
  const number = wholeNumberTo(PARALLEL_MAX)(text);
  if (number === 0) throw new InvalidArgumentError(`Expected a whole number from 1 to ${PARALLEL_MAX}.`);
  return number;
};

export const addDrill = (program: Command, { globals, stopping, finish }: Session): void => {
  program
    .command("drill")
    .description(
      "rehearse a loss of the table, in a scratch table beside the live one; exits 1 if it differs",
    )
    .option(
      "--to <instant>",
      "as if restored to this second, in UTC; by default the last one that can be",
      instant,
    )
    .option("--parallel <accounts>", "repair so many accounts at once; 8 by default", parallel)
    .option("--take-over", "drill though another drill may be running that was killed")
    .addHelpText(
      "after",
      `${examples("daybook drill", "daybook drill --to 2026-05-06T22:40:00Z --json")}

Safe while traffic goes on: nothing is halted, decided or told, and nothing real is written but the record of the run.
The scratch table, named after the live one with -drill behind it, is dropped at the end, after Ctrl-C too.`,
    )
    .action(async ({ to: at, parallel: count, takeOver }) => {
      const { drillCommand } = await import("../drill.ts");
      const { isAws, output } = globals();
      finish(
        await drillCommand({ at, parallel: count, isTakeOver: takeOver === true, isAws }, stopping, output),
      );
    });
};
