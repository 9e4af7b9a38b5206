import { type Command, InvalidArgumentError, Option } from "commander";
import { examples, type Session } from "./session.ts";

export const addInventory = (program: Command, session: Session): void => {
  const { globals, finish } = session;
  const inventory = program.command("inventory").description("read, ingest and write S3 Inventory reports");
  inventory
    .command("read")
    .description("print the records of a report, every checksum compared first; needs no table")
    .argument("<manifest>", "manifest.json or manifest.checksum, a path or an s3:// address")
    .option("--count", "print the number of records and a SHA-256 over them instead")
    .addHelpText(
      "after",
      examples(
        "daybook inventory read manifest.json --json",
        "daybook inventory read manifest.checksum --count",
      ),
    )
    .action(async (manifest: string, { count = false }) => {
      const { inventoryReadCommand } = await import("../inventory.ts");
      const { isAws, output } = globals();
      finish(await inventoryReadCommand(manifest, { isCount: count, isAws }, output));
    });
  inventory
    .command("write")
    .description("write a report of a bucket, as S3 does once a day")
    .argument("<bucket>", "the bucket to list")
    .option("--to <bucket>", "where the report goes; by default the bucket's name with -inventory behind it")
    .addOption(
      new Option("--format <format>", "how the data is written").choices(["CSV", "Parquet"]).default("CSV"),
    )
    .addHelpText("after", examples("daybook inventory write daybook-new-events --format Parquet"))
    .action(async (bucket: string, { to: destination, format }) => {
      const { inventoryWriteCommand } = await import("../inventory-write.ts");
      const { isAws, output } = globals();
      finish(await inventoryWriteCommand(bucket, { format, destination, isAws }, output));
    });
  addIngest(inventory, session);
  addAthena(inventory, session);
};

const instant = (text: string): string => {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError("Expected an instant in UTC, such as 2026-03-02T09:00:00Z.");
  return text;
};

const tableName = (text: string): string => {
  if (!/^[a-z][a-z0-9_]{0,127}$/.test(text))
    throw new InvalidArgumentError(
      "Expected a name of small letters, digits and underscores, such as my_inventory.",
    );
  return text;
};

const oneMore = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

const addAthena = (inventory: Command, { globals, finish }: Session): void => {
  inventory
    .command("athena")
    .description(
      "print a table over the reports of an inventory, and a selection from one of them, for Athena",
    )
    .argument("<manifest>", "the s3:// address of manifest.json or manifest.checksum")
    .option("--table <name>", "the table's name", tableName, "daybook_inventory")
    .option("--prefix <prefix>", "only keys that begin with this")
    .option("--suffix <suffix>", "only keys that end in this")
    .option("--since <instant>", "only what was stored or changed from this instant on, in UTC", instant)
    .option("--storage-class <class>", "only this class, such as GLACIER; may be given again", oneMore)
    .option("--all-versions", "older versions and delete markers, too")
    .addHelpText(
      "after",
      examples(
        "daybook inventory athena s3://daybook-archive-inventory/.../manifest.checksum --suffix .event",
        "daybook inventory athena s3://.../manifest.json --storage-class GLACIER --since 2026-03-02T00:00:00Z",
      ),
    )
    .action(async (manifest: string, options) => {
      const { inventoryAthenaCommand } = await import("../inventory-athena.ts");
      const { isAws, output } = globals();
      const { table, prefix, suffix, since, storageClass: storageClasses, allVersions } = options;
      const isCurrentOnly = allVersions !== true;
      const selection = { prefix, suffix, since, storageClasses, isCurrentOnly };
      finish(await inventoryAthenaCommand(manifest, { table, selection, isAws }, output));
    });
};

const addIngest = (inventory: Command, { globals, stopping, finish }: Session): void => {
  inventory
    .command("ingest")
    .description("record in tracking what a report shows and tracking does not know; twice is once")
    .argument("<manifest>", "manifest.json or manifest.checksum, a path or an s3:// address")
    .addHelpText(
      "after",
      `${examples(
        "daybook inventory ingest manifest.checksum",
        "daybook inventory ingest s3://daybook-new-events-inventory/.../manifest.checksum --json",
      )}

Every checksum is compared before anything is recorded. A report is a picture of the past: it overrides nothing that is
newer. Stopped with Ctrl-C, the same command goes on where it was; killed, it does so after fifteen minutes
("daybook runs ingest" tells).`,
    )
    .action(async (manifest: string) => {
      const { inventoryIngestCommand } = await import("../inventory-ingest.ts");
      const { isAws, output } = globals();
      finish(await inventoryIngestCommand(manifest, isAws, stopping, output));
    });
};
