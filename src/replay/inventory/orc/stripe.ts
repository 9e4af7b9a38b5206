import { Unreadable } from "../errors.ts";
import type { Source } from "../source.ts";
import { ByteInput } from "./byte-input.ts";
import { blocksOf, type Codec, wholeOf } from "./compression.ts";
import { type Field, fieldsOf, messagesIn, numberIn, textIn } from "./protobuf.ts";
import { endOf, type StripePlace } from "./tail.ts";
import { type Zone, zoneOf } from "./writer-zone.ts";

/** By their numbers. Source: ORC Specification v1, "Stripe Footer". */
const STREAM_KINDS = ["PRESENT", "DATA", "LENGTH", "DICTIONARY_DATA", undefined, "SECONDARY"] as const;
const ENCODINGS = ["DIRECT", "DICTIONARY", "DIRECT_V2", "DICTIONARY_V2"] as const;
const STRIPE_FOOTER = { streams: 1, columns: 2, writerTimezone: 3 };
const STREAM = { kind: 1, column: 2, length: 3 };
const COLUMN = { kind: 1, dictionarySize: 2 };

export type StreamKind = Exclude<(typeof STREAM_KINDS)[number], undefined>;
export type Encoding = (typeof ENCODINGS)[number];

/** What is needed of one column in one stripe. */
export type ColumnStreams = {
  readonly encoding: Encoding;
  readonly dictionarySize: number;
  /** Undefined if the stripe has no such stream of this column. */
  stream(kind: StreamKind): ByteInput | undefined;
};

export type Stripe = { readonly zone: Zone; column(id: number): ColumnStreams };

/** Streams this far apart are read together: a further request costs more than these bytes. */
const GAP_BYTES_MAX = 128 * 1024;

type Place = {
  readonly kind: StreamKind;
  readonly column: number;
  readonly start: number;
  readonly end: number;
};
type Part = { readonly start: number; readonly end: number };

/**
 * Reads what is stored of some columns in one stripe. It is held compressed: a stripe has 64 MiB as a rule, and the
 * columns that are not wanted are not read.
 *
 * Throws: `Unreadable`; what the source throws. Source: ORC Specification v1, "Stripes".
 */
export const readStripe = async (
  source: Source,
  codec: Codec,
  place: StripePlace,
  wanted: ReadonlySet<number>,
): Promise<Stripe> => {
  const end = endOf(place);
  const footer = fieldsOf(wholeOf(await source.read(end - place.footerBytes, end), codec));
  const places = placesOf(footer, place).filter(({ column }) => wanted.has(column));
  const parts: (Part & { readonly bytes: Uint8Array })[] = [];
  for (const part of joined(places)) parts.push({ ...part, bytes: await source.read(part.start, part.end) });
  const encodings = messagesIn(footer, STRIPE_FOOTER.columns);
  return {
    zone: zoneOf(textIn(footer, STRIPE_FOOTER.writerTimezone)),
    column: id => ({
      encoding: encodingOf(encodings[id]),
      dictionarySize: numberIn(encodings[id] ?? [], COLUMN.dictionarySize),
      stream: kind => {
        const found = places.find(stream => stream.column === id && stream.kind === kind);
        const part = found && parts.find(({ start, end }) => start <= found.start && found.end <= end);
        if (found === undefined || part === undefined) return undefined;
        return new ByteInput(
          blocksOf(part.bytes.subarray(found.start - part.start, found.end - part.start), codec),
        );
      },
    }),
  };
};

const encodingOf = (column: readonly Field[] | undefined): Encoding => {
  const kind = column && numberIn(column, COLUMN.kind);
  const encoding = kind === undefined ? undefined : ENCODINGS[kind];
  if (encoding === undefined) throw new Unreadable(`a column has the encoding ${kind ?? "of none"}`);
  return encoding;
};

// Streams lie one after the other in the order of the footer; those of the index come first, and are among them.
const placesOf = (
  footer: readonly Field[],
  { offset, indexBytes, dataBytes }: StripePlace,
): readonly Place[] => {
  const places: Place[] = [];
  let start = offset;
  for (const stream of messagesIn(footer, STRIPE_FOOTER.streams)) {
    const end = start + numberIn(stream, STREAM.length);
    const kind = STREAM_KINDS[numberIn(stream, STREAM.kind)];
    if (kind !== undefined) places.push({ kind, column: numberIn(stream, STREAM.column), start, end });
    start = end;
  }
  if (start > offset + indexBytes + dataBytes) throw new Unreadable("a stream ends behind its stripe");
  return places;
};

const joined = (places: readonly Place[]): readonly Part[] => {
  const parts: Part[] = [];
  for (const { start, end } of places) {
    const last = parts.at(-1);
    if (last === undefined || start > last.end + GAP_BYTES_MAX) parts.push({ start, end });
    else parts[parts.length - 1] = { start: last.start, end };
  }
  return parts;
};
