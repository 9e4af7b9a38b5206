import type { Command } from "commander";
import { chaosOf, wholeNumberTo, withChaos } from "../options.ts";
import { examples, type Session } from "./session.ts";

const PORT_MAX = 65_535;
/** Ten years: what is to be kept for longer is kept for ever. */
const EXPIRE_DAYS_MAX = 3_650;

export const addUp = (program: Command, { globals, stopping, finish }: Session): void => {
  withChaos(program.command("up"))
    .description("start the local cloud with Daybook on it, and stay until Ctrl-C or SIGTERM")
    .option("--data <dir>", "keep the state in this folder; without it the state is in memory")
    .option(
      "--port <port>",
      "port of 127.0.0.1 for S3, SNS and SQS; any free one by default",
      wholeNumberTo(PORT_MAX),
    )
    .option(
      "--expire-bundled <days>",
      "let copies of requests expire so many days after their storing, once a verified bundle holds them",
      wholeNumberTo(EXPIRE_DAYS_MAX),
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
      const { upCommand } = await import("../stay-up.ts");
      const { data, port, currencyOptional, expireBundled: bundledExpireDays } = options;
      const currencyRequired = currencyOptional !== true;
      const cloud = { dataDir: data, port, chaos: chaosOf(options), currencyRequired, bundledExpireDays };
      finish(await upCommand(cloud, stopping, globals().output));
    });
};

export const addPut = (program: Command, { globals, finish }: Session): void => {
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
      const { putCommand } = await import("../put.ts");
      const { isAws, output } = globals();
      finish(await putCommand(files, isAws, output));
    });
};
