import { type Command, Option } from "commander";
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
