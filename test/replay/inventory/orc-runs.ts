/** Encoders of ORC's runs for tests, written from the specification's text, one bit at a time. */

/** Chooses a whole number from 0 up to `below`; always 0 gives the plainest form. */
export type Choose = (below: number) => number;

const WIDTHS = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 28, 30, 32, 40,
  48, 56, 64,
];
const RUN_MAX = 512;

const zigzag = (value: number): number => (value >= 0 ? 2 * value : -2 * value - 1);

const bitsOf = (value: number): number => Math.max(1, value.toString(2).length);

const codeOf = (bits: number): number => WIDTHS.findIndex(width => width >= bits);

const widthOf = (bits: number): number => WIDTHS[codeOf(bits)] ?? 64;

export const varint = (value: number): readonly number[] =>
  value < 128 ? [value] : [128 + (value % 128), ...varint(Math.floor(value / 128))];

const signedVarint = (value: number): readonly number[] => varint(zigzag(value));

const bytesOf = (value: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => Math.floor(value / 256 ** (count - 1 - index)) % 256);

const pack = (values: readonly number[], width: number): readonly number[] => {
  const bytes = new Array<number>(Math.ceil((values.length * width) / 8)).fill(0);
  values.forEach((value, index) => {
    for (let bit = 0; bit < width; bit += 1) {
      if (Math.floor(value / 2 ** (width - 1 - bit)) % 2 === 0) continue;
      const at = index * width + bit;
      bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (128 >> (at & 7));
    }
  });
  return bytes;
};

const header = (form: number, code: number, length: number): readonly number[] => [
  (form << 6) | (code << 1) | ((length - 1) >> 8),
  (length - 1) & 255,
];

const equalRun = (values: readonly number[], start: number, max: number): number => {
  let end = start;
  while (end < values.length && end - start < max && values[end] === values[start]) end += 1;
  return end - start;
};

type Run = { readonly bytes: readonly number[]; readonly length: number };

const shortRepeat = (values: readonly number[], start: number, isSigned: boolean): Run | undefined => {
  const length = equalRun(values, start, 10);
  const [value = 0] = values.slice(start);
  const stored = isSigned ? zigzag(value) : value;
  const width = Math.max(1, Math.ceil(bitsOf(stored) / 8));
  return length < 3
    ? undefined
    : { bytes: [((width - 1) << 3) | (length - 3), ...bytesOf(stored, width)], length };
};

const direct = (chunk: readonly number[], isSigned: boolean, wider: number): Run => {
  const stored = isSigned ? chunk.map(zigzag) : chunk;
  const least = codeOf(bitsOf(stored.reduce((max, value) => Math.max(max, value), 0)));
  const code = Math.min(least + wider, WIDTHS.length - 1);
  return {
    bytes: [...header(1, code, chunk.length), ...pack(stored, WIDTHS[code] ?? 64)],
    length: chunk.length,
  };
};

const delta = (chunk: readonly number[], isSigned: boolean): Run | undefined => {
  const [base = 0, second] = chunk;
  if (second === undefined) return undefined;
  const steps = chunk.slice(1).map((value, index) => value - (chunk[index] ?? 0));
  const [step = 0, ...others] = steps;
  const begin = [...(isSigned ? signedVarint(base) : varint(base)), ...signedVarint(step)];
  if (others.every(other => other === step))
    return { bytes: [...header(3, 0, chunk.length), ...begin], length: chunk.length };
  if (!others.every(other => (step < 0 ? other <= 0 : other >= 0))) return undefined;
  const sizes = others.map(Math.abs);
  // Width code 0 means a fixed step, so a width of one bit cannot be told: two bits are the least.
  const bits = Math.max(2, bitsOf(Math.max(...sizes)));
  return {
    bytes: [...header(3, codeOf(bits), chunk.length), ...begin, ...pack(sizes, widthOf(bits))],
    length: chunk.length,
  };
};

const GAP_MAX = 255;

