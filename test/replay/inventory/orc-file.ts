import { deflateRawSync, zstdCompressSync } from "node:zlib";
import { snappyCompress } from "hyparquet-writer/src/snappy.js";
import type { InventoryRecord } from "../../../src/replay/inventory/record.ts";
import { type Choose, encodeTruths, encodeV1, encodeV2, varint } from "./orc-runs.ts";

/** An ORC writer for tests: one flat table, as S3's reports are. */

export type OrcOptions = {
  readonly codec: "NONE" | "ZLIB" | "SNAPPY" | "LZO" | "ZSTD";
  readonly version: 1 | 2;
  /** Which text columns have a dictionary. */
  readonly dictionaries: ReadonlySet<string>;
  readonly rowsPerStripe: number;
  readonly blockBytes: number;
  readonly timezone?: string | undefined;
  /** The instant at which the writer's clocks show a time, given as if it were UTC. */
  readonly instantOf: (wallMs: number) => number;
  readonly timestampKind: "timestamp" | "instant";
  readonly columns: readonly OrcColumnName[];
  /** Runs are cut and formed by this. */
  readonly choose: Choose;
};

export const PLAIN_ORC: OrcOptions = {
  codec: "ZLIB",
  version: 2,
  dictionaries: new Set(["bucket", "storage_class"]),
  rowsPerStripe: 100_000,
  blockBytes: 262_144,
  timezone: "UTC",
  instantOf: wallMs => wallMs,
  timestampKind: "timestamp",
  columns: [
    "bucket",
    "key",
    "version_id",
    "is_latest",
    "is_delete_marker",
    "size",
    "last_modified_date",
    "e_tag",
    "storage_class",
  ],
  choose: () => 0,
};

const FIELD_OF = {
  bucket: "bucket",
  key: "key",
  version_id: "versionId",
  is_latest: "isLatest",
  is_delete_marker: "isDeleteMarker",
  size: "size",
  last_modified_date: "lastModified",
  e_tag: "eTag",
  storage_class: "storageClass",
} as const satisfies Readonly<Record<string, keyof InventoryRecord>>;

export type OrcColumnName = keyof typeof FIELD_OF;

const KIND = { boolean: 0, bigint: 4, string: 7, timestamp: 9, struct: 12, instant: 18 };
const CODECS = ["NONE", "ZLIB", "SNAPPY", "LZO", "LZ4", "ZSTD"];
const PRESENT = 0;
const DATA = 1;
const LENGTH = 2;
const DICTIONARY_DATA = 3;
const SECONDARY = 5;
const ROW_INDEX = 6;

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const numberField = (id: number, value: number): Uint8Array =>
  Uint8Array.from([...varint(id * 8), ...varint(value)]);
const bytesField = (id: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.from([...varint(id * 8 + 2), ...varint(bytes.length)]), bytes]);
const message = (...fields: readonly Uint8Array[]): Uint8Array => Buffer.concat(fields);

type Stream = { readonly kind: number; readonly column: number; readonly bytes: Uint8Array };
type EncodedColumn = {
  readonly streams: readonly Stream[];
  readonly encoding: number;
  readonly dictionarySize: number;
};

/** An ORC file with these records. */
export const encodeOrc = (records: readonly InventoryRecord[], options: OrcOptions): Uint8Array => {
  const parts: Uint8Array[] = [utf8("ORC")];
  const stripes: Uint8Array[] = [];
  let offset = 3;
  for (let start = 0; start < records.length; start += options.rowsPerStripe) {
    const rows = records.slice(start, start + options.rowsPerStripe);
    const { index, data, footer } = encodeStripe(rows, options);
    stripes.push(
      message(
        numberField(1, offset),
        numberField(2, index.length),
        numberField(3, data.length),
        numberField(4, footer.length),
        numberField(5, rows.length),
      ),
    );
    parts.push(index, data, footer);
    offset += index.length + data.length + footer.length;
  }
  const footer = compressed(footerOf(stripes, records.length, options), options);
  const postscript = message(
    numberField(1, footer.length),
    numberField(2, CODECS.indexOf(options.codec)),
    numberField(3, options.blockBytes),
    bytesField(8000, utf8("ORC")),
  );
  return Buffer.concat([...parts, footer, postscript, Uint8Array.from([postscript.length])]);
};

const kindOf = (name: OrcColumnName, { timestampKind }: OrcOptions): number => {
  if (name === "size") return KIND.bigint;
  if (name === "last_modified_date") return KIND[timestampKind];
  return name === "is_latest" || name === "is_delete_marker" ? KIND.boolean : KIND.string;
};

const footerOf = (stripes: readonly Uint8Array[], rows: number, options: OrcOptions): Uint8Array => {
  const { columns } = options;
  const table = message(
    numberField(1, KIND.struct),
    bytesField(2, Uint8Array.from(columns.flatMap((_, index) => varint(index + 1)))),
    ...columns.map(name => bytesField(3, utf8(name))),
  );
  return message(
    numberField(1, 3),
    ...stripes.map(stripe => bytesField(3, stripe)),
    bytesField(4, table),
    ...columns.map(name => bytesField(4, numberField(1, kindOf(name, options)))),
    numberField(6, rows),
  );
};

