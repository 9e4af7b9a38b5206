/** What the first byte of a character says: how many follow, its own bits, and the least value of that length. */
type Lead = { readonly following: number; readonly bits: number; readonly least: number };

const leadOf = (byte: number): Lead | undefined => {
  if (byte < 0x80) return { following: 0, bits: byte, least: 0 };
  if (byte >= 0xc2 && byte <= 0xdf) return { following: 1, bits: byte & 0x1f, least: 0x80 };
  if (byte >= 0xe0 && byte <= 0xef) return { following: 2, bits: byte & 0x0f, least: 0x800 };
  if (byte >= 0xf0 && byte <= 0xf4) return { following: 3, bits: byte & 0x07, least: 0x10000 };
  return undefined;
};

const isScalar = (codePoint: number): boolean =>
  codePoint <= 0x10ffff && (codePoint < 0xd800 || codePoint > 0xdfff);

/** The code point that starts at `start`, or undefined if the bytes there are not one. */
const codePointAt = (bytes: Uint8Array, start: number, lead: Lead): number | undefined => {
  let codePoint = lead.bits;
  for (let offset = 1; offset <= lead.following; offset += 1) {
    const byte = bytes[start + offset];
    if (byte === undefined || (byte & 0xc0) !== 0x80) return undefined;
    codePoint = (codePoint << 6) | (byte & 0x3f);
  }
  return codePoint >= lead.least && isScalar(codePoint) ? codePoint : undefined;
};

/**
 * Text of UTF-8 bytes, strictly: overlong forms, surrogates and cut characters are no text.
 *
 * Shape:   any bytes; a leading byte order mark is dropped.
 * Returns: the text, or undefined if the bytes are not UTF-8. Never throws.
 * Source:  RFC 3629; edge case B4.6-37. Written out because the domain has no platform decoder.
 */
export const decodeUtf8 = (bytes: Uint8Array): string | undefined => {
  let text = "";
  let position = 0;
  while (position < bytes.length) {
    const lead = leadOf(bytes[position] ?? 0xff);
    const codePoint = lead && codePointAt(bytes, position, lead);
    if (lead === undefined || codePoint === undefined) return undefined;
    text += String.fromCodePoint(codePoint);
    position += 1 + lead.following;
  }
  return text.startsWith("\ufeff") ? text.slice(1) : text;
};

/** How many bytes a text takes in UTF-8; a lone surrogate counts as the three bytes of its replacement. */
export const utf8Length = (text: string): number => {
  let length = 0;
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    if (codePoint < 0x80) length += 1;
    else if (codePoint < 0x800) length += 2;
    else length += codePoint < 0x10000 ? 3 : 4;
  }
  return length;
};
