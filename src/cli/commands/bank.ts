import { type Command, Option } from "commander";
import { month } from "../options.ts";
import { Misused } from "../output.ts";
import { examples, type Session } from "./session.ts";

export const addAccounts = (program: Command, { globals, finish }: Session): void => {
  program
    .command("accounts")
    .description("list every account with its balances")
    .addHelpText("after", examples("daybook accounts --json"))
    .action(async () => {
      const { accountsCommand } = await import("../accounts.ts");
      const { isAws, output } = globals();
      finish(await accountsCommand(isAws, output));
    });
};

export const addBalance = (program: Command, { globals, finish }: Session): void => {
  program
    .command("balance")
    .description("show one account")
    .argument("<account>", "its number")
    .addHelpText("after", examples("daybook balance 100010"))
    .action(async (account: string) => {
      const { balanceCommand } = await import("../accounts.ts");
      const { isAws, output } = globals();
      finish(await balanceCommand(account, isAws, output));
    });
};

export const addStatement = (program: Command, { globals, finish }: Session): void => {
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
      const { statementCommand } = await import("../statement.ts");
      const { isAws, output } = globals();
      const { month, format = output.isJson ? "json" : "table" } = options;
      if (output.isJson && format !== "json")
        throw new Misused(`--json and --format ${format} contradict each other: leave one of them out.`);
      finish(await statementCommand(account, { month, format, isAws }, output));
    });
};

export const addEvent = (program: Command, { globals, finish }: Session): void => {
  program
    .command("event")
    .description("show what became of one request, from its arrival to its decision")
    .argument("<key>", "the object's key")
    .addHelpText("after", examples("daybook event cash_deposit_r1.event"))
    .action(async (key: string) => {
      const { eventCommand } = await import("../event.ts");
      const { isAws, output } = globals();
      finish(await eventCommand(key, isAws, output));
    });
};
