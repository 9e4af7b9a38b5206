import type { Report } from "../replay/inventory/open-report.ts";
import { athenaColumns } from "../replay/selection/athena-columns.ts";
import { selectionSql } from "../replay/selection/athena-query.ts";
import { type AthenaTable, tableSql } from "../replay/selection/athena-table.ts";
import type { Selection } from "../replay/selection/selection.ts";
import { connect } from "./connect.ts";
import { manifestPlace, openManifest } from "./open-manifest.ts";
import { Misused, type Output, Refused } from "./output.ts";

export type InventoryAthenaOptions = {
  /** Name of the table. */
  readonly table: string;
  readonly selection: Selection;
  readonly isAws: boolean;
};

/** `.../BUCKET/CONFIGURATION/2026-05-06T01-00Z/manifest.json`: what is before the time, and the time. */
const MANIFEST_KEY = /^(?:s3:\/\/[^/]+\/)?(.+\/)(\d{4}-\d{2}-\d{2})T(\d{2}-\d{2})Z\/manifest\.json$/;

/**
 * `daybook inventory athena MANIFEST`: prints the definition of a table over the reports of an inventory, and the
 * question that a selection asks of this one, for Athena. Asks Athena nothing.
 *
 * MANIFEST is an s3:// address, since where the report lies is where the table looks. Returns: the exit code. Throws:
 * `Misused`; `Refused` for what cannot be a table; `InventoryError`.
 */
export const inventoryAthenaCommand = async (
  manifest: string,
  { table, selection, isAws }: InventoryAthenaOptions,
  output: Output,
): Promise<number> => {
  const place = manifestPlace(manifest);
  if ("path" in place)
    throw new Misused("Expected s3://BUCKET/KEY of a manifest: the table is over what lies there.");
  const { app, clients } = await connect(isAws);
  try {
    const over = tableOf(await openManifest(place, app.ledger.objects), place.bucket, table);
    const [definition, query] = [tableSql(over), selectionSql(over, selection)];
    if (output.isJson) output.json({ table: over.name, definition, query });
    else output.data(`${definition};\n\n${query};`);
    return 0;
  } catch (error) {
    throw error instanceof RangeError ? new Refused(error.message, { cause: error }) : error;
  } finally {
    clients.close();
  }
};

const tableOf = ({ name, manifest }: Report, bucket: string, table: string): AthenaTable => {
  const [, folder, day, time] = MANIFEST_KEY.exec(name) ?? [];
  if (folder === undefined)
    throw new Refused(
      `${name} does not lie where S3 puts manifests, in a folder named by its time: the links for Athena cannot be found from there.`,
    );
  return {
    name: table,
    format: manifest.format,
    columns: athenaColumns(manifest, name),
    bucket,
    folder: `${folder}hive/`,
    dt: `${day}-${time}`,
  };
};
