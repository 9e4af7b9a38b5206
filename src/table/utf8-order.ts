/**
 * Compares two texts by their UTF-8 bytes, as DynamoDB orders sort keys and S3 orders listings.
 *
 * Returns: negative, 0 or positive, as for Array.sort. Differs from `<` only where a character above U+FFFF meets
 * one from U+E000 to U+FFFF: JavaScript compares surrogates there, which are smaller numbers.
 * Source:  Amazon DynamoDB Developer Guide, "Query": strings are ordered by UTF-8 bytes.
 */
export const compareUtf8 = (left: string, right: string): number => {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
};

// A surrogate stands for a character above every single unit.
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
