import { Duration, type Stack } from "aws-cdk-lib";
import { CfnNamedQuery, CfnWorkGroup } from "aws-cdk-lib/aws-athena";
import { CfnDatabase, CfnTable } from "aws-cdk-lib/aws-glue";
import { type AthenaColumn, athenaColumns } from "../../src/replay/selection/athena-columns.ts";
import { selectionSql } from "../../src/replay/selection/athena-query.ts";
import type { AthenaTable } from "../../src/replay/selection/athena-table.ts";
import type { Selection } from "../../src/replay/selection/selection.ts";
import type { BucketRole } from "../functions/spec.ts";
import { INVENTORY_FIELDS, INVENTORY_NAME } from "../inventory.ts";
import { INVENTORIED, type Names } from "../names.ts";
import type { Settings } from "../settings.ts";
import { privateBucket } from "./private-bucket.ts";

/** Results are for whoever asked; they can ask again. */
const RESULTS_KEPT_DAYS = 7;
/** Reports are begun at this minute past the hour; one that is not is not found by the projection. */
const REPORT_MINUTE = "00";
/** Stands for the newest report until somebody writes which one is meant. */
const REPORT = `2026-01-01-01-${REPORT_MINUTE}`;

/** Questions that an operator asks of an inventory, by their names. */
const QUESTIONS: Readonly<Record<string, { readonly asks: string; readonly selection: Selection }>> = {
  current: {
    asks: "every current object: the base of a replay from requests",
    selection: { isCurrentOnly: true },
  },
  cold: {
    asks: "current objects in a cold class: what must be thawed before it can be read",
    selection: { isCurrentOnly: true, storageClasses: ["GLACIER", "DEEP_ARCHIVE"] },
  },
  since: {
    asks: "current requests stored since an instant: the tail that a restore brings up",
    selection: { isCurrentOnly: true, suffix: ".event", since: "2026-01-01T00:00:00.000Z" },
  },
};

/** The database, a table over each bucket's inventory, and the questions, for Athena. */
export const inventoryQueries = (stack: Stack, names: Names, settings: Settings): void => {
  const database = `${settings.prefix.replaceAll("-", "_")}_inventory`;
  const workGroup = workGroupOf(stack, names, settings);
  const made = new CfnDatabase(stack, "inventory-database", {
    catalogId: stack.account,
    databaseInput: { name: database, description: "Inventories of Daybook's buckets" },
  });
  for (const role of INVENTORIED) {
    const table = tableOver(names, role);
    const columns = [...table.columns];
    const glue = new CfnTable(stack, `${role}-table`, {
      catalogId: stack.account,
      databaseName: database,
      tableInput: glueTable(table, columns),
    });
    glue.addResourceDependency(made);
    for (const [name, { asks, selection }] of Object.entries(QUESTIONS)) {
      const query = new CfnNamedQuery(stack, `${role}-${name}-query`, {
        name: `${settings.prefix}-${table.name}-${name}`,
        description: `${asks}. Set dt to the report that is meant.`,
        database,
        workGroup: workGroup.name,
        queryString: selectionSql(table, selection),
      });
      query.addResourceDependency(workGroup);
      query.addResourceDependency(glue);
    }
  }
};

/** The table over one bucket's inventory: in the cloud what `daybook inventory athena` prints for a report. */
export const tableOver = (names: Names, role: BucketRole): AthenaTable => {
  const schema = ["Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", ...INVENTORY_FIELDS].join(", ");
  return {
    name: role.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`),
    format: "CSV",
    columns: athenaColumns({ bucket: names.bucket(role), format: "CSV", schema, files: [] }, "the inventory"),
    bucket: names.inventory(role),
    folder: `${names.bucket(role)}/${INVENTORY_NAME}/hive/`,
    dt: REPORT,
  };
};

const glueTable = (
  { name, bucket, folder }: AthenaTable,
  columns: AthenaColumn[],
): CfnTable.TableInputProperty => ({
  name,
  tableType: "EXTERNAL_TABLE",
  partitionKeys: [{ name: "dt", type: "string" }],
  parameters: {
    "projection.enabled": "true",
    "projection.dt.type": "date",
    "projection.dt.format": "yyyy-MM-dd-HH-mm",
    "projection.dt.range": `2022-01-01-00-${REPORT_MINUTE},NOW`,
    "projection.dt.interval": "1",
    "projection.dt.interval.unit": "HOURS",
  },
  storageDescriptor: {
    columns,
    location: `s3://${bucket}/${folder}`,
    inputFormat: "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat",
    outputFormat: "org.apache.hadoop.hive.ql.io.IgnoreKeyTextOutputFormat",
    serdeInfo: { serializationLibrary: "org.apache.hadoop.hive.serde2.OpenCSVSerde" },
  },
});

const workGroupOf = (stack: Stack, names: Names, settings: Settings): CfnWorkGroup => {
  const results = privateBucket(stack, "athena-results", {
    bucketName: names.results,
    isRetained: false,
    lifecycleRules: [
      {
        id: "old-results",
        expiration: Duration.days(RESULTS_KEPT_DAYS),
        noncurrentVersionExpiration: Duration.days(1),
      },
    ],
  });
  return new CfnWorkGroup(stack, "inventory-workgroup", {
    name: `${settings.prefix}-inventory`,
    recursiveDeleteOption: true,
    workGroupConfiguration: {
      enforceWorkGroupConfiguration: true,
      publishCloudWatchMetricsEnabled: true,
      resultConfiguration: {
        outputLocation: `s3://${results.bucketName}/`,
        encryptionConfiguration: { encryptionOption: "SSE_S3" },
      },
    },
  });
};
