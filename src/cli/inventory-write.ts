import { writeInventory } from "../local/inventory/write-inventory.ts";
import { systemClock } from "../local/system-clock.ts";
import { inventoryBucket } from "../local/topology.ts";
import { connect } from "./connect.ts";
import type { Output } from "./output.ts";

export type InventoryWriteOptions = {
  readonly format: "CSV" | "Parquet";
  /** Default: the source bucket's name with `-inventory` behind it. */
  readonly destination?: string | undefined;
  readonly isAws: boolean;
};

/** Name of the inventory configuration in the report's keys, where AWS shows the one it was set up under. */
const CONFIG_ID = "daybook";

/**
 * `daybook inventory write BUCKET`: writes a report of a bucket as S3 Inventory would, for the local cloud, where nobody
 * else does.
 */
export const inventoryWriteCommand = async (
  sourceBucket: string,
  { format, destination = inventoryBucket(sourceBucket), isAws }: InventoryWriteOptions,
  output: Output,
): Promise<number> => {
  const { app, clients } = await connect(isAws);
  try {
    const { objects, random } = app.ledger;
    const config = { sourceBucket, destinationBucket: destination, id: CONFIG_ID, format };
    const written = await writeInventory({ objects, clock: systemClock, random }, config);
    const manifest = `s3://${destination}/${written.manifestKey}`;
    if (output.isJson) output.json({ manifest, rows: written.rows, files: written.files.length });
    else output.data(`${written.rows} versions of s3://${sourceBucket} listed in ${manifest}`);
    return 0;
  } finally {
    clients.close();
  }
};
