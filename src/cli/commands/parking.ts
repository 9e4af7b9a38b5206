import type { Command } from "commander";
import { examples, type Session } from "./session.ts";

type Given = { readonly reason: string; readonly id?: string; readonly employee?: string };

const withRequest = (command: Command): Command =>
  command
    .argument("<account>", "its number")
    .requiredOption("--reason <text>", "why; the account's statement shows it")
    .option("--id <id>", "id of the request; made from account and time by default")
    .option("--employee <id>", "who asked for it");

export const addFreeze = (program: Command, { globals, finish }: Session): void => {
  withRequest(program.command("freeze"))
    .description("freeze an account: what touches it waits until it is unfrozen")
    .addHelpText("after", examples('daybook freeze 100010 --reason "card reported stolen"'))
    .action(async (account: string, { reason, id, employee }: Given) => {
      const { freezeCommand } = await import("../freeze.ts");
      const { isAws, output } = globals();
      finish(await freezeCommand("freeze_account", { account, reason, id, employee, isAws }, output));
    });
};

export const addUnfreeze = (program: Command, { globals, finish }: Session): void => {
  withRequest(program.command("unfreeze"))
    .description("unfreeze an account: what waited is decided in order, before anything that comes later")
    .addHelpText("after", examples('daybook unfreeze 100010 --reason "new card issued"'))
    .action(async (account: string, { reason, id, employee }: Given) => {
      const { freezeCommand } = await import("../freeze.ts");
      const { isAws, output } = globals();
      finish(await freezeCommand("unfreeze_account", { account, reason, id, employee, isAws }, output));
    });
};

export const addParked = (program: Command, { globals, finish }: Session): void => {
  program
    .command("parked")
    .description("list the requests that wait, for their original or for an account to be unfrozen")
    .option("--release", "decide what need not wait any more, deadlines that have passed among it")
    .addHelpText("after", examples("daybook parked --json", "daybook parked --release"))
    .action(async ({ release = false }: { release?: boolean }) => {
      const { parkedCommand } = await import("../parked.ts");
      const { isAws, output } = globals();
      finish(await parkedCommand({ isRelease: release, isAws }, output));
    });
};
