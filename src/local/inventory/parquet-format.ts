import { ByteWriter, parquetWrite, type SchemaElement } from "hyparquet-writer";
import type { Column } from "./columns.ts";
import type { DataFormat, DataRows } from "./data-file.ts";

/** Rows of a row group, all of one size; S3's files have some hundred thousand. */
const ROW_GROUP_ROWS = 100_000;
const TABLE = "s3.inventory";

/** Parquet as S3 writes it: Snappy, instants in milliseconds of UTC, keys as they are. */
export const parquetFormat: DataFormat = {
  name: "Parquet",
  suffix: "parquet",
  schema: columns => `message ${TABLE} {${columns.map(column => `  ${declaration(column)};`).join("")}}`,
  encode: async rows => parquetBytes(rows),
};

const repetition = ({ isRequired }: Column): string => (isRequired ? "required" : "optional");

const declaration = (column: Column): string => {
  const { parquet: name, type } = column;
  const typed = {
    text: `binary ${name} (STRING)`,
    truth: `boolean ${name}`,
    integer: `int64 ${name}`,
    instant: `int64 ${name} (TIMESTAMP(MILLIS,true))`,
  };
  return `${repetition(column)} ${typed[type]}`;
};

const elementOf = (column: Column): SchemaElement => {
  const { parquet: name, type, isRequired } = column;
  const repetition_type = isRequired ? "REQUIRED" : "OPTIONAL";
  switch (type) {
    case "text":
      return {
        name,
        repetition_type,
        type: "BYTE_ARRAY",
        converted_type: "UTF8",
        logical_type: { type: "STRING" },
      };
    case "truth":
      return { name, repetition_type, type: "BOOLEAN" };
    case "integer":
      return { name, repetition_type, type: "INT64" };
    case "instant":
      return {
        name,
        repetition_type,
        type: "INT64",
        converted_type: "TIMESTAMP_MILLIS",
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
      };
  }
};

const parquetValue = ({ type }: Column, value: ReturnType<Column["value"]>): unknown => {
  if (value === null) return null;
  if (type === "integer") return BigInt(value);
  return type === "instant" ? new Date(Date.parse(String(value))) : value;
};

const parquetBytes = ({ bucket, columns, versions }: DataRows): Uint8Array => {
  const writer = new ByteWriter();
  // A memory writer is done when it returns.
  void parquetWrite({
    writer,
    schema: [{ name: TABLE, num_children: columns.length }, ...columns.map(elementOf)],
    columnData: columns.map(column => ({
      name: column.parquet,
      data: versions.map(version => parquetValue(column, column.value(version, bucket))),
    })),
    codec: "SNAPPY",
    rowGroupSize: ROW_GROUP_ROWS,
  });
  return writer.getBytes();
};
