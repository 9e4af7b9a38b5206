import { type Command, InvalidArgumentError, Option } from "commander";
import type { RestoreTier } from "../../ports/object-store.ts";
import { isDay } from "../../replay/bundle/day.ts";
import { wholeNumberTo } from "../options.ts";
import { Misused } from "../output.ts";
import { examples, type Session } from "./session.ts";

/** The longest S3 keeps a message in a queue, after which nothing is published any more. */
const LATE_DAYS_MAX = 14;
/** A year: what is needed for longer should not be cold. */
const THAW_DAYS_MAX = 365;
/** Long enough for a replay over a weekend. */
const THAW_DAYS = 3;

const dayOf = (text: string): string => {
  if (!isDay(text)) throw new InvalidArgumentError("Expected a day as YYYY-MM-DD, such as 2026-03-01.");
  return text;
};

const oneMoreDay = (text: string, days: readonly string[] = []): readonly string[] => [...days, dayOf(text)];

const thawDays = (text: string): number => {
  const days = wholeNumberTo(THAW_DAYS_MAX)(text);
  if (days === 0) throw new InvalidArgumentError("Expected at least 1 day.");
  return days;
};

export const addBundle = (program: Command, session: Session): void => {
  const { globals, finish } = session;
  const bundle = program
    .command("bundle")
    .description("put a day's decisions, with their requests, into few large objects that may go cold")
    .option("--day <YYYY-MM-DD>", "a UTC day that is over, by the time of the decisions", dayOf)
    .option(
      "--expire-copies",
      "then tag the copies of its requests, so that a lifecycle rule may expire them",
    )
    .option(
      "--late-days <days>",
      "look for decisions published so long after the day; by default an hour",
      wholeNumberTo(LATE_DAYS_MAX),
    )
    .addHelpText(
      "after",
      examples(
        "daybook bundle --day 2026-03-01                 made, compared with the originals, and what it costs",
        "daybook bundle verify --day 2026-03-01",
        "daybook bundle get cash_deposit_r1.event --day 2026-03-01",
      ),
    )
    .action(async ({ day, expireCopies = false, lateDays }) => {
      const { bundleCommand } = await import("../bundle.ts");
      const { isAws, output } = globals();
      finish(await bundleCommand(neededDay(day), { isAws, expireCopies, lateDays }, output));
    });
  addVerify(bundle, session);
  addGet(bundle, session);
};

const neededDay = (day: string | undefined): string => {
  if (day === undefined) throw new Misused("Which day? Add --day YYYY-MM-DD.");
  return day;
};

const addVerify = (bundle: Command, { globals, finish }: Session): void => {
  bundle
    .command("verify")
    .description("compare bundles with themselves and with the decisions in S3; exits 1 on any difference")
    .option("--no-originals", "leave out the decisions' own objects, a request for each")
    .addHelpText("after", examples("daybook bundle verify", "daybook bundle verify --day 2026-03-01 --json"))
    .action(async ({ originals = true }, command: Command) => {
      const { bundleVerifyCommand } = await import("../bundle.ts");
      const { isAws, output } = globals();
      const { day } = command.optsWithGlobals<{ day?: string }>();
      finish(await bundleVerifyCommand({ day, originals, isAws }, output));
    });
};

const addGet = (bundle: Command, { globals, finish }: Session): void => {
  bundle
    .command("get")
    .description("print the decision over one request, read by range")
    .argument("<key>", "the request's key")
    .addHelpText("after", examples("daybook bundle get cash_deposit_r1.event --day 2026-03-01"))
    .action(async (key: string, _options: object, command: Command) => {
      const { bundleGetCommand } = await import("../bundle.ts");
      const { isAws, output } = globals();
      const { day } = command.optsWithGlobals<{ day?: string }>();
      finish(await bundleGetCommand(key, { day: neededDay(day), isAws }, output));
    });
};

export const addBundles = (program: Command, { globals, finish }: Session): void => {
  program
    .command("bundles")
    .description("list every bundle, its size, and whether it can be read")
    .addHelpText("after", examples("daybook bundles --json"))
    .action(async () => {
      const { bundlesCommand } = await import("../bundles.ts");
      const { isAws, output } = globals();
      finish(await bundlesCommand(isAws, output));
    });
};

type ThawOptions = {
  readonly day?: readonly string[];
  readonly prefix?: string;
  readonly days: number;
  readonly tier: RestoreTier;
  readonly wait?: boolean;
};

export const addThaw = (program: Command, { globals, finish }: Session): void => {
  program
    .command("thaw")
    .description("make cold objects of the archive bucket readable for some days; by default every bundle")
    .option("--day <YYYY-MM-DD>", "the bundles of this day; may be given again", oneMoreDay)
    .option("--prefix <prefix>", "whatever lies under this prefix")
    .option("--days <days>", "how long they stay readable", thawDays, THAW_DAYS)
    .addOption(
      new Option("--tier <tier>", "how fast: hours to two days for nothing or little, or faster for more")
        .choices(["Bulk", "Standard", "Expedited"])
        .default("Bulk"),
    )
    .option("--wait", "stay until all of them are readable")
    .addHelpText(
      "after",
      examples("daybook thaw --day 2026-03-01 --wait", "daybook thaw --tier Standard --days 7 --json"),
    )
    .action(async ({ day = [], prefix, days, tier, wait = false }: ThawOptions) => {
      const { thawCommand } = await import("../thaw.ts");
      const { isAws, output } = globals();
      finish(await thawCommand({ bundleDays: day, prefix, days, tier, isWaiting: wait, isAws }, output));
    });
};
