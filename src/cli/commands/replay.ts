import { type Command, InvalidArgumentError, Option } from "commander";
import { wholeNumberTo } from "../options.ts";
import { Misused } from "../output.ts";
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

const digest = (text: string): string => {
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new InvalidArgumentError("Expected the 64 hexadecimal digits that --rejudge prints.");
  return text;
};

const oneMore = (manifest: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  manifest,
];

/** Of `--source events`, for the help. */
const EVENTS_HELP = `Lost decision objects: "replay --source events" brings them back, from bundles, from the heads of the table if there
is one, and from the copies of all requests, which tell how each was decided. It reads the newest inventory reports of the
buckets, or those given, and lists what they do not show; what is cold it thaws and waits for. Nothing there is
overwritten. What was not placed yet, or contradicts, is listed by key (exit 1). Then, where the table is whole, "daybook
verify"; where it is not, "daybook restore", then "daybook replay"; "daybook reconcile" has the rest decided.`;

type RejudgeFlags = {
  readonly rejudge?: true;
  readonly apply?: string;
  readonly reason: string;
  readonly source: string;
  readonly dryRun?: true;
  readonly parallel?: number;
  readonly rate?: number;
  readonly takeOver?: true;
};

const rejudge = async (
  { globals, stopping, finish }: Session,
  { rejudge: isRejudge, apply, source, dryRun, takeOver, ...rest }: RejudgeFlags,
): Promise<void> => {
  if (isRejudge !== true) throw new Misused("Give --apply together with --rejudge.");
  if (source !== "decisions") throw new Misused("Bring lost decisions back first, then judge them anew.");
  if (dryRun === true && apply !== undefined) throw new Misused("Give either --dry-run or --apply.");
  const { rejudgeCommand } = await import("../rejudge.ts");
  const { isAws, output } = globals();
  finish(await rejudgeCommand({ ...rest, apply, isTakeOver: takeOver === true, isAws }, stopping, output));
};

type EventsOptions = { readonly dryRun?: true; readonly inventory?: readonly string[] };

const replayEvents = async (
  { globals, finish }: Session,
  { dryRun, inventory: manifests = [] }: EventsOptions,
): Promise<void> => {
  const { replayEventsCommand } = await import("../replay-events.ts");
  const { isAws, output } = globals();
  finish(await replayEventsCommand({ isDryRun: dryRun === true, manifests, isAws }, output));
};

export const addReplay = (program: Command, session: Session): void => {
  const { globals, stopping, finish } = session;
  program
    .command("replay")
    .description("after a restore: repair every account from the decisions in S3, and catch up with S3")
    .option("--dry-run", "only tell what is left to repair")
    .option("--parallel <accounts>", "repair so many accounts at once; 8 by default", fromOneTo(PARALLEL_MAX))
    .option("--rate <decisions>", "read at most so many decisions a second", fromOneTo(RATE_MAX))
    .option("--take-over", "go on in the place of a replay that was killed, without waiting for it")
    .addOption(
      new Option("--source <source>", "decisions; or events, which only brings back lost decision objects")
        .choices(["decisions", "events"])
        .default("decisions"),
    )
    .option("--inventory <manifest>", "with --source events: a report to read, may be given again", oneMore)
    .option("--rejudge", "show what would come out otherwise if all were judged anew, by today's settings")
    .option("--apply <digest>", "with --rejudge: apply the difference of this digest, if it still is", digest)
    .option("--reason <text>", "with --apply: why, for the record", "rejudged")
    .addHelpText(
      "after",
      `${examples(
        "daybook replay --dry-run               what is left to repair",
        "daybook replay",
        "daybook replay --parallel 32 --rate 2000 --json",
        "daybook replay --source events --dry-run",
        "daybook replay --rejudge               then, to apply it: --apply and the digest it prints",
      )}

Traffic goes on meanwhile. Cut off anywhere, the same command goes on; what is repaired is not repaired again. After a
kill the first one counts as running for 15 minutes, unless --take-over.
Nothing outside is told twice: only requests without a decision are told again, where DAYBOOK_OBJECTS_TOPIC is set.

${EVENTS_HELP}

A replay never judges anew. --rejudge does, by the settings in this command's environment: give it those of the functions.
It changes nothing by itself. Applied, it makes a new table, as a restore does; the former decisions stay, and are void.
What was announced is not announced again; copies of requests that come out otherwise move to where they belong.`,
    )
    .action(async options => {
      if (options.inventory !== undefined && (options.source !== "events" || options.rejudge === true))
        throw new Misused("Give --inventory together with --source events.");
      if (options.rejudge === true || options.apply !== undefined) {
        await rejudge(session, options);
        return;
      }
      if (options.source === "events") {
        await replayEvents(session, options);
        return;
      }
      const { dryRun, parallel, rate, takeOver } = options;
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
