import { type Command, Option } from "commander";
import { PRESIGNED_SECONDS_MAX } from "../../ports/object-store.ts";
import { SORTS } from "../../tracking/query/order.ts";
import { FILTERS_HELP, pageLimit, wholeNumberFrom, withFilters } from "../objects-options.ts";
import { examples, type Session } from "./session.ts";

/** Entries on a page of a list that does not say how many. */
const LIMIT = 100;
/** An hour. */
const EXPIRES_SECONDS = 3_600;

export const addObjects = (program: Command, session: Session): void => {
  const objects = program.command("objects").description("find the objects that tracking knows");
  for (const add of [addList, addCount, addGet, addHistory, addPatch, addPresign]) add(objects, session);
};

const addList = (objects: Command, { globals, finish }: Session): void => {
  withFilters(objects.command("list").description("list objects, the last seen first"))
    .addOption(new Option("--sort <order>", "by what, with - the last first").choices(SORTS).default("-time"))
    .option("--limit <number>", "so many on a page", pageLimit, LIMIT)
    .option("--cursor <text>", "go on where the page that ended with this did")
    .addHelpText(
      "after",
      `${FILTERS_HELP}\n${examples(
        "daybook objects list --key 'cash_*' --lifecycle REFUSED",
        "daybook objects list --attribute team.name=red --sort size --json",
        "daybook objects list --state gone --since 2026-01-01 --until 2026-03-31",
      )}`,
    )
    .action(async options => {
      const { objectsListCommand } = await import("../objects-list.ts");
      const { isAws, output } = globals();
      finish(await objectsListCommand(options, isAws, output));
    });
};

const addCount = (objects: Command, { globals, finish }: Session): void => {
  withFilters(objects.command("count").description("count objects"))
    .addHelpText("after", `${FILTERS_HELP}\n${examples("daybook objects count --storage-class 'GLACIER*'")}`)
    .action(async options => {
      const { objectsCountCommand } = await import("../objects-list.ts");
      const { isAws, output } = globals();
      finish(await objectsCountCommand(options, isAws, output));
    });
};

const addGet = (objects: Command, { globals, finish }: Session): void => {
  objects
    .command("get")
    .description("show all that is known of one key: every bucket, its decision, its attributes")
    .argument("<key>", "the object's key")
    .addHelpText("after", examples("daybook objects get cash_deposit_r1.event"))
    .action(async (key: string) => {
      const { objectsGetCommand } = await import("../objects-show.ts");
      const { isAws, output } = globals();
      finish(await objectsGetCommand(key, isAws, output));
    });
};

const addHistory = (objects: Command, { globals, finish }: Session): void => {
  objects
    .command("history")
    .description("show all that happened to one key, in S3's order")
    .argument("<key>", "the object's key")
    .addOption(
      new Option("--view <view>", "one line per event, or per lifetime of an object")
        .choices(["flat", "paired"])
        .default("flat"),
    )
    .addHelpText("after", examples("daybook objects history cash_deposit_r1.event --view paired"))
    .action(async (key: string, { view }) => {
      const { objectsHistoryCommand } = await import("../objects-show.ts");
      const { isAws, output } = globals();
      finish(await objectsHistoryCommand(key, view, isAws, output));
    });
};

const addPatch = (objects: Command, { globals, finish }: Session): void => {
  withFilters(objects.command("patch").description("change the attributes of objects by a JSON Patch"))
    .argument("[key]", "the object's key")
    .option("--patch <json>", "the patch, RFC 6902")
    .option("--file <file>", "a file with the patch")
    .option("--all", "patch every key that the filters let pass, each for itself")
    .addHelpText(
      "after",
      `${FILTERS_HELP}\n${examples(
        `daybook objects patch cash_deposit_r1.event --patch '[{"op":"add","path":"/team","value":"red"}]'`,
        "daybook objects patch --all --key 'cash_*' --file patch.json",
      )}`,
    )
    .action(async (key: string | undefined, options) => {
      const { objectsPatchCommand } = await import("../objects-patch.ts");
      const { isAws, output } = globals();
      finish(await objectsPatchCommand(key, options, isAws, output));
    });
};

const addPresign = (objects: Command, { globals, finish }: Session): void => {
  objects
    .command("presign")
    .description("print a web address at which an object's current version can be read for a while")
    .argument("<key>", "the object's key")
    .option("--bucket <bucket>", "in which bucket; by default where its content lies now")
    .option(
      "--expires <seconds>",
      "for how long, at most seven days",
      wholeNumberFrom(1, PRESIGNED_SECONDS_MAX),
      EXPIRES_SECONDS,
    )
    .addHelpText("after", examples("daybook objects presign cash_deposit_r1.event --expires 600"))
    .action(async (key: string, options) => {
      const { objectsPresignCommand } = await import("../objects-presign.ts");
      const { isAws, output } = globals();
      finish(await objectsPresignCommand(key, options, isAws, output));
    });
};
