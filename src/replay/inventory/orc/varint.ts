import { Unreadable } from "../errors.ts";
import { safe, unzigzag } from "./bit-packing.ts";
import type { ByteInput } from "./byte-input.ts";

/** Seven bits each: 64 bits. */
const BYTES_MAX = 10;

/** A number in bytes of seven bits, the least significant first; with a sign, zigzag. Throws: `Unreadable`. */
export const readVarint = (input: ByteInput, isSigned: boolean): number => {
  let value = 0;
  let scale = 1;
  for (let count = 0; count < BYTES_MAX; count += 1) {
    const byte = input.byte();
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) return isSigned ? unzigzag(safe(value)) : safe(value);
  }
  throw new Unreadable("a number has more than 64 bits");
};
