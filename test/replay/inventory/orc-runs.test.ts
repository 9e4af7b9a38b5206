import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Unreadable } from "../../../src/replay/inventory/errors.ts";
import { ByteInput } from "../../../src/replay/inventory/orc/byte-input.ts";
import { type Integers, integersV1, integersV2 } from "../../../src/replay/inventory/orc/integer-runs.ts";
import { byteRuns, truthsOf } from "../../../src/replay/inventory/orc/truth-runs.ts";
import { encodeBytes, encodeTruths, encodeV1, encodeV2 } from "./orc-runs.ts";
import { chooseBy, RUNS } from "./reports.ts";

const inputOf = (bytes: Uint8Array, pieceBytes = bytes.length): ByteInput =>
  new ByteInput(
    Array.from({ length: Math.ceil(bytes.length / Math.max(pieceBytes, 1)) }, (_, index) =>
      bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes),
    ),
  );
const hex = (text: string): ByteInput => inputOf(Buffer.from(text.replaceAll(" ", ""), "hex"));
const numbers = (integers: Integers, count: number): number[] => Array.from(integers.read(count));

// Source: ORC Specification v1, the examples of "Run Length Encoding".
describe("the examples of the specification", () => {
  test.each([
    ["61 00 07", Array.from({ length: 100 }, () => 7)],
    ["61 ff 64", Array.from({ length: 100 }, (_, index) => 100 - index)],
    ["fb 02 03 06 07 0b", [2, 3, 6, 7, 11]],
  ])("version 1: %s", (bytes, values) => {
    const input = hex(bytes);
    expect(numbers(integersV1(input, false), values.length)).toEqual(values);
    expect(input.isAtEnd()).toBe(true);
  });

  const patched = [
    2030,
    2000,
    2020,
    1_000_000,
    ...Array.from({ length: 16 }, (_, index) => 2040 + 10 * index),
  ];
  test.each([
    ["short repeat", "0a 27 10", [10_000, 10_000, 10_000, 10_000, 10_000]],
    ["direct", "5e 03 5c a1 ab 1e de ad be ef", [23_713, 43_806, 57_005, 48_879]],
    [
      "patched base",
      "8e 13 2b 21 07 d0 1e 00 14 70 28 32 3c 46 50 5a 64 6e 78 82 8c 96 a0 aa b4 be fc e8",
      patched,
    ],
    ["delta", "c6 09 02 02 22 42 42 46", [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]],
  ])("version 2, %s", (_, bytes, values) => {
    const input = hex(bytes);
    expect(numbers(integersV2(input, false), values.length)).toEqual(values);
    expect(input.isAtEnd()).toBe(true);
  });

  test("bytes and truth values", () => {
    const zeros = byteRuns(hex("61 00"));
    expect(Array.from({ length: 100 }, zeros)).toEqual(Array.from({ length: 100 }, () => 0));
    const literals = byteRuns(hex("fe 44 45"));
    expect([literals(), literals()]).toEqual([0x44, 0x45]);
    expect(truthsOf(hex("ff 80")).read(8)).toEqual([true, false, false, false, false, false, false, false]);
  });
});

/** Numbers of all sizes, and runs of equal, rising and falling ones, with some far off. */
const arbitraryNumbers = (least: number): fc.Arbitrary<number[]> => {
  const max = 2 ** 51;
  const min = least < 0 ? -max : 0;
  const any = fc.oneof(
    fc.integer({ min: Math.max(min, -300), max: 300 }),
    fc.maxSafeInteger().map(n => Math.max(min, Math.floor(n / 4))),
  );
  const row = fc
    .record({
      start: any,
      step: fc.integer({ min: -3, max: 300 }),
      length: fc.integer({ min: 1, max: 700 }),
      jitter: fc.nat(3),
    })
    .map(({ start, step, length, jitter }) =>
      Array.from({ length }, (_, index) =>
        Math.max(min, start + step * index + (jitter === 0 ? 0 : (index * 7919) % (jitter * 50))),
      ),
    );
  const spikes = fc
    .record({
      base: fc.integer({ min: Math.max(min, -1000), max: 1000 }),
      gaps: fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 8 }),
      high: fc.integer({ min: 20, max: 49 }),
    })
    .map(({ base, gaps, high }) =>
      gaps.flatMap(gap => [
        ...Array.from({ length: gap }, (_, index) => base + (index % 5)),
        base + 2 ** high,
      ]),
    );
  return fc
    .array(fc.oneof(row, spikes, fc.array(any, { maxLength: 20 })), { maxLength: 4 })
    .map(rows => rows.flat());
};

