import { Unreadable } from "../errors.ts";
import type { Source } from "../source.ts";
import { type Codec, codecOf, wholeOf } from "./compression.ts";
import { type Field, fieldsOf, messagesIn, numberIn, numbersIn, textIn, textsIn } from "./protobuf.ts";

export type StripePlace = {
  readonly offset: number;
  readonly indexBytes: number;
  readonly dataBytes: number;
  readonly footerBytes: number;
  readonly rows: number;
};

/** A column of the table: its number among all columns, and the name of its type. */
export type OrcColumn = { readonly id: number; readonly type: string };

/** What the end of a file says of it. */
export type OrcTail = {
  readonly codec: Codec;
  readonly stripes: readonly StripePlace[];
  /** By name. */
  readonly columns: ReadonlyMap<string, OrcColumn>;
};

/** By their numbers. Source: ORC Specification v1, "Type Information". */
const TYPES = [
  "boolean",
  "tinyint",
  "smallint",
  "int",
  "bigint",
  "float",
  "double",
  "string",
  "binary",
  "timestamp",
  "list",
  "map",
  "struct",
  "union",
  "decimal",
  "date",
  "varchar",
  "char",
  "timestamp with local time zone",
];
/** Field numbers. Source: orc_proto.proto. */
const POSTSCRIPT = { footerLength: 1, compression: 2, blockSize: 3, magic: 8000 };
const FOOTER = { stripes: 3, types: 4, rows: 6, encryption: 10 };
const STRIPE = { offset: 1, indexLength: 2, dataLength: 3, footerLength: 4, rows: 5 };
const TYPE = { kind: 1, subtypes: 2, fieldNames: 3 };

const MAGIC = "ORC";
/** Enough for the end of most files at the first try. */
const TAIL_BYTES = 16 * 1024;
/** A footer has some hundred bytes for each stripe and column. */
const FOOTER_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Reads the end of an ORC file: first its last byte, the length of the postscript; that tells the footer's length.
 *
 * Throws: `Unreadable`, `UnsupportedCodec`; what the source throws.
 * Source: ORC Specification v1, "File Tail".
 */
export const readTail = async (source: Source): Promise<OrcTail> => {
  const { sizeBytes } = source;
  const end = await source.read(Math.max(0, sizeBytes - TAIL_BYTES), sizeBytes);
  const postscriptEnd = end.length - 1;
  const postscriptStart = postscriptEnd - (end[postscriptEnd] ?? 0);
  if (postscriptStart < 0) throw new Unreadable("it has no postscript: this is no ORC file");
  const postscript = fieldsOf(end.subarray(postscriptStart, postscriptEnd));
  if (textIn(postscript, POSTSCRIPT.magic) !== MAGIC)
    throw new Unreadable("its postscript has no mark: this is no ORC file");
  const codec = codecOf(
    source.name,
    numberIn(postscript, POSTSCRIPT.compression),
    numberIn(postscript, POSTSCRIPT.blockSize),
  );
  const footerEnd = sizeBytes - (end.length - postscriptStart);
  const footerStart = footerEnd - numberIn(postscript, POSTSCRIPT.footerLength);
  if (footerStart < MAGIC.length || footerEnd - footerStart > FOOTER_BYTES_MAX)
    throw new Unreadable(`its footer has ${footerEnd - footerStart} bytes`);
  const footer = fieldsOf(wholeOf(await source.read(footerStart, footerEnd), codec));
  if (footer.some(({ id }) => id === FOOTER.encryption)) throw new Unreadable("it is encrypted");
  return { codec, stripes: stripesOf(footer, footerStart), columns: columnsOf(footer) };
};

const stripesOf = (footer: readonly Field[], end: number): readonly StripePlace[] => {
  const stripes = messagesIn(footer, FOOTER.stripes).map(stripe => ({
    offset: numberIn(stripe, STRIPE.offset),
    indexBytes: numberIn(stripe, STRIPE.indexLength),
    dataBytes: numberIn(stripe, STRIPE.dataLength),
    footerBytes: numberIn(stripe, STRIPE.footerLength),
    rows: numberIn(stripe, STRIPE.rows),
  }));
  if (stripes.some(stripe => endOf(stripe) > end))
    throw new Unreadable("a stripe ends behind the file's data");
  const rows = stripes.reduce((sum, stripe) => sum + stripe.rows, 0);
  const promised = numberIn(footer, FOOTER.rows);
  if (rows !== promised) throw new Unreadable(`its stripes have ${rows} rows, its footer says ${promised}`);
  return stripes;
};

/** Where a stripe ends, its footer included. */
export const endOf = ({ offset, indexBytes, dataBytes, footerBytes }: StripePlace): number =>
  offset + indexBytes + dataBytes + footerBytes;

// The first type is the table itself, a struct; its fields are the columns. Types within columns have numbers too.
const columnsOf = (footer: readonly Field[]): ReadonlyMap<string, OrcColumn> => {
  const types = messagesIn(footer, FOOTER.types);
  const [table] = types;
  if (table === undefined || TYPES[numberIn(table, TYPE.kind)] !== "struct")
    throw new Unreadable("its rows are no struct");
  const ids = numbersIn(table, TYPE.subtypes);
  return new Map(
    textsIn(table, TYPE.fieldNames).map((name, index) => {
      const id = ids[index];
      const type = id === undefined ? undefined : types[id];
      if (id === undefined || type === undefined) throw new Unreadable(`its column ${name} has no type`);
      const kind = numberIn(type, TYPE.kind);
      return [name, { id, type: TYPES[kind] ?? `type ${kind}` }];
    }),
  );
};
