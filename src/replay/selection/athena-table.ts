import type { FileFormat } from "../inventory/manifest.ts";
import type { AthenaColumn } from "./athena-columns.ts";

/** A table over all reports of one inventory configuration. */
export type AthenaTable = {
  /** Of the table, without a database. */
  readonly name: string;
  readonly format: FileFormat;
  readonly columns: readonly AthenaColumn[];
  /** The bucket reports go to, and the folder `hive/` beside them, with its slash. */
  readonly bucket: string;
  readonly folder: string;
  /** Partition of the report: when it was begun, as `yyyy-MM-dd-HH-mm`. */
  readonly dt: string;
};

const SERDES: Readonly<Record<FileFormat, string>> = {
  CSV: "org.apache.hadoop.hive.serde2.OpenCSVSerde",
  ORC: "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
  Parquet: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
};

/** Reports are projected from here on, hour by hour, at the minute of this one. */
const FIRST_DAY_HOUR = "2022-01-01-00";

/** A name in a definition, which is Hive's. */
const hiveName = (name: string): string => `\`${name.replaceAll("`", "``")}\``;

/** A text in a definition: Hive escapes by a backslash. */
const hiveText = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

/**
 * The definition of a table over inventory reports, for Athena: partitions by report, found by projection, since nobody
 * registers them; data files by the symbolic links S3 writes beside each report. Pure.
 *
 * Source: Amazon S3 User Guide, "Querying Amazon S3 Inventory with Amazon Athena".
 */
export const tableSql = ({ name, format, columns, bucket, folder, dt }: AthenaTable): string => {
  const properties: Readonly<Record<string, string>> = {
    "projection.enabled": "true",
    "projection.dt.type": "date",
    "projection.dt.format": "yyyy-MM-dd-HH-mm",
    "projection.dt.range": `${FIRST_DAY_HOUR}-${dt.slice(-2)},NOW`,
    "projection.dt.interval": "1",
    "projection.dt.interval.unit": "HOURS",
  };
  return [
    `CREATE EXTERNAL TABLE IF NOT EXISTS ${hiveName(name)} (`,
    columns.map(column => `  ${hiveName(column.name)} ${column.type}`).join(",\n"),
    ")",
    "PARTITIONED BY (`dt` string)",
    `ROW FORMAT SERDE '${SERDES[format]}'`,
    "STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'",
    "OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.IgnoreKeyTextOutputFormat'",
    `LOCATION ${hiveText(`s3://${bucket}/${folder}`)}`,
    "TBLPROPERTIES (",
    Object.entries(properties)
      .map(([property, value]) => `  '${property}' = '${value}'`)
      .join(",\n"),
    ")",
  ].join("\n");
};
