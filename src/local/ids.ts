import type { Random } from "../ports/random.ts";
import { randomInteger } from "./seeded-random.ts";

const HEX = "0123456789abcdef";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";

const pick = (random: Random, alphabet: string, length: number): string => {
  let text = "";
  for (let at = 0; at < length; at += 1) text += alphabet[randomInteger(random, alphabet.length)] ?? "";
  return text;
};

/** Lower-case hexadecimal digits. */
export const randomHex = (random: Random, length: number): string => pick(random, HEX, length);

/** Opaque text such as S3 uses for version ids: letters, digits, dot and underscore. */
export const randomText = (random: Random, length: number): string => pick(random, LETTERS, length);

/** A version 4 UUID of the given source. */
export const randomUuidOf = (random: Random): string => {
  const hex = randomHex(random, 30);
  const variant = HEX[8 + randomInteger(random, 4)] ?? "8";
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-${variant}${hex.slice(15, 18)}-${hex.slice(18)}`;
};
