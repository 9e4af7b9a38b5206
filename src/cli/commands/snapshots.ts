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

export const addVerify = (program: Command, { globals, finish }: Session): void => {
  program
    .command("verify")
    .description(
      "compare the table with the decisions in S3, or with a snapshot; exits 1 if anything differs",
    )
    .option("--snapshot <id>", "compare with this snapshot instead of all decisions")
    .option("--bundles", "compare the bundles with the decisions in S3 instead of the table")
    .addHelpText(
      "after",
      examples(
        "daybook verify                         folds every decision in S3",
        "daybook verify --snapshot 2026-05-06T22-44-22.000Z-4f1c09ab --json",
        "daybook verify --bundles               every record of every bundle",
      ),
    )
    .action(async ({ snapshot, bundles: isOfBundles }: { snapshot?: string; bundles?: boolean }) => {
      const { verifyCommand } = await import("../verify.ts");
      const { isAws, output } = globals();
      finish(await verifyCommand({ snapshot, isOfBundles, isAws }, output));
    });
};
