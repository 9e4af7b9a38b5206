const SURROGATES_START = 0xd800;
const PRIVATE_START = 0xe000;

/** Moves surrogate halves above the rest of the plane, which is where their UTF-8 bytes sort. */
const rank = (unit: number): number => {
  if (unit < SURROGATES_START) return unit;
  return unit < PRIVATE_START ? unit + 0x2000 : unit - 0x800;
};

/**
 * Orders two texts by their UTF-8 bytes, as S3 lists keys. JavaScript's own order compares UTF-16 units and puts
 * U+1F600 before U+FFFD.
 *
 * Returns: negative, 0 or positive, as for Array.sort.
 */
export const compareUtf8 = (a: string, b: string): number => {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at += 1) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
};
