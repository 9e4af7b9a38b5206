import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { chaosOf, month, runId, wholeNumberTo, withChaos } from "./options.ts";
import { createOutput, Misused, type Output } from "./output.ts";
import type { Stopping } from "./stopping.ts";

/** What every command needs of the command line it is in. */
type Session = {
  /** The options that stand before or after any command. */
  readonly globals: () => { readonly isAws: boolean; readonly output: Output };
  readonly stopping: Stopping;
  /** Told the exit code of the command that ran. */
  readonly finish: (exitCode: number) => void;
};

const PORT_MAX = 65_535;

const versionOf = (): string => {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version; // our own file
};

const examples = (...lines: readonly string[]): string =>
  ["", lines.length === 1 ? "Example:" : "Examples:", ...lines.map(line => `  ${line}`)].join("\n");

/** The command line. Each command loads its own code only when it runs. */
export const createProgram = (stopping: Stopping, finish: (exitCode: number) => void): Command => {
  const program = new Command("daybook")
    .description(
      "A bank whose book of original entry is S3. Without AWS: every command runs on a local cloud.",
    )
    .version(versionOf())
    .option("--json", "print JSON: one document, or lines that end in a summary")
    .option("--aws", "talk to AWS itself, with the credentials and region of the environment")
    .addHelpText(
      "after",
      `${examples(
        "daybook demo                                    the whole story in half a minute",
        "daybook scenario scenarios/golden.csv           thirteen requests, their outcomes and balances",
        "daybook scenario FILE.csv --shuffle 7 --duplicate 0.5",
        "daybook up                                      a bank that stays; then in another terminal:",
        "daybook put cash_deposit_r1.event",
        "daybook accounts",
      )}

Which cloud a command talks to: the one AWS_ENDPOINT_URL names, else the running "daybook up" of this folder
(of DAYBOOK_HOME, if set). Without either, scenario and demo start their own. AWS itself only with --aws.

Exit codes: 0 done, 1 refused or different from what was expected, 2 wrong usage, 70 a defect.`,
    )
    // Before the commands: they take these settings over.
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .showHelpAfterError();
  const globals = (): ReturnType<Session["globals"]> => {
    const { json = false, aws = false } = program.opts<{ json?: boolean; aws?: boolean }>();
    return { isAws: aws, output: createOutput(json) };
  };
  const session: Session = { globals, stopping, finish };
  for (const add of [
    addUp,
    addPut,
    addScenario,
    addAccounts,
    addBalance,
    addStatement,
    addEvent,
    addInventory,
    addDemo,
  ])
    add(program, session);
  return program;
};

const addUp = (program: Command, { globals, stopping, finish }: Session): void => {
  withChaos(program.command("up"))
    .description("start the local cloud with Daybook on it, and stay until Ctrl-C or SIGTERM")
    .option("--data <dir>", "keep the state in this folder; without it the state is in memory")
    .option(
      "--port <port>",
      "port of 127.0.0.1 for S3, SNS and SQS; any free one by default",
      wholeNumberTo(PORT_MAX),
    )
    .option("--currency-optional", "accept cash requests that do not list notes and coins, as scenarios do")
    .addHelpText(
      "after",
      examples(
        "daybook up --data bank                 goes on where the last one on this folder ended",
        "daybook up --json                      prints one line: the process to signal, and the endpoints",
        "daybook up --shuffle 7 --duplicate 0.3 a cloud with a bad day",
      ),
    )
    .action(async options => {
      const { upCommand } = await import("./stay-up.ts");
      const { data, port, currencyOptional } = options;
      const currencyRequired = currencyOptional !== true;
      const cloud = { dataDir: data, port, chaos: chaosOf(options), currencyRequired };
      finish(await upCommand(cloud, stopping, globals().output));
    });
};

const addPut = (program: Command, { globals, finish }: Session): void => {
  program
    .command("put")
    .description("store files as requests, each under its own name; does not wait for decisions")
    .argument("<file...>", "such as cash_deposit_r1.event")
    .addHelpText(
      "after",
      examples(
        "daybook put cash_deposit_r1.event      then: daybook event cash_deposit_r1.event",
        "daybook put requests/*.event           a key that is taken is left as it is, and said so",
      ),
    )
    .action(async (files: string[]) => {
      const { putCommand } = await import("./put.ts");
      const { isAws, output } = globals();
      finish(await putCommand(files, isAws, output));
    });
};

