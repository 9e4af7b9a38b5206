import { Buffer, isAscii, isUtf8 } from "node:buffer";
import { Unreadable } from "../errors.ts";
import type { ByteInput } from "./byte-input.ts";
import type { Integers } from "./integer-runs.ts";

/** Values of a column that are not null, in their order. */
export type Values<T> = { read(count: number): ArrayLike<T> };

/** Texts one after the other, with their lengths in a stream of their own. */
export const directTexts = (data: ByteInput, lengths: Integers): Values<string> => ({
  read: count => cutTexts(data, lengths.read(count)),
});

/** Texts by their places in a dictionary, which is read when it is first needed. */
export const dictionaryTexts = (
  places: Integers,
  dictionary: { readonly data: ByteInput; readonly lengths: Integers; readonly size: number },
): Values<string> => {
  let texts: readonly string[] | undefined;
  const textAt = (place: number): string => {
    texts ??= cutTexts(dictionary.data, dictionary.lengths.read(dictionary.size));
    const text = texts[place];
    if (text === undefined)
      throw new Unreadable(`a dictionary of ${texts.length} texts has no text ${place}`);
    return text;
  };
  return { read: count => Array.from(places.read(count), textAt) };
};

// Texts are nearly always ASCII: then all are decoded at once, and cut where their bytes end.
const cutTexts = (data: ByteInput, lengths: Float64Array): readonly string[] => {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const taken = data.take(total);
  const bytes = Buffer.from(taken.buffer, taken.byteOffset, taken.byteLength);
  if (!isUtf8(bytes)) throw new Unreadable("a text is not UTF-8");
  const ascii = isAscii(bytes) ? bytes.toString("latin1") : undefined;
  let start = 0;
  return Array.from(lengths, length => {
    start += length;
    return ascii?.slice(start - length, start) ?? bytes.toString("utf8", start - length, start);
  });
};
