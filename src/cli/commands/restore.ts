import { type Command, InvalidArgumentError } from "commander";
import { wholeNumberTo } from "../options.ts";
import { Misused } from "../output.ts";
import { examples, type Session } from "./session.ts";

const SEED_MAX = 2_147_483_647;
const MINUTE_MS = 60_000;
const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: MINUTE_MS,
  h: 60 * MINUTE_MS,
  d: 1_440 * MINUTE_MS,
};
const MARGIN = "1h";

const instant = (text: string): string => {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError("Expected an instant in UTC, such as 2026-03-02T09:00:00Z.");
  return text;
};

const durationMs = (text: string): number => {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (!Number.isFinite(ms))
    throw new InvalidArgumentError("Expected a duration, such as 90s, 15m, 1h or 2d.");
  return ms;
};

export const addRestore = (program: Command, { globals, finish }: Session): void => {
  program
    .command("restore")
    .description("make a new table of the past, and go on with it; the old one stays as it is")
    .option("--to <instant>", "the table as it was at this second, in UTC", instant)
    .option("--from <snapshot>", "an empty table with the heads of this snapshot")
    .option("--dry-run", "only tell what would be done")
    .option("--reason <text>", "why, for the record", "restored")
    .option(
      "--margin <duration>",
      `write again whatever was decided so long before the instant, longer than an invocation lives and clocks differ; by default ${MARGIN}`,
      durationMs,
    )
    .option(
      "--torn <seed>",
      "on the local cloud: leave some rows as they were a moment earlier",
      wholeNumberTo(SEED_MAX),
    )
    .option("--instead", "though a restore to something else has begun and is not finished")
    .option("--take-over", "go on in the place of a restore that was killed, without waiting for it")
    .addHelpText(
      "after",
      `${examples(
        "daybook restore --to 2026-05-06T22:40:00Z --dry-run",
        'daybook restore --to 2026-05-06T22:40:00Z --reason "table deleted"',
        "daybook restore --from 2026-05-06T22-44-22.000Z-4f1c09ab",
      )}

Cut off anywhere, the same command again goes on. Next: "daybook replay".`,
    )
    .action(async options => {
      const { to, from: id, margin, reason, dryRun, instead, takeOver, torn } = options;
      if ((to === undefined) === (id === undefined))
        throw new Misused("Name either an instant with --to or a snapshot with --from.");
      if (torn !== undefined && to === undefined) throw new Misused("Give --torn together with --to.");
      const { restoreCommand } = await import("../restore.ts");
      const { isAws, output } = globals();
      const from =
        to === undefined ? ({ kind: "snapshot", id } as const) : ({ kind: "pitr", at: to } as const);
      finish(
        await restoreCommand(
          {
            from,
            marginMs: margin ?? durationMs(MARGIN),
            reason,
            isDryRun: dryRun === true,
            isInstead: instead === true,
            isTakeOver: takeOver === true,
            torn,
            isAws,
          },
          output,
        ),
      );
    });
};
