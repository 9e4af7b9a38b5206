import { type DecodedArray, parquetMetadataAsync, parquetScan, type RowGroup } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { COLUMN_OF, type Columns, type FieldName, recordsOf } from "../columnar.ts";
import { CorruptFile, InventoryError, TruncatedFile } from "../errors.ts";
import { isoOfMillis } from "../instants.ts";
import type { InventoryRecord } from "../record.ts";
import type { Source } from "../source.ts";
import { type ColumnCursor, cutsOf, newColumnCursor } from "./column-cursor.ts";
import { fieldsIn } from "./columns.ts";
import { type FileBytes, fileBytes, rangesReadAgain } from "./file-bytes.ts";

/** Rows that are made into records together. */
const BATCH_ROWS = 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Instants are kept as numbers, milliseconds, and become text when their batch does: a page has many, and text that
 * outlives a moment is costly garbage.
 */
const parsers = {
  timestampFromMilliseconds: Number,
  timestampFromMicroseconds: (micros: bigint) => Math.floor(Number(micros) / 1000),
  timestampFromNanoseconds: (nanos: bigint) => Number(nanos / 1_000_000n),
  stringFromBytes: (bytes: Uint8Array) => utf8.decode(bytes),
};

type Scan = Awaited<ReturnType<typeof parquetScan>>;
type Opened = {
  readonly source: Source;
  readonly file: FileBytes;
  readonly scan: Scan;
  readonly fields: readonly FieldName[];
};

/**
 * The records of a Parquet file in batches, beginning after `fromRow` rows; row groups before that are not read.
 *
 * Only the columns of a record are read, and of them a page at a time where the file has an index of its pages, as S3's
 * have; else the compressed columns of a row group are held. So memory does not grow with the rows of a group, of which
 * there may be a million.
 *
 * Throws: `InvalidSchema`, `InvalidRow`, `CorruptFile`, `TruncatedFile`, `UnsupportedCodec`, `UnsupportedType`; what
 *         the source throws.
 */
export async function* readParquet(
  source: Source,
  fromRow: number,
): AsyncGenerator<readonly InventoryRecord[]> {
  if (source.sizeBytes === 0) throw new TruncatedFile(source.name, "it has no bytes");
  const file = fileBytes(source);
  try {
    const metadata = await parquetMetadataAsync(file, { geoparquet: false });
    const fields = fieldsIn(source.name, metadata);
    const columns = fields.map(field => COLUMN_OF[field]);
    const scan = await parquetScan({ file, metadata, columns, compressors, parsers, geoparquet: false });
    let before = 0;
    for (const group of metadata.row_groups) {
      const rows = Number(group.num_rows);
      const start = Math.min(Math.max(fromRow - before, 0), rows);
      yield* readGroup({ source, file, scan, fields }, { group, before, start });
      before += rows;
    }
  } catch (error) {
    // The library throws plain errors for damaged bytes.
    if (error instanceof InventoryError || error === file.trouble()) throw error;
    throw new CorruptFile(source.name, (error as Error).message, { cause: error });
  }
}

type Group = { readonly group: RowGroup; readonly before: number; readonly start: number };

async function* readGroup(opened: Opened, place: Group): AsyncGenerator<readonly InventoryRecord[]> {
  const { before, start, group } = place;
  const rows = Number(group.num_rows);
  if (start === rows) return;
  opened.file.keep(rangesReadAgain(group));
  const cursors = await Promise.all(opened.fields.map(field => cursorOf(opened, place, field)));
  for (let row = start; row < rows; row += BATCH_ROWS) {
    const to = Math.min(BATCH_ROWS, rows - row);
    const read = await Promise.all(cursors.map(cursor => cursor.take(to)));
    const values = columnsOf(new Map(opened.fields.map((field, index) => [field, read[index]])));
    yield recordsOf(values, { file: opened.source.name, before: before + row, from: 0, to });
  }
}

const cursorOf = async (
  { file, scan }: Opened,
  { group, before, start }: Group,
  field: FieldName,
): Promise<ColumnCursor<unknown>> => {
  const column = COLUMN_OF[field];
  const chunk = group.columns.find(({ meta_data: facts }) => facts?.path_in_schema[0] === column);
  const read = async (from: number, to: number): Promise<readonly unknown[]> =>
    plainArray(await scan.readColumn({ column, rowStart: before + from, rowEnd: before + to }));
  return newColumnCursor(read, await cutsOf(file, chunk, Number(group.num_rows)), start);
};

const plainArray = (values: DecodedArray): readonly unknown[] =>
  Array.isArray(values) ? values : Array.from<unknown>(values);

// The types of the columns were checked: what is decoded of a text is text, and so on.
const columnsOf = (values: ReadonlyMap<FieldName, readonly unknown[] | undefined>): Columns => {
  const column = <T>(field: FieldName) => values.get(field) as readonly (T | null | undefined)[] | undefined;
  return {
    bucket: column("bucket"),
    key: column("key"),
    versionId: column("versionId"),
    isLatest: column("isLatest"),
    isDeleteMarker: column("isDeleteMarker"),
    // A number beyond 2^53 becomes one that is no safe integer either, and is refused as a size.
    size: column<bigint | number>("size")?.map(size => (isNothing(size) ? null : Number(size))),
    lastModified: column<number>("lastModified")?.map(millis =>
      isNothing(millis) ? null : isoOfMillis(millis),
    ),
    eTag: column("eTag"),
    storageClass: column("storageClass"),
  };
};

const isNothing = (value: unknown): value is null | undefined => value === null || value === undefined;
