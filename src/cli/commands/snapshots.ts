import type { Command } from "commander";
import { examples, type Session } from "./session.ts";

export const addSnapshot = (program: Command, { globals, finish }: Session): void => {
  program
    .command("snapshot")
    .description("write down where every account stands, while traffic goes on")
    .addHelpText("after", examples("daybook snapshot", "daybook snapshot --json"))
    .action(async () => {
      const { snapshotCommand } = await import("../snapshot.ts");
      const { isAws, output } = globals();
      finish(await snapshotCommand(isAws, output));
    });
};

export const addSnapshots = (program: Command, { globals, finish }: Session): void => {
  program
    .command("snapshots")
    .description("list the snapshots, newest first")
    .addHelpText("after", examples("daybook snapshots"))
    .action(async () => {
      const { snapshotsCommand } = await import("../snapshots.ts");
      const { isAws, output } = globals();
      finish(await snapshotsCommand(isAws, output));
    });
};
