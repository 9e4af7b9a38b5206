import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { InvalidConfig } from "../config.ts";
import type { ChaosSettings } from "../local/chaos/chaos.ts";
import { DataFolderLocked } from "../local/durability/lock.ts";
import { JavaMissing } from "../local/dynamodb-local.ts";
import { createOutput, Misused, type Output, Refused } from "./output.ts";
import { InvalidScenario } from "./scenario-error.ts";

const DONE = 0;
const REFUSED = 1;
const MISUSED = 2;

const wholeNumber = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Expected a whole number from 0 to 999999999.");
  return Number(text);
};

const rate = (text: string): number => {
  if (!/^(0(\.\d+)?|1(\.0+)?)$/.test(text))
    throw new InvalidArgumentError("Expected a share from 0 to 1, such as 0.3.");
  return Number(text);
};

type ChaosOptions = { shuffle?: number; duplicate?: number; drop?: number; delay?: number };

/** Chaos from options; undefined where none is asked for. */
const chaosOf = ({ shuffle, duplicate, drop, delay }: ChaosOptions): Partial<ChaosSettings> | undefined => {
  if ([shuffle, duplicate, drop, delay].every(option => option === undefined)) return undefined;
  return {
    seed: shuffle ?? 1,
    shuffle: shuffle !== undefined,
    duplicate: duplicate ?? 0,
    drop: drop ?? 0,
    delayMaxMs: delay ?? 0,
  };
};

const withChaos = (command: Command): Command =>
  command
    .option("--shuffle <seed>", "deliver notifications in random order, by this seed", wholeNumber)
    .option("--duplicate <rate>", "deliver this share of notifications twice, 0 to 1", rate)
    .option("--drop <rate>", "lose this share of notifications, 0 to 1", rate)
    .option("--delay <ms>", "hold notifications back for up to this long", wholeNumber);

/** The command line. `finish` is told the exit code of the command that ran. */
const createProgram = (finish: (code: number) => void): Command => {
  const program = new Command("daybook")
    .description(
      "A bank whose book of original entry is S3. Without AWS: every command runs on a local cloud.",
    )
    .option("--json", "print JSON: one document, or lines that end in a summary")
    .option("--aws", "talk to AWS itself, with the credentials and region of the environment")
    .addHelpText(
      "after",
      `
Examples:
  daybook demo                                      the whole story in half a minute
  daybook scenario scenarios/golden.csv             thirteen requests, their outcomes and balances
  daybook scenario FILE.csv --shuffle 7 --duplicate 0.5
  daybook up                                        a bank that stays; then in another terminal:
  daybook put cash_deposit_r1.event
  daybook accounts

Exit codes: 0 done, 1 refused or different from what was expected, 2 wrong usage.`,
    );
  const globals = (): { isAws: boolean; output: Output } => {
    const { json = false, aws = false } = program.opts<{ json?: boolean; aws?: boolean }>();
    return { isAws: aws, output: createOutput(json) };
  };

  withChaos(program.command("up"))
    .description("start the local cloud with Daybook on it, and stay")
    .option("--data <dir>", "keep the state in this folder; without it the state is in memory")
    .option("--port <port>", "port of 127.0.0.1 for S3, SNS and SQS; any free one by default", wholeNumber)
    .option("--currency-optional", "accept cash requests that do not list notes and coins, as scenarios do")
    .action(async options => {
      const { upCommand } = await import("./stay-up.ts");
      const { data, port, currencyOptional } = options;
      const cloud = {
        dataDir: data,
        port,
        chaos: chaosOf(options),
        currencyRequired: currencyOptional !== true,
      };
      finish(await upCommand(cloud, globals().output));
    });

  program
    .command("put")
    .description("store files as requests, each under its own name; does not wait for decisions")
    .argument("<file...>", "such as cash_deposit_r1.event")
    .action(async (files: string[]) => {
      const { putCommand } = await import("./put.ts");
      finish(await putCommand(files, globals().isAws, globals().output));
    });

  withChaos(program.command("scenario"))
    .description("run a story from a CSV file and compare it with FILE.expected.json if that is there")
    .argument("<file>", "CSV in Lab 4's columns, see scenarios/README.md")
    .option("--run-id <id>", "beginning of the request ids on a shared cloud")
    .action(async (file: string, options) => {
      const { scenarioCommand } = await import("./scenario.ts");
      const { isAws, output } = globals();
      finish(await scenarioCommand(file, { chaos: chaosOf(options), isAws, runId: options.runId }, output));
    });

  program
    .command("accounts")
    .description("list every account with its balances")
    .action(async () => {
      const { accountsCommand } = await import("./accounts.ts");
      finish(await accountsCommand(globals().isAws, globals().output));
    });

  program
    .command("balance")
    .description("show one account")
    .argument("<account>")
    .action(async (account: string) => {
      const { balanceCommand } = await import("./accounts.ts");
      finish(await balanceCommand(account, globals().isAws, globals().output));
    });

  program
    .command("statement")
    .description("show what happened to an account, refusals included")
    .argument("<account>")
    .option("--month <YYYYMM>", "only lines of this UTC month of the requests' own time")
    .addOption(new Option("--format <format>", "how to print it").choices(["table", "csv", "json"]))
    .action(async (account: string, { month, format }) => {
      const { statementCommand } = await import("./statement.ts");
      const { isAws, output } = globals();
      finish(
        await statementCommand(
          account,
          { month, format: format ?? (output.isJson ? "json" : "table"), isAws },
          output,
        ),
      );
    });

  program
    .command("event")
    .description("show what became of one request, from its arrival to its decision")
    .argument("<key>", "the object's key, such as cash_deposit_r1.event")
    .action(async (key: string) => {
      const { eventCommand } = await import("./event.ts");
      finish(await eventCommand(key, globals().isAws, globals().output));
    });

  program
    .command("demo")
    .description("tell the whole story: requests, chaos, decisions, and the proof from S3 alone")
    .action(async () => {
      const { demoCommand } = await import("./demo.ts");
      finish(await demoCommand(globals().output));
    });

  return program;
};

/** Errors that say all there is to say; any other is a defect or trouble with the cloud, and shows its stack. */
const isPlain = (error: unknown): error is Error =>
  [Refused, Misused, InvalidScenario, InvalidConfig, JavaMissing, DataFolderLocked].some(
    kind => error instanceof kind,
  );

const codeOf = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : MISUSED;
  return error instanceof Misused || error instanceof InvalidConfig ? MISUSED : REFUSED;
};

const tell = (error: unknown): void => {
  if (error instanceof CommanderError) return;
  const text = isPlain(error)
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  process.stderr.write(`${text}\n`);
};

/** Runs one command line. Returns: the exit code. */
export const run = async (argv: readonly string[]): Promise<number> => {
  let code = DONE;
  const program = createProgram(finished => {
    code = finished;
  });
  for (const command of [program, ...program.commands]) command.exitOverride().showHelpAfterError();
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    tell(error);
    return codeOf(error);
  }
};

// The launcher's channel only tells that it lives; it must not keep this process alive.
process.channel?.unref();
process.exitCode = await run(process.argv.slice(2));
