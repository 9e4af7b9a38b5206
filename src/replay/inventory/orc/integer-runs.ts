import { Unreadable } from "../errors.ts";
import {
  EXACT_BITS,
  packedBytes,
  packingWidth,
  safe,
  unpack,
  unzigzag,
  wholeBytes,
  widthOfCode,
} from "./bit-packing.ts";
import type { ByteInput } from "./byte-input.ts";
import { readVarint } from "./varint.ts";

/**
 * Whole numbers in their order. What is read is overwritten by the next reading: its memory is not V8's own, and
 * new memory for each batch would pile up. Throws: `Unreadable` at the end of the stream.
 */
export type Integers = { read(count: number): Float64Array };

/** Runs have at most 512 values, in both versions. */
const RUN_VALUES_MAX = 512;

/** A run, decoded: its values are the first `length` of `values`. */
type DecodeRun = (values: Float64Array) => number;

/** Run length encoding of the first version: runs with a fixed step, and literals. */
export const integersV1 = (input: ByteInput, isSigned: boolean): Integers =>
  integersOf(values => decodeV1(input, isSigned, values));

/** Run length encoding of the second version, in its four forms. */
export const integersV2 = (input: ByteInput, isSigned: boolean): Integers =>
  integersOf(values => decodeV2(input, isSigned, values));

const integersOf = (decodeRun: DecodeRun): Integers => {
  const run = new Float64Array(RUN_VALUES_MAX);
  let memory = new Float64Array(0);
  let length = 0;
  let at = 0;
  return {
    read: count => {
      if (memory.length < count) memory = new Float64Array(count);
      const values = memory.subarray(0, count);
      for (let filled = 0; filled < count; ) {
        if (at === length) {
          length = decodeRun(run);
          at = 0;
        }
        const part = Math.min(length - at, count - filled);
        values.set(run.subarray(at, at + part), filled);
        at += part;
        filled += part;
      }
      return values;
    },
  };
};

// Source: ORC Specification v1, "Integer Run Length Encoding, version 1".
const decodeV1 = (input: ByteInput, isSigned: boolean, values: Float64Array): number => {
  const control = input.byte();
  if (control >= 0x80) {
    const length = 0x100 - control;
    for (let index = 0; index < length; index += 1) values[index] = readVarint(input, isSigned);
    return length;
  }
  const length = control + 3;
  const step = (input.byte() << 24) >> 24;
  const base = readVarint(input, isSigned);
  for (let index = 0; index < length; index += 1) values[index] = safe(base + index * step);
  return length;
};

// Source: ORC Specification v1, "Integer Run Length Encoding, version 2".
const decodeV2 = (input: ByteInput, isSigned: boolean, values: Float64Array): number => {
  const first = input.byte();
  switch (first >> 6) {
    case 0:
      return decodeShortRepeat(input, first, isSigned, values);
    case 1:
      return decodeDirect(input, first, isSigned, values);
    case 2:
      return decodePatched(input, first, values);
    default:
      return decodeDelta(input, first, isSigned, values);
  }
};

const decodeShortRepeat = (
  input: ByteInput,
  first: number,
  isSigned: boolean,
  values: Float64Array,
): number => {
  const bytes = ((first >> 3) & 7) + 1;
  const length = (first & 7) + 3;
  const value = wholeBytes(input.take(bytes), 0, bytes);
  values.fill(isSigned ? unzigzag(value) : value, 0, length);
  return length;
};

const codeOf = (first: number): number => (first >> 1) & 31;
const lengthOf = (first: number, second: number): number => (((first & 1) << 8) | second) + 1;

const decodeDirect = (input: ByteInput, first: number, isSigned: boolean, values: Float64Array): number => {
  const width = widthOfCode(codeOf(first));
  const length = lengthOf(first, input.byte());
  unpack(input.take(packedBytes(length, width)), { width, count: length }, values, 0);
  if (isSigned) for (let index = 0; index < length; index += 1) values[index] = unzigzag(values[index] ?? 0);
  return length;
};

/** Gaps are at most this; a longer one is made of several patches, of which all but the last patch nothing. */
const GAP_MAX = 255;

const decodePatched = (input: ByteInput, first: number, values: Float64Array): number => {
  const width = widthOfCode(codeOf(first));
  const length = lengthOf(first, input.byte());
  const third = input.byte();
  const fourth = input.byte();
  const base = signAndSize(input.take((third >> 5) + 1));
  unpack(input.take(packedBytes(length, width)), { width, count: length }, values, 0);
  const { gaps, patches } = readPatches(input, {
    patchBits: widthOfCode(third & 31),
    gapBits: (fourth >> 5) + 1,
    count: fourth & 31,
  });
  let at = 0;
  for (const [index, patch] of patches.entries()) {
    const gap = gaps[index] ?? 0;
    at += gap;
    if (gap === GAP_MAX && patch === 0) continue;
    if (at >= length) throw new Unreadable("a patch lies outside its run");
    values[at] = (values[at] ?? 0) + patch * 2 ** width;
  }
  for (let index = 0; index < length; index += 1) values[index] = safe(base + (values[index] ?? 0));
  return length;
};

type PatchList = { readonly patchBits: number; readonly gapBits: number; readonly count: number };

// An entry has the gap in its upper bits and the patch in its lower. One of 56 or 64 bits does not fit a number, but
// there the patch has whole bytes.
const readPatches = (
  input: ByteInput,
  { patchBits, gapBits, count }: PatchList,
): { readonly gaps: Float64Array; readonly patches: Float64Array } => {
  const width = packingWidth(patchBits + gapBits);
  const bytes = input.take(packedBytes(count, width));
  const patches = new Float64Array(count);
  if (width <= EXACT_BITS) {
    unpack(bytes, { width, count }, patches, 0);
    const gaps = patches.map(entry => Math.floor(entry / 2 ** patchBits));
    return { gaps, patches: patches.map(entry => entry % 2 ** patchBits) };
  }
  const size = width / 8;
  const patchBytes = patchBits / 8;
  return {
    gaps: patches.map((_, index) => wholeBytes(bytes, index * size, size - patchBytes)),
    patches: patches.map((_, index) => wholeBytes(bytes, (index + 1) * size - patchBytes, patchBytes)),
  };
};

// The base of a patched run has its sign in the first bit, and is no complement.
const signAndSize = (bytes: Uint8Array): number => {
  const isNegative = ((bytes[0] ?? 0) & 0x80) !== 0;
  const size = Uint8Array.from(bytes, (byte, index) => (index === 0 ? byte & 0x7f : byte));
  const value = wholeBytes(size, 0, size.length);
  return isNegative ? -value : value;
};

const decodeDelta = (input: ByteInput, first: number, isSigned: boolean, values: Float64Array): number => {
  const code = codeOf(first);
  const length = lengthOf(first, input.byte());
  const base = readVarint(input, isSigned);
  const step = readVarint(input, true);
  values[0] = base;
  if (code === 0) {
    for (let index = 1; index < length; index += 1) values[index] = safe(base + index * step);
    return length;
  }
  const width = widthOfCode(code);
  const count = Math.max(length - 2, 0);
  unpack(input.take(packedBytes(count, width)), { width, count }, values, 2);
  if (length > 1) values[1] = safe(base + step);
  const sign = step < 0 ? -1 : 1;
  for (let index = 2; index < length; index += 1)
    values[index] = safe((values[index - 1] ?? 0) + sign * (values[index] ?? 0));
  return length;
};
