import type { ByteInput } from "./byte-input.ts";

/** Truth values in their order. Throws: `Unreadable` at the end of the stream. */
export type Truths = { read(count: number): readonly boolean[] };

/**
 * Truth values as ORC stores them: eight to a byte, the most significant bit first, the bytes in runs.
 *
 * Source: ORC Specification v1, "Byte Run Length Encoding" and "Boolean Run Length Encoding".
 */
export const truthsOf = (input: ByteInput): Truths => {
  const nextByte = byteRuns(input);
  let byte = 0;
  let left = 0;
  return {
    read: count =>
      Array.from({ length: count }, () => {
        if (left === 0) {
          byte = nextByte();
          left = 8;
        }
        left -= 1;
        return ((byte >> left) & 1) === 1;
      }),
  };
};

/** Bytes out of runs: a count of 3 to 130 and the byte they share, or a count of 1 to 128 and so many bytes. */
export const byteRuns = (input: ByteInput): (() => number) => {
  let left = 0;
  let shared: number | undefined;
  return () => {
    if (left === 0) {
      const control = input.byte();
      left = control < 0x80 ? control + 3 : 0x100 - control;
      shared = control < 0x80 ? input.byte() : undefined;
    }
    left -= 1;
    return shared ?? input.byte();
  };
};
