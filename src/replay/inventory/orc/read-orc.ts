import { COLUMN_OF, type Columns, FIELDS, type FieldName, recordsOf } from "../columnar.ts";
import { CorruptFile, InvalidSchema, TruncatedFile, Unreadable, UnsupportedType } from "../errors.ts";
import type { InventoryRecord } from "../record.ts";
import type { Source } from "../source.ts";
import {
  integerColumn,
  type ReadColumn,
  TYPES_OF_FIELD,
  textColumn,
  timestampColumn,
  truthColumn,
} from "./columns.ts";
import { readStripe, type Stripe } from "./stripe.ts";
import { type OrcColumn, type OrcTail, readTail, type StripePlace } from "./tail.ts";

/** Rows that are decoded together: enough to decode texts at once, few enough to stay small. */
const BATCH_ROWS = 1024;

type WantedColumns = ReadonlyMap<FieldName, OrcColumn>;

/**
 * The records of an ORC file in batches, beginning after `fromRow` rows; stripes before that are not read.
 *
 * Reads tables of plain columns in ORC's first version of the format, with both versions of its encodings, not
 * compressed or by ZLIB, ZSTD or Snappy. Columns that are no field of a record may be of any type.
 *
 * Throws: `InvalidSchema`, `InvalidRow`, `CorruptFile`, `TruncatedFile`, `UnsupportedCodec`, `UnsupportedType`; what
 *         the source throws.
 * Source: ORC Specification v1.
 */
export async function* readOrc(source: Source, fromRow: number): AsyncGenerator<readonly InventoryRecord[]> {
  if (source.sizeBytes === 0) throw new TruncatedFile(source.name, "it has no bytes");
  try {
    const tail = await readTail(source);
    const columns = wantedColumns(source.name, tail.columns);
    let before = 0;
    for (const place of tail.stripes) {
      if (before + place.rows > fromRow)
        yield* readRows(source, { tail, columns, place, before, skip: Math.max(fromRow - before, 0) });
      before += place.rows;
    }
  } catch (error) {
    throw error instanceof Unreadable ? new CorruptFile(source.name, error.message, { cause: error }) : error;
  }
}

const wantedColumns = (file: string, columns: OrcTail["columns"]): WantedColumns => {
  const wanted = new Map<FieldName, OrcColumn>();
  for (const field of FIELDS) {
    const name = COLUMN_OF[field];
    const column = columns.get(name);
    if (column === undefined) continue;
    if (!TYPES_OF_FIELD[field].includes(column.type))
      throw new UnsupportedType(file, { column: name, type: column.type });
    wanted.set(field, column);
  }
  for (const field of ["bucket", "key"] as const)
    if (!wanted.has(field)) throw new InvalidSchema(file, `it has no column ${COLUMN_OF[field]}`);
  return wanted;
};

type StripeOfFile = {
  readonly tail: OrcTail;
  readonly columns: WantedColumns;
  readonly place: StripePlace;
  /** Rows before the stripe. */
  readonly before: number;
  /** Rows of the stripe to leave out. */
  readonly skip: number;
};

async function* readRows(
  source: Source,
  { tail, columns, place, before, skip }: StripeOfFile,
): AsyncGenerator<readonly InventoryRecord[]> {
  const ids = new Set([...columns.values()].map(({ id }) => id));
  const read = columnReaders(await readStripe(source, tail.codec, place, ids), columns);
  for (let row = 0; row < place.rows; row += BATCH_ROWS) {
    const count = Math.min(BATCH_ROWS, place.rows - row);
    const values = read(count);
    const from = Math.min(Math.max(skip - row, 0), count);
    if (from < count) yield recordsOf(values, { file: source.name, before: before + row, from, to: count });
  }
}

const columnReaders = (stripe: Stripe, columns: WantedColumns): ((count: number) => Columns) => {
  const reader = <T>(
    field: FieldName,
    make: (streams: ReturnType<Stripe["column"]>, type: string) => ReadColumn<T>,
  ): ReadColumn<T> | undefined => {
    const column = columns.get(field);
    return column && make(stripe.column(column.id), column.type);
  };
  const bucket = reader("bucket", textColumn);
  const key = reader("key", textColumn);
  const versionId = reader("versionId", textColumn);
  const isLatest = reader("isLatest", truthColumn);
  const isDeleteMarker = reader("isDeleteMarker", truthColumn);
  const size = reader("size", integerColumn);
  const lastModified = reader("lastModified", (streams, type) => timestampColumn(streams, type, stripe.zone));
  const eTag = reader("eTag", textColumn);
  const storageClass = reader("storageClass", textColumn);
  return count => ({
    bucket: bucket?.(count),
    key: key?.(count),
    versionId: versionId?.(count),
    isLatest: isLatest?.(count),
    isDeleteMarker: isDeleteMarker?.(count),
    size: size?.(count),
    lastModified: lastModified?.(count),
    eTag: eTag?.(count),
    storageClass: storageClass?.(count),
  });
};
