import type { InventoryRecord } from "../record.ts";
import { ByteInput } from "./byte-input.ts";
import { type Integers, integersV1, integersV2 } from "./integer-runs.ts";
import type { ColumnStreams, StreamKind } from "./stripe.ts";
import { dictionaryTexts, directTexts, type Values } from "./texts.ts";
import { timestampsOf } from "./timestamps.ts";
import { truthsOf } from "./truth-runs.ts";
import { type Zone, zoneOf } from "./writer-zone.ts";

/** The values of a column in their order, null where there is none. Throws: `Unreadable`. */
export type ReadColumn<T> = (count: number) => readonly (T | null)[];

const TEXTS = ["string", "varchar", "char"];
const TRUTHS = ["boolean"];
const INTEGERS = ["smallint", "int", "bigint"];
const TIMESTAMPS = ["timestamp", "timestamp with local time zone"];

/** The types each field of a record can be read from. */
export const TYPES_OF_FIELD: Readonly<Record<keyof InventoryRecord, readonly string[]>> = {
  bucket: TEXTS,
  key: TEXTS,
  versionId: TEXTS,
  isLatest: TRUTHS,
  isDeleteMarker: TRUTHS,
  size: INTEGERS,
  lastModified: TIMESTAMPS,
  eTag: TEXTS,
  storageClass: TEXTS,
};

export const textColumn = (streams: ColumnStreams): ReadColumn<string> => {
  const lengths = () => integersIn(streams, "LENGTH", false);
  if (streams.encoding === "DIRECT" || streams.encoding === "DIRECT_V2")
    return withNulls(streams, directTexts(streamIn(streams, "DATA"), lengths()));
  const dictionary = {
    data: streamIn(streams, "DICTIONARY_DATA"),
    lengths: lengths(),
    size: streams.dictionarySize,
  };
  return withNulls(streams, dictionaryTexts(integersIn(streams, "DATA", false), dictionary));
};

export const truthColumn = (streams: ColumnStreams): ReadColumn<boolean> =>
  withNulls(streams, truthsOf(streamIn(streams, "DATA")));

export const integerColumn = (streams: ColumnStreams): ReadColumn<number> =>
  withNulls(streams, integersIn(streams, "DATA", true));

export const timestampColumn = (streams: ColumnStreams, type: string, writer: Zone): ReadColumn<string> => {
  const zone = type === "timestamp" ? writer : zoneOf("UTC");
  const seconds = integersIn(streams, "DATA", true);
  return withNulls(streams, timestampsOf(seconds, integersIn(streams, "SECONDARY", false), zone));
};

// Writers leave out a stream of no bytes; whoever reads a value from it is told that it ends too early.
const streamIn = (streams: ColumnStreams, kind: StreamKind): ByteInput =>
  streams.stream(kind) ?? new ByteInput([]);

const integersIn = (streams: ColumnStreams, kind: StreamKind, isSigned: boolean): Integers => {
  const isSecond = streams.encoding === "DIRECT_V2" || streams.encoding === "DICTIONARY_V2";
  return (isSecond ? integersV2 : integersV1)(streamIn(streams, kind), isSigned);
};

const withNulls = <T>(streams: ColumnStreams, values: Values<T>): ReadColumn<T> => {
  const stream = streams.stream("PRESENT");
  if (stream === undefined) return count => Array.from(values.read(count));
  const presence = truthsOf(stream);
  return count => {
    const present = presence.read(count);
    const found = values.read(present.filter(Boolean).length);
    let at = 0;
    return present.map(isThere => {
      if (!isThere) return null;
      at += 1;
      return found[at - 1] ?? null;
    });
  };
};
