/**
 * A number from a text, the same in every run: spreads things, proves nothing.
 * Source: FNV-1a by Fowler, Noll and Vo, 32 bits, over UTF-16 units.
 */
export const fnv1a = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
};
