import { type Command, InvalidArgumentError } from "commander";
import { examples, type Session } from "./session.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `30m`, `6h`, `2d` as milliseconds. */
const duration = (text: string): number => {
  const [, number = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs === undefined)
    throw new InvalidArgumentError("Expected a number with its unit, s, m, h or d, such as 6h.");
  return Number(number) * unitMs;
};

/** Placing takes seconds; hours later somebody should look. */
const OLDER_MS = 6 * 3_600_000;

export const addOverdue = (program: Command, { globals, finish }: Session): void => {
  program
    .command("overdue")
    .description(
      "list requests that wait too long for their decision, release or place; exits 1 if there are any",
    )
    .option(
      "--older <duration>",
      "only what has waited this long, such as 30m, 6h or 2d (default 6h)",
      duration,
    )
    .addHelpText("after", examples("daybook overdue", "daybook overdue --older 30m --json"))
    .action(async ({ older = OLDER_MS }: { older?: number }) => {
      const { overdueCommand } = await import("../overdue.ts");
      const { isAws, output } = globals();
      finish(await overdueCommand({ olderMs: older, isAws }, output));
    });
};

export const addClock = (program: Command, { globals, finish }: Session): void => {
  const clock = program
    .command("clock")
    .description("show the time of a local cloud")
    .addHelpText("after", examples("daybook clock", "daybook clock advance 2d"))
    .action(async () => {
      const { clockCommand } = await import("../clock.ts");
      const { isAws, output } = globals();
      finish(await clockCommand({ isAws }, output));
    });
  clock
    .command("advance")
    .description("move it on; lifecycle rules and restores that are due by then happen at once")
    .argument("<duration>", "such as 30m, 6h or 2d", duration)
    .addHelpText(
      "after",
      examples("daybook clock advance 2d       placed requests leave the new-events bucket"),
    )
    .action(async (advanceMs: number) => {
      const { clockCommand } = await import("../clock.ts");
      const { isAws, output } = globals();
      finish(await clockCommand({ advanceMs, isAws }, output));
    });
};