const encodeStripe = (rows: readonly InventoryRecord[], options: OrcOptions) => {
  const columns = options.columns.map((name, index) => encodeColumn(rows, name, index + 1, options));
  const streams = columns
    .flatMap(column => column.streams)
    .map(stream => ({ ...stream, bytes: compressed(stream.bytes, options) }));
  // Readers pass the index over; that there is one shifts all data.
  const index = [{ kind: ROW_INDEX, column: 0, bytes: compressed(utf8("an index of rows"), options) }];
  const footer = message(
    ...[...index, ...streams].map(({ kind, column, bytes }) =>
      bytesField(1, message(numberField(1, kind), numberField(2, column), numberField(3, bytes.length))),
    ),
    bytesField(2, numberField(1, 0)),
    ...columns.map(({ encoding, dictionarySize }) =>
      bytesField(2, message(numberField(1, encoding), numberField(2, dictionarySize))),
    ),
    ...(options.timezone === undefined ? [] : [bytesField(3, utf8(options.timezone))]),
  );
  return {
    index: Buffer.concat(index.map(({ bytes }) => bytes)),
    data: Buffer.concat(streams.map(({ bytes }) => bytes)),
    footer: compressed(footer, options),
  };
};

const encodeColumn = (
  rows: readonly InventoryRecord[],
  name: OrcColumnName,
  column: number,
  options: OrcOptions,
): EncodedColumn => {
  const all = rows.map(row => row[FIELD_OF[name]]);
  const values = all.filter(value => value !== null);
  const encoded = encodeValues(values, name, options);
  const present = { kind: PRESENT, bytes: encodeTruths(all.map(value => value !== null)) };
  const streams = values.length === all.length ? encoded.streams : [present, ...encoded.streams];
  return { ...encoded, streams: streams.map(stream => ({ ...stream, column })) };
};

type Values = readonly (string | number | boolean)[];

const encodeValues = (values: Values, name: OrcColumnName, options: OrcOptions) => {
  const integers = (numbers: readonly number[], isSigned: boolean): Uint8Array =>
    (options.version === 1 ? encodeV1 : encodeV2)(numbers, isSigned, options.choose);
  const direct = options.version === 1 ? 0 : 2;
  switch (kindOf(name, options)) {
    case KIND.boolean:
      return {
        streams: [{ kind: DATA, bytes: encodeTruths(values.map(Boolean)) }],
        encoding: 0,
        dictionarySize: 0,
      };
    case KIND.bigint:
      return {
        streams: [{ kind: DATA, bytes: integers(values.map(Number), true) }],
        encoding: direct,
        dictionarySize: 0,
      };
    case KIND.string:
      return encodeTexts(values.map(String), options.dictionaries.has(name), { integers, direct });
    default:
      return encodeTimestamps(values.map(String), options, { integers, direct });
  }
};

type Writing = {
  integers(numbers: readonly number[], isSigned: boolean): Uint8Array;
  readonly direct: number;
};

const encodeTexts = (texts: readonly string[], hasDictionary: boolean, { integers, direct }: Writing) => {
  const stored = (kind: number, all: readonly string[]) => [
    { kind, bytes: Buffer.concat(all.map(utf8)) },
    {
      kind: LENGTH,
      bytes: integers(
        all.map(text => utf8(text).length),
        false,
      ),
    },
  ];
  if (!hasDictionary) return { streams: stored(DATA, texts), encoding: direct, dictionarySize: 0 };
  const places = new Map([...new Set(texts)].sort().map((text, place) => [text, place]));
  const data = integers(
    texts.map(text => places.get(text) ?? 0),
    false,
  );
  return {
    streams: [{ kind: DATA, bytes: data }, ...stored(DICTIONARY_DATA, [...places.keys()])],
    encoding: direct + 1,
    dictionarySize: places.size,
  };
};

const ORC_EPOCH_MS = Date.UTC(2015, 0, 1);

const encodeTimestamps = (texts: readonly string[], options: OrcOptions, { integers, direct }: Writing) => {
  const isWall = options.timestampKind === "timestamp";
  const instantOf = isWall ? options.instantOf : (epochMs: number) => epochMs;
  const instants = texts.map(text => instantOf(Date.parse(text)));
  // Towards zero from 1970, as Java divides: before it the seconds of a fraction are one too many.
  const seconds = instants.map(ms => Math.trunc(ms / 1000) - instantOf(ORC_EPOCH_MS) / 1000);
  const nanos = instants.map(ms => encodedNanos((((ms % 1000) + 1000) % 1000) * 1_000_000));
  return {
    streams: [
      { kind: DATA, bytes: integers(seconds, true) },
      { kind: SECONDARY, bytes: integers(nanos, false) },
    ],
    encoding: direct,
    dictionarySize: 0,
  };
};

// At least two trailing zeros are cut off and counted, less one, in the three low bits.
const encodedNanos = (nanos: number): number => {
  if (nanos === 0 || nanos % 100 !== 0) return nanos * 8;
  let zeros = 0;
  let digits = nanos;
  for (; zeros < 8 && digits % 10 === 0; zeros += 1) digits /= 10;
  return digits * 8 + (zeros - 1);
};

const COMPRESS: Readonly<Record<string, (block: Uint8Array) => Uint8Array>> = {
  ZLIB: block => deflateRawSync(block),
  ZSTD: block => zstdCompressSync(block),
  SNAPPY: snappyCompress,
};

const compressed = (bytes: Uint8Array, { codec, blockBytes }: OrcOptions): Uint8Array => {
  if (codec === "NONE") return bytes;
  const parts: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += blockBytes) {
    const block = bytes.subarray(start, start + blockBytes);
    const smaller = COMPRESS[codec]?.(block) ?? block;
    // What does not get smaller is stored as it is.
    const isStored = smaller.length >= block.length;
    const body = isStored ? block : smaller;
    const head = body.length * 2 + (isStored ? 1 : 0);
    parts.push(Uint8Array.from([head & 255, (head >> 8) & 255, head >> 16]), body);
  }
  return Buffer.concat(parts);
};
