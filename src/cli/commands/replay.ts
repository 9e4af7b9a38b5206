import { type Command, InvalidArgumentError } from "commander";
import { wholeNumberTo } from "../options.ts";
import { examples, type Session } from "./session.ts";

/** As `PARALLEL_MAX` of the replay, whose code is loaded only when it runs. */
const PARALLEL_MAX = 64;
/** More than any table takes. */
const RATE_MAX = 1_000_000;

const fromOneTo = (max: number) => {
  const parse = wholeNumberTo(max);
  return (text: string): number => {
    const number = parse(text);
    if (number === 0) throw new InvalidArgumentError(`Expected a whole number from 1 to ${max}.`);
    return number;
  };
};

export const addReplay = (program: Command, { globals, stopping, finish }: Session): void => {
  program
    .command("replay")
    .description("after a restore: repair every account from the decisions in S3, and catch up with S3")
    .option("--dry-run", "only tell what is left to repair")
    .option("--parallel <accounts>", "repair so many accounts at once; 8 by default", fromOneTo(PARALLEL_MAX))
    .option("--rate <decisions>", "read at most so many decisions a second", fromOneTo(RATE_MAX))
    .option("--take-over", "go on in the place of a replay that was killed, without waiting for it")
    .addHelpText(
      "after",
      `${examples(
        "daybook replay --dry-run               what is left to repair",
        "daybook replay",
        "daybook replay --parallel 32 --rate 2000 --json",
      )}

Traffic goes on meanwhile. Cut off anywhere, the same command goes on; what is repaired is not repaired again.
Nothing outside is told twice: only requests without a decision are told again, where DAYBOOK_OBJECTS_TOPIC is set.`,
    )
    .action(async ({ dryRun, parallel, rate, takeOver }) => {
      const { replayCommand } = await import("../replay.ts");
      const { isAws, output } = globals();
      const isTakeOver = takeOver === true;
      finish(
        await replayCommand(
          { isDryRun: dryRun === true, parallel, rate, isTakeOver, isAws },
          stopping,
          output,
        ),
      );
    });
};
