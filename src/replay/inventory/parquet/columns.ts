import { type FileMetaData, parquetSchema, type SchemaElement } from "hyparquet";
import { COLUMN_OF, FIELDS, type FieldName } from "../columnar.ts";
import { InvalidSchema, UnsupportedCodec, UnsupportedType } from "../errors.ts";

/** What is read of S3's codecs and those of other writers; LZO has no open reader. */
const CODECS = ["UNCOMPRESSED", "SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4", "LZ4_RAW"];

type Check = (element: SchemaElement) => boolean;

const isText: Check = ({ type, converted_type: converted, logical_type: logical }) =>
  type === "BYTE_ARRAY" &&
  (converted === undefined || converted === "UTF8") &&
  (logical === undefined || logical.type === "STRING");

const isTruth: Check = ({ type }) => type === "BOOLEAN";

const isInteger: Check = ({ type, converted_type: converted, logical_type: logical }) =>
  (type === "INT64" || type === "INT32") &&
  (converted === undefined || /^U?INT_/.test(converted)) &&
  (logical === undefined || logical.type === "INTEGER");

const isTimestamp: Check = ({ type, converted_type: converted, logical_type: logical }) =>
  type === "INT96" ||
  (type === "INT64" && (logical?.type === "TIMESTAMP" || converted?.startsWith("TIMESTAMP_") === true));

const CHECKS: Readonly<Record<FieldName, Check>> = {
  bucket: isText,
  key: isText,
  versionId: isText,
  isLatest: isTruth,
  isDeleteMarker: isTruth,
  size: isInteger,
  lastModified: isTimestamp,
  eTag: isText,
  storageClass: isText,
};

/**
 * The fields of a record that a file has columns for.
 *
 * Throws: `InvalidSchema`, `UnsupportedType`, `UnsupportedCodec`; all name the file.
 */
export const fieldsIn = (file: string, metadata: FileMetaData): readonly FieldName[] => {
  const columns = new Map(parquetSchema(metadata).children.map(child => [child.element.name, child]));
  const fields = FIELDS.filter(field => columns.has(COLUMN_OF[field]));
  for (const field of ["bucket", "key"] as const)
    if (!fields.includes(field)) throw new InvalidSchema(file, `it has no column ${COLUMN_OF[field]}`);
  for (const field of fields) {
    const column = COLUMN_OF[field];
    const node = columns.get(column);
    if (node === undefined) continue;
    const isPlain = node.children.length === 0 && node.element.repetition_type !== "REPEATED";
    if (!isPlain || !CHECKS[field](node.element))
      throw new UnsupportedType(file, { column, type: typeOf(node.element) });
  }
  checkCodecs(file, metadata, new Set(fields.map(field => COLUMN_OF[field])));
  return fields;
};

const typeOf = ({ type, logical_type: logical, converted_type: converted, repetition_type }: SchemaElement) =>
  [repetition_type, type ?? "group", logical?.type ?? converted].filter(Boolean).join(" ");

const checkCodecs = (file: string, { row_groups }: FileMetaData, wanted: ReadonlySet<string>): void => {
  for (const { columns } of row_groups) {
    for (const { meta_data: facts } of columns) {
      if (facts === undefined || !wanted.has(facts.path_in_schema[0] ?? "")) continue;
      if (!CODECS.includes(facts.codec)) throw new UnsupportedCodec(file, facts.codec ?? "an unknown codec");
    }
  }
};
