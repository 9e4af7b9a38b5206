import { type Command, InvalidArgumentError } from "commander";
import { wholeNumberTo } from "../options.ts";
import { examples, type Session } from "./session.ts";

const BUCKET_NAME = /^[A-Za-z0-9._-]{1,255}$/;
/** More than anybody reads. */
const RUNS_SHOWN_MAX = 100_000;

const bucketName = (text: string): string => {
  if (!BUCKET_NAME.test(text)) throw new InvalidArgumentError("Expected the name of a bucket.");
  return text;
};

const runKind = (text: string): string => {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(text))
    throw new InvalidArgumentError("Expected a kind of run, such as ingest or crawl.");
  return text;
};

export const addCrawl = (program: Command, { globals, stopping, finish }: Session): void => {
  program
    .command("crawl")
    .description(
      "list a bucket and record in tracking what it does not know; again, it goes on or does nothing",
    )
    .argument("<bucket>", "the bucket to list", bucketName)
    .option("--prefix <prefix>", "only keys that begin with this", "")
    .addHelpText(
      "after",
      examples(
        "daybook crawl daybook-new-events",
        "daybook crawl an-older-bucket --prefix 2025/ --json",
        "daybook reconcile                      also finds what is gone, and has requests decided",
      ),
    )
    .action(async (bucket: string, { prefix }) => {
      const { crawlCommand } = await import("../crawl.ts");
      const { isAws, output } = globals();
      finish(await crawlCommand({ bucket, prefix }, isAws, stopping, output));
    });
};

export const addRuns = (program: Command, { globals, finish }: Session): void => {
  program
    .command("runs")
    .description("list the runs of ingests, crawls and reconciliations, newest first")
    .argument("[kind]", "only of this kind, such as ingest or crawl", runKind)
    .option("--limit <count>", "how many to show", wholeNumberTo(RUNS_SHOWN_MAX), 50)
    .addHelpText("after", examples("daybook runs", "daybook runs ingest --json"))
    .action(async (kind: string | undefined, { limit }) => {
      const { runsCommand } = await import("../runs.ts");
      const { isAws, output } = globals();
      finish(await runsCommand(kind, { limit, isAws }, output));
    });
};