const arbitraryEncoding = fc.record({
  seed: fc.nat(),
  pieceBytes: fc.integer({ min: 1, max: 3000 }),
  readRows: fc.integer({ min: 1, max: 1500 }),
});

type Encoding = { readonly seed: number; readonly pieceBytes: number; readonly readRows: number };

const expectSame = (
  values: readonly number[],
  bytes: Uint8Array,
  { pieceBytes, readRows }: Encoding,
  decode: (input: ByteInput) => Integers,
): void => {
  const input = inputOf(bytes, pieceBytes);
  const integers = decode(input);
  for (let start = 0; start < values.length; start += readRows) {
    const expected = values.slice(start, start + readRows);
    expect(numbers(integers, expected.length)).toEqual(expected);
  }
  expect(input.isAtEnd()).toBe(true);
  expect(() => integers.read(1)).toThrow(Unreadable);
};

describe.each([true, false])("numbers with a sign: %s", isSigned => {
  const values = arbitraryNumbers(isSigned ? -1 : 0);

  test("of version 1 are read whatever runs they were written in", () => {
    fc.assert(
      fc.property(values, arbitraryEncoding, (all, encoding) => {
        const choose = chooseBy(encoding.seed);
        expectSame(all, encodeV1(all, isSigned, choose), encoding, input => integersV1(input, isSigned));
      }),
      { numRuns: 150 * RUNS },
    );
  });

  test("of version 2 are read whatever forms they were written in", () => {
    fc.assert(
      fc.property(values, arbitraryEncoding, (all, encoding) => {
        const choose = chooseBy(encoding.seed);
        expectSame(all, encodeV2(all, isSigned, choose), encoding, input => integersV2(input, isSigned));
      }),
      { numRuns: 300 * RUNS },
    );
  });
});

test("truth values and bytes are read in pieces of any size", () => {
  const runs = fc.array(fc.record({ truth: fc.boolean(), length: fc.integer({ min: 1, max: 3000 }) }), {
    maxLength: 6,
  });
  const any = fc.oneof(
    fc.array(fc.boolean(), { maxLength: 400 }),
    runs.map(all => all.flatMap(({ truth, length }) => Array.from({ length }, () => truth))),
  );
  fc.assert(
    fc.property(any, fc.integer({ min: 1, max: 700 }), (truths, readRows) => {
      const read = truthsOf(inputOf(encodeTruths(truths), 3));
      for (let start = 0; start < truths.length; start += readRows) {
        const expected = truths.slice(start, start + readRows);
        expect(read.read(expected.length)).toEqual(expected);
      }
    }),
    { numRuns: 100 * RUNS },
  );
  fc.assert(
    fc.property(fc.array(fc.nat(255), { maxLength: 500 }), bytes => {
      const next = byteRuns(inputOf(encodeBytes(bytes), 7));
      expect(bytes.map(() => next())).toEqual(bytes);
    }),
    { numRuns: 50 * RUNS },
  );
});

describe("what a number cannot hold", () => {
  test.each([
    ["a direct value of 64 bits", "7e 00 ff ff ff ff ff ff ff ff"],
    ["a repeated value of 8 bytes", "38 80 00 00 00 00 00 00 00"],
    ["a varint of more than 64 bits", "c0 00 ff ff ff ff ff ff ff ff ff ff ff 01"],
    ["a delta that goes too far", "c0 0f fe ff ff ff ff ff ff 1f fe ff ff ff ff ff ff 0f"],
  ])("%s is an error", (_, bytes) => {
    expect(() => integersV2(hex(bytes), false).read(1)).toThrow(Unreadable);
  });

  test("a patch behind its run is an error", () => {
    // A run of one value with a patch 255 values further on.
    expect(() => integersV2(hex("80 00 00 e1 00 00 ff 80"), false).read(1)).toThrow(Unreadable);
  });
});
