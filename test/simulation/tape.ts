/**
 * The one source of chance of a history: every choice reads the next bytes of it. A seed stands for an endless tape; a
 * tape of given bytes goes on with zeros. Zero always means the tame choice (no fault, the first of several), so that
 * cutting a tape makes a history shorter and calmer.
 */
export type Tape = {
  /** A whole number at or above 0 and below `below`, at most 65,536. */
  below(below: number): number;
  /** True in this share of cases, 0 to 1. */
  chance(rate: number): boolean;
  /** A number at or above 0 and below 1, to be compared with rates that add up: 0 is the tame end. */
  roll(): number;
  /** What was read so far. */
  bytes(): Uint8Array;
  readonly length: number;
};

const PIECE = 4_096;

/** xoshiro128** by Blackman and Vigna (public domain), seeded by splitmix32. */
const generator = (seed: number): (() => number) => {
  let mixing = seed >>> 0;
  const mixed = (): number => {
    mixing = (mixing + 0x9e3779b9) >>> 0;
    let z = mixing;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let [a, b, c, d] = [mixed(), mixed(), mixed(), mixed()];
  return () => {
    const turned = Math.imul(b, 5);
    const result = Math.imul((turned << 7) | (turned >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
};

const tapeOver = (nextByte: () => number): Tape => {
  let read = new Uint8Array(PIECE);
  let length = 0;
  const byte = (): number => {
    if (length === read.length) {
      const longer = new Uint8Array(read.length * 2);
      longer.set(read);
      read = longer;
    }
    const value = nextByte();
    read[length] = value;
    length += 1;
    return value;
  };
  const pair = (): number => byte() * 256 + byte();
  return {
    below: below => {
      if (below <= 1) return 0;
      return below <= 256 ? (byte() * below) >> 8 : (pair() * below) >>> 16;
    },
    chance: rate => rate > 0 && pair() >= 65_536 * (1 - rate),
    roll: () => pair() / 65_536,
    bytes: () => read.slice(0, length),
    get length() {
      return length;
    },
  };
};

export const tapeOfSeed = (seed: number): Tape => {
  const next = generator(seed);
  let word = 0;
  let left = 0;
  return tapeOver(() => {
    if (left === 0) {
      word = next();
      left = 4;
    }
    left -= 1;
    const value = word & 0xff;
    word >>>= 8;
    return value;
  });
};

export const tapeOfBytes = (bytes: Uint8Array): Tape => {
  let at = 0;
  return tapeOver(() => bytes[at++] ?? 0);
};

/** A tape as text, and back: base64 of its bytes without the zeros at its end. */
export const tapeText = (bytes: Uint8Array): string => {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return Buffer.from(bytes.subarray(0, end)).toString("base64");
};

export const tapeOfText = (text: string): Tape => tapeOfBytes(Buffer.from(text.trim(), "base64"));