const addScenario = (program: Command, { globals, finish }: Session): void => {
  withChaos(program.command("scenario"))
    .description("run a story from a CSV file and compare it with FILE.expected.json if that is there")
    .argument("<file>", "CSV, one request per row, see scenarios/README.md")
    .option("--run-id <id>", "beginning of the request ids on a shared cloud", runId)
    .addHelpText(
      "after",
      examples(
        "daybook scenario scenarios/golden.csv --json",
        "daybook scenario story.csv --shuffle 3 --duplicate 0.5   the outcome stays the same",
      ),
    )
    .action(async (file: string, options) => {
      const { scenarioCommand } = await import("./scenario.ts");
      const { isAws, output } = globals();
      finish(await scenarioCommand(file, { chaos: chaosOf(options), isAws, runId: options.runId }, output));
    });
};

const addAccounts = (program: Command, { globals, finish }: Session): void => {
  program
    .command("accounts")
    .description("list every account with its balances")
    .addHelpText("after", examples("daybook accounts --json"))
    .action(async () => {
      const { accountsCommand } = await import("./accounts.ts");
      const { isAws, output } = globals();
      finish(await accountsCommand(isAws, output));
    });
};

const addBalance = (program: Command, { globals, finish }: Session): void => {
  program
    .command("balance")
    .description("show one account")
    .argument("<account>", "its number")
    .addHelpText("after", examples("daybook balance 100010"))
    .action(async (account: string) => {
      const { balanceCommand } = await import("./accounts.ts");
      const { isAws, output } = globals();
      finish(await balanceCommand(account, isAws, output));
    });
};

const addStatement = (program: Command, { globals, finish }: Session): void => {
  program
    .command("statement")
    .description("show what happened to an account, refusals included")
    .argument("<account>", "its number")
    .option("--month <YYYYMM>", "only lines of this UTC month of the requests' own time", month)
    .addOption(new Option("--format <format>", "how to print it").choices(["table", "csv", "json"]))
    .addHelpText(
      "after",
      examples(
        "daybook statement 100010 --month 202603",
        "daybook statement 100010 --format csv > 100010.csv",
      ),
    )
    .action(async (account: string, options) => {
      const { statementCommand } = await import("./statement.ts");
      const { isAws, output } = globals();
      const { month, format = output.isJson ? "json" : "table" } = options;
      if (output.isJson && format !== "json")
        throw new Misused(`--json and --format ${format} contradict each other: leave one of them out.`);
      finish(await statementCommand(account, { month, format, isAws }, output));
    });
};

const addEvent = (program: Command, { globals, finish }: Session): void => {
  program
    .command("event")
    .description("show what became of one request, from its arrival to its decision")
    .argument("<key>", "the object's key")
    .addHelpText("after", examples("daybook event cash_deposit_r1.event"))
    .action(async (key: string) => {
      const { eventCommand } = await import("./event.ts");
      const { isAws, output } = globals();
      finish(await eventCommand(key, isAws, output));
    });
};

const addInventory = (program: Command, { globals, finish }: Session): void => {
  const inventory = program.command("inventory").description("read and write S3 Inventory reports");
  inventory
    .command("read")
    .description("print the records of a report, every checksum compared first; needs no table")
    .argument("<manifest>", "manifest.json or manifest.checksum, a path or an s3:// address")
    .option("--count", "print the number of records and a SHA-256 over them instead")
    .addHelpText(
      "after",
      examples(
        "daybook inventory read manifest.json --json",
        "daybook inventory read manifest.checksum --count",
      ),
    )
    .action(async (manifest: string, { count = false }) => {
      const { inventoryReadCommand } = await import("./inventory.ts");
      const { isAws, output } = globals();
      finish(await inventoryReadCommand(manifest, { isCount: count, isAws }, output));
    });
  inventory
    .command("write")
    .description("write a report of a bucket, as S3 does once a day")
    .argument("<bucket>", "the bucket to list")
    .option("--to <bucket>", "where the report goes; by default the bucket's name with -inventory behind it")
    .addOption(
      new Option("--format <format>", "how the data is written").choices(["CSV", "Parquet"]).default("CSV"),
    )
    .addHelpText("after", examples("daybook inventory write daybook-new-events --format Parquet"))
    .action(async (bucket: string, { to: destination, format }) => {
      const { inventoryWriteCommand } = await import("./inventory-write.ts");
      const { isAws, output } = globals();
      finish(await inventoryWriteCommand(bucket, { format, destination, isAws }, output));
    });
};

const addDemo = (program: Command, { globals, finish }: Session): void => {
  program
    .command("demo")
    .description("tell the whole story: requests, chaos, decisions, and the proof from S3 alone")
    .addHelpText("after", examples("daybook demo", "daybook demo --json"))
    .action(async () => {
      const { demoCommand } = await import("./demo.ts");
      finish(await demoCommand(globals().output));
    });
};
