import type { Command } from "commander";
import { examples, type Session } from "./session.ts";

export const addVerify = (program: Command, { globals, finish }: Session): void => {
  program
    .command("verify")
    .description(
      "compare the table with the decisions in S3, or with a snapshot; exits 1 if anything differs",
    )
    .option("--rows", "every row of every account, and the rows that no decision makes")
    .option("--account <number>", "every row of this account, and each decision on it told")
    .option("--snapshot <id>", "compare with this snapshot instead of all decisions")
    .option("--bundles", "compare the bundles with the decisions in S3 instead of the table")
    .addHelpText(
      "after",
      `${examples(
        "daybook verify                         folds every decision in S3, compares each account's head",
        "daybook verify --rows                  row by row: lines, transactions, balances, holds, guards",
        "daybook verify --account 700 --json    NDJSON: decisions, differences, a summary",
        "daybook verify --snapshot 2026-05-06T22-44-22.000Z-4f1c09ab --json",
        "daybook verify --bundles               every record of every bundle",
      )}

Rows that follow from decisions are compared, while traffic goes on. Out of scope, since no decision tells them: where
objects lie (tracking and its lifecycle), the audit trail, the users' attributes, and what is parked; also the facts of a
decision that no row shows, until a restore has sealed it or a bundle holds it. Parked rows are counted.`,
    )
    .action(async options => {
      const { snapshot, bundles: isOfBundles, rows: isOfRows, account } = options;
      const { verifyCommand } = await import("../verify.ts");
      const { isAws, output } = globals();
      finish(await verifyCommand({ snapshot, isOfBundles, isOfRows, account, isAws }, output));
    });
};
