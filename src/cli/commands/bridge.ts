import type { Command } from "commander";
import { examples, type Session } from "./session.ts";

export const addBridge = (program: Command, session: Session): void => {
  const bridge = program
    .command("bridge")
    .description("let a program of yours work on objects of S3 as files; its settings are in the environment")
    .addHelpText("after", "\nThe variables, HANDLER_COMMAND first of all, are explained in docs/BRIDGE.md.");
  addRun(bridge, session);
  addPlan(bridge, session);
  addWatch(bridge, session);
};

type FolderOptions = { readonly bucket: string; readonly prefix: string };

const withFolder = (command: Command): Command =>
  command
    .requiredOption("--bucket <bucket>", "where the objects are")
    .option("--prefix <prefix>", "the folder; the whole bucket without it", "");

const addRun = (bridge: Command, { globals, finish }: Session): void => {
  withFolder(bridge.command("run"))
    .description("run the handler once over a folder, and store what it writes")
    .addHelpText(
      "after",
      examples("HANDLER_COMMAND='sh count.sh' daybook bridge run --bucket photos --prefix 2026/03"),
    )
    .action(async (options: FolderOptions) => {
      const { bridgeRunCommand } = await import("../bridge.ts");
      const { isAws, output } = globals();
      finish(await bridgeRunCommand({ ...options, isAws }, output));
    });
};

const addPlan = (bridge: Command, { globals, finish }: Session): void => {
  withFolder(bridge.command("plan"))
    .description("show what a run would pull, and what the filter says; downloads nothing")
    .addHelpText(
      "after",
      examples("HANDLER_COMMAND=true daybook bridge plan --bucket photos --prefix 2026/03"),
    )
    .action(async (options: FolderOptions) => {
      const { bridgePlanCommand } = await import("../bridge.ts");
      const { isAws, output } = globals();
      finish(await bridgePlanCommand({ ...options, isAws }, output));
    });
};

const addWatch = (bridge: Command, { globals, stopping, finish }: Session): void => {
  bridge
    .command("watch")
    .description("run the handler for the events in a queue, until Ctrl-C or SIGTERM")
    .requiredOption("--queue <queue>", "the name of a queue that S3's events go to")
    .addHelpText(
      "after",
      examples("HANDLER_COMMAND='sh count.sh' daybook bridge watch --queue photos-stored"),
    )
    .action(async ({ queue }: { readonly queue: string }) => {
      const { bridgeWatchCommand } = await import("../bridge.ts");
      const { isAws, output } = globals();
      finish(await bridgeWatchCommand({ queue, isAws }, stopping, output));
    });
};