/** Base and sign, the low bits of all values, and a list of high bits for the few that have some. */
const patched = (chunk: readonly number[], width: number): Run | undefined => {
  const base = chunk.reduce((min, value) => Math.min(min, value), chunk[0] ?? 0);
  const above = chunk.map(value => value - base);
  const entries: { gap: number; patch: number }[] = [];
  let last = 0;
  above.forEach((value, index) => {
    const patch = Math.floor(value / 2 ** width);
    if (patch === 0) return;
    for (; index - last > GAP_MAX; last += GAP_MAX) entries.push({ gap: GAP_MAX, patch: 0 });
    entries.push({ gap: index - last, patch });
    last = index;
  });
  if (entries.length === 0 || entries.length > 31) return undefined;
  const patchBits = widthOf(bitsOf(Math.max(...entries.map(({ patch }) => patch))));
  const gapBits = bitsOf(Math.max(...entries.map(({ gap }) => gap)));
  const entryBits = widthOf(patchBits + gapBits);
  const baseBytes = Math.ceil((bitsOf(Math.abs(base)) + 1) / 8);
  const [first = 0, ...others] = bytesOf(Math.abs(base), baseBytes);
  // An entry may be wider than a number is exact: gap and patch are packed apart, behind their padding.
  const list = packBits(
    entries.flatMap(({ gap, patch }) => [
      { value: 0, width: entryBits - patchBits - gapBits },
      { value: gap, width: gapBits },
      { value: patch, width: patchBits },
    ]),
  );
  return {
    bytes: [
      ...header(2, codeOf(width), chunk.length),
      ((baseBytes - 1) << 5) | codeOf(patchBits),
      ((gapBits - 1) << 5) | entries.length,
      (base < 0 ? 128 : 0) | first,
      ...others,
      ...pack(
        above.map(value => value % 2 ** width),
        width,
      ),
      ...list,
    ],
    length: chunk.length,
  };
};

const packBits = (
  parts: readonly { readonly value: number; readonly width: number }[],
): readonly number[] => {
  const bits = parts
    .map(({ value, width }) => (width === 0 ? "" : value.toString(2).padStart(width, "0")))
    .join("");
  return (bits.match(/.{1,8}/g) ?? []).map(byte => Number.parseInt(byte.padEnd(8, "0"), 2));
};

/** Version 2, each run in any of the forms that can hold it. */
export const encodeV2 = (values: readonly number[], isSigned: boolean, choose: Choose): Uint8Array => {
  const bytes: number[] = [];
  for (let start = 0; start < values.length; ) {
    const chunk = values.slice(start, start + RUN_MAX - choose(RUN_MAX));
    const run = [
      () => shortRepeat(values, start, isSigned) ?? direct(chunk, isSigned, 0),
      () => direct(chunk, isSigned, choose(3)),
      () => delta(chunk, isSigned) ?? direct(chunk, isSigned, 0),
      () => patched(chunk, 1 + choose(12)) ?? direct(chunk, isSigned, 0),
    ][choose(4)]?.();
    if (run === undefined) throw new Error("choose answered outside its bounds");
    for (const byte of run.bytes) bytes.push(byte);
    start += run.length;
  }
  return Uint8Array.from(bytes);
};

/** Version 1: runs of 3 to 130 values with a step of one signed byte, and up to 128 literals. */
export const encodeV1 = (values: readonly number[], isSigned: boolean, choose: Choose): Uint8Array => {
  const number = isSigned ? signedVarint : varint;
  const bytes: number[] = [];
  for (let start = 0; start < values.length; ) {
    const [base = 0, second = 0] = values.slice(start, start + 2);
    const step = second - base;
    let end = start;
    while (end < values.length && end - start < 130 && values[end] === base + (end - start) * step) end += 1;
    if (end - start >= 3 && Math.abs(step) < 128 && choose(4) < 3) {
      bytes.push(end - start - 3, step & 255, ...number(base));
      start = end;
      continue;
    }
    const literals = values.slice(start, start + 128 - choose(128));
    bytes.push(256 - literals.length);
    for (const value of literals) bytes.push(...number(value));
    start += literals.length;
  }
  return Uint8Array.from(bytes);
};

/** Runs of 3 to 130 equal bytes, and up to 128 literals. */
export const encodeBytes = (values: readonly number[]): Uint8Array => {
  const bytes: number[] = [];
  for (let start = 0; start < values.length; ) {
    const equal = equalRun(values, start, 130);
    if (equal >= 3) {
      bytes.push(equal - 3, values[start] ?? 0);
      start += equal;
      continue;
    }
    let end = start + 1;
    while (end < values.length && end - start < 128 && equalRun(values, end, 3) < 3) end += 1;
    bytes.push(256 - (end - start));
    for (const value of values.slice(start, end)) bytes.push(value);
    start = end;
  }
  return Uint8Array.from(bytes);
};

export const encodeTruths = (truths: readonly boolean[]): Uint8Array => {
  const bytes = new Array<number>(Math.ceil(truths.length / 8)).fill(0);
  truths.forEach((isTrue, index) => {
    if (isTrue) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (128 >> (index & 7));
  });
  return encodeBytes(bytes);
};
