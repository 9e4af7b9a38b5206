import { Unreadable } from "../errors.ts";

/** Widths ORC packs values in, by their 5-bit codes. Source: ORC Specification v1, "Run Length Encoding version 2". */
const WIDTHS = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 28, 30, 32, 40,
  48, 56, 64,
];
/** Unpacked by operations on 32 bits: these and the seven that may be left over. */
const NARROW_BITS = 24;
/** Unpacked by arithmetic on numbers, which is exact up to here; wider values are whole bytes. */
export const EXACT_BITS = 48;

export const widthOfCode = (code: number): number => WIDTHS[code] ?? 64;

/** The smallest packing width of at least `bits`. */
export const packingWidth = (bits: number): number => WIDTHS.find(width => width >= bits) ?? 64;

export const packedBytes = (count: number, width: number): number => Math.ceil((count * width) / 8);

type Packing = { readonly width: number; readonly count: number };

/**
 * Unpacks `count` unsigned values of `width` bits into `target`, the first at `from`; most significant bits first.
 *
 * Throws: `Unreadable` for a value above 2^53, which no size, no instant and no length is.
 */
export const unpack = (bytes: Uint8Array, packing: Packing, target: Float64Array, from: number): void => {
  if (packing.width <= NARROW_BITS) unpackNarrow(bytes, packing, target, from);
  else if (packing.width <= EXACT_BITS) unpackMiddle(bytes, packing, target, from);
  else
    for (let index = 0, size = packing.width / 8; index < packing.count; index += 1)
      target[from + index] = wholeBytes(bytes, index * size, size);
};

const unpackNarrow = (
  bytes: Uint8Array,
  { width, count }: Packing,
  target: Float64Array,
  from: number,
): void => {
  let at = 0;
  let bits = 0;
  let left = 0;
  for (let index = from; index < from + count; index += 1) {
    for (; left < width; left += 8) {
      bits = (bits << 8) | (bytes[at] ?? 0);
      at += 1;
    }
    left -= width;
    target[index] = bits >>> left;
    bits &= (1 << left) - 1;
  }
};

const unpackMiddle = (
  bytes: Uint8Array,
  { width, count }: Packing,
  target: Float64Array,
  from: number,
): void => {
  let at = 0;
  let current = 0;
  let left = 0;
  for (let index = from; index < from + count; index += 1) {
    let value = 0;
    let needed = width;
    while (needed > left) {
      value = value * 2 ** left + current;
      needed -= left;
      current = bytes[at] ?? 0;
      at += 1;
      left = 8;
    }
    left -= needed;
    target[index] = value * 2 ** needed + (current >> left);
    current &= (1 << left) - 1;
  }
};

/** A big-endian number of whole bytes. Throws: `Unreadable` above 2^53. */
export const wholeBytes = (bytes: Uint8Array, start: number, length: number): number => {
  let value = 0;
  for (let at = start; at < start + length; at += 1) value = value * 256 + (bytes[at] ?? 0);
  return safe(value);
};

/** The signed number behind an unsigned one: 0, -1, 1, -2, 2 and so on. */
export const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

export const safe = (value: number): number => {
  if (Number.isSafeInteger(value)) return value;
  throw new Unreadable("a whole number is larger than any size or instant");
};
