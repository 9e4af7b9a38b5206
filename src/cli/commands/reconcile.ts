import { type Command, InvalidArgumentError } from "commander";
import { wholeNumberTo } from "../options.ts";
import { examples, type Session } from "./session.ts";

/** A month: what is undone for longer is no matter of waiting. */
const GRACE_SECONDS_MAX = 2_678_400;

const day = (text: string): string => {
  const atMs = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00.000Z`) : Number.NaN;
  if (Number.isNaN(atMs) || !new Date(atMs).toISOString().startsWith(text))
    throw new InvalidArgumentError("Expected a day as YYYY-MM-DD, such as 2026-03-02.");
  return text;
};

const oneMore = (bucket: string, before: readonly string[] = []): readonly string[] => [...before, bucket];

export const addReconcile = (program: Command, { globals, stopping, finish }: Session): void => {
  program
    .command("reconcile")
    .description("find what was lost: notifications, requests without a decision, and what is gone")
    .option(
      "--bucket <bucket>",
      "look at this bucket, may be given again; by default all that hold requests",
      oneMore,
    )
    .option("--prefix <prefix>", "only keys that begin with this", "")
    .option("--inventory <manifest>", "look at a report, a path or an s3:// address, instead of listing")
    .option(
      "--since <day>",
      "search what was first seen from this UTC day on for what is gone; 35 days by default",
      day,
    )
    .option(
      "--grace <seconds>",
      "leave alone what may be under way for so long",
      wholeNumberTo(GRACE_SECONDS_MAX),
      300,
    )
    .option("--dry-run", "tell nobody and mark nothing; exit 1 if something would be")
    .addHelpText(
      "after",
      `${examples(
        "daybook reconcile                      list the buckets, have decided what was lost",
        "daybook reconcile --grace 0            where nothing is under way",
        "daybook reconcile --inventory s3://daybook-new-events-inventory/.../manifest.checksum --dry-run",
      )}

What is found takes the way of live notifications: through the topic in DAYBOOK_OBJECTS_TOPIC. The command does not
wait until it is decided. Run again, it finds nothing but what came meanwhile.`,
    )
    .action(async options => {
      const { reconcileCommand } = await import("../reconcile.ts");
      const { isAws, output } = globals();
      const { bucket, prefix, inventory, since, grace, dryRun } = options;
      finish(
        await reconcileCommand(
          {
            buckets: bucket,
            prefix,
            manifest: inventory,
            since,
            graceMs: grace * 1000,
            isDryRun: dryRun === true,
            isAws,
          },
          stopping,
          output,
        ),
      );
    });
};
