import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addAccounts, addBalance, addEvent, addStatement } from "./commands/bank.ts";
import { addBridge } from "./commands/bridge.ts";
import { addBundle, addBundles, addThaw } from "./commands/bundles.ts";
import { addPut, addUp } from "./commands/cloud.ts";
import { addDeadLetters, addHalt, addResume } from "./commands/control.ts";
import { addCrawl, addRuns } from "./commands/crawl.ts";
import { addDrill } from "./commands/drill.ts";
import { addInventory } from "./commands/inventory.ts";
import { addClock, addOverdue } from "./commands/life.ts";
import { addObjects } from "./commands/objects.ts";
import { addFreeze, addParked, addUnfreeze } from "./commands/parking.ts";
import { addReconcile } from "./commands/reconcile.ts";
import { addReplay } from "./commands/replay.ts";
import { addRestore } from "./commands/restore.ts";
import { examples, type Session } from "./commands/session.ts";
import { addSnapshot, addSnapshots } from "./commands/snapshots.ts";
import { addDemo, addScenario } from "./commands/stories.ts";
import { addVerify } from "./commands/verify.ts";
import { createOutput } from "./output.ts";
import type { Stopping } from "./stopping.ts";

const versionOf = (): string => {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version; // our own file
};

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
    addBundle,
    addBundles,
    addThaw,
    addBridge,
    addObjects,
    addCrawl,
    addRuns,
    addReconcile,
    addOverdue,
    addFreeze,
    addUnfreeze,
    addParked,
    addClock,
    addSnapshot,
    addSnapshots,
    addVerify,
    addRestore,
    addReplay,
    addDrill,
    addHalt,
    addResume,
    addDeadLetters,
    addDemo,
  ])
    add(program, session);
  return program;
};
