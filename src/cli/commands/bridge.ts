import type { Command } from "commander";
import { examples, type Session } from "./session.ts";

const HANDED = `

What HANDLER_COMMAND is handed: the objects as files in a folder, and in its environment
  ROOT_FOLDER    the folder; files that are new or changed in it are stored when it ends
  BUCKET         where the objects are
  KEY_PREFIX     what their keys begin with: a key is KEY_PREFIX and the path below ROOT_FOLDER
  EVENTS_FILE    a JSON file with the events that triggered it
  TARGET_BUCKET  where its files are stored, under KEY_PREFIX
  BRIDGE_RUN_ID  of this run
and all variables of the bridge itself, or with HANDLER_ENV=minimal only PATH, HOME and the like.
It ends with 0, or a code of HANDLER_OK_EXIT_CODES: otherwise nothing of it is stored.`;

const SETTINGS = `

Settings are variables of the environment: HANDLER_COMMAND, which is required, MATCH_KEY, PULL_PARENT_DIRS,
PULL_MATCH_KEYS, EXECUTION_FILTER_EXPR, TARGET_BUCKET and others, all explained in docs/BRIDGE.md.`;

const exitCodes = (codes: string): string => `\n\nExit codes: ${codes}, 2 wrong usage or settings.`;

export const addBridge = (program: Command, session: Session): void => {
  const bridge = program
    .command("bridge")
    .description("let a program of yours work on objects of S3 as files; its settings are in the environment")
    .addHelpText(
      "after",
      examples(
        "HANDLER_COMMAND='sh count.sh' daybook bridge plan --bucket photos --prefix 2026/03",
        "HANDLER_COMMAND='sh count.sh' daybook bridge run --bucket photos --prefix 2026/03",
        "HANDLER_COMMAND='sh count.sh' MATCH_KEY='\\.jpg$' daybook bridge watch --queue photos-stored",
      ) +
        HANDED +
        SETTINGS +
        exitCodes("0 done, 1 failed or refused"),
    );
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
      examples(
        "HANDLER_COMMAND='sh count.sh' daybook bridge run --bucket photos --prefix 2026/03",
        "HANDLER_COMMAND='python3 totals.py' TARGET_BUCKET=totals daybook bridge run --bucket photos --json",
      ) +
        HANDED +
        SETTINGS +
        exitCodes("0 done, or not to be done by the filter or RUN_ONCE; 1 failed, and the reason is told"),
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
      examples(
        "HANDLER_COMMAND=true daybook bridge plan --bucket photos --prefix 2026/03",
        "HANDLER_COMMAND=true PULL_MATCH_KEYS='\\.jpg$' daybook bridge plan --bucket photos",
      ) +
        SETTINGS +
        exitCodes("0 it would run, or the filter says no; 1 it would fail, and the reason is told"),
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
      examples(
        "HANDLER_COMMAND='sh count.sh' daybook bridge watch --queue photos-stored",
        "HANDLER_COMMAND='sh count.sh' MATCH_KEY='\\.jpg$' daybook bridge watch --queue photos-stored --json",
      ) +
        HANDED +
        SETTINGS +
        exitCodes(
          "0 stopped (a group that fails ends nothing: its messages come again), 1 the cloud did not do it",
        ),
    )
    .action(async ({ queue }: { readonly queue: string }) => {
      const { bridgeWatchCommand } = await import("../bridge.ts");
      const { isAws, output } = globals();
      finish(await bridgeWatchCommand({ queue, isAws }, stopping, output));
    });
};
