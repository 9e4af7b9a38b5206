import { type Command, Option } from "commander";
import { examples, type Session } from "./session.ts";

export const addInventory = (program: Command, { globals, finish }: Session): void => {
  const inventory = program.command("inventory").description("read and write S3 Inventory reports");
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
};
