import type { Item, Key, Value, Write } from "./store.ts";

/** DynamoDB: an item ends at 400 KB, names included. */
export const ITEM_BYTES_MAX = 400 * 1024;
/** DynamoDB: the items of one transaction end at 4 MB together. */
export const TRANSACTION_BYTES_LIMIT = 4 * 1024 * 1024;
/** DynamoDB: a page of a query or scan ends at 1 MB. */
export const PAGE_BYTES_MAX = 1024 * 1024;

/**
 * What an item counts against DynamoDB's limits, in bytes; exact for text, at most a byte too much per number.
 * Source: Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats".
 */
export const itemBytes = (item: Item | Key): number => fieldsBytes(item);

/** What the writes of a transaction count together: items put whole, keys of what is deleted or checked. */
export const writesBytes = (writes: readonly Write[]): number =>
  writes.reduce((sum, write) => sum + itemBytes(subjectOf(write)), 0);

/** The item or key a write is about. */
export const subjectOf = (write: Write): Item | Key => {
  if ("put" in write) return write.put;
  return "delete" in write ? write.delete : write.check;
};

const fieldsBytes = (fields: { readonly [name: string]: Value | undefined }): number => {
  let sum = 0;
  for (const name in fields) {
    const value = fields[name];
    if (value !== undefined) sum += textBytes(name) + valueBytes(value);
  }
  return sum;
};

/** Overhead of a list or map, and of each element in it. */
const NESTED_BYTES = 3;
const ELEMENT_BYTES = 1;

/** Up to this length a loop over plain text is over before a call out of JavaScript has begun. */
const SHORT_TEXT_MAX = 96;

/** Length in UTF-8. */
const textBytes = (text: string): number => {
  if (text.length > SHORT_TEXT_MAX) return Buffer.byteLength(text);
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return Buffer.byteLength(text);
  return text.length;
};

const valueBytes = (value: Value): number => {
  if (typeof value === "string") return textBytes(value);
  if (typeof value === "number") return numberBytes(value);
  if (value === null || typeof value === "boolean") return 1;
  if (isList(value))
    return value.reduce<number>((sum, each) => sum + ELEMENT_BYTES + valueBytes(each), NESTED_BYTES);
  return NESTED_BYTES + ELEMENT_BYTES * Object.keys(value).length + fieldsBytes(value);
};

/** Array.isArray, which does not narrow readonly arrays away. */
export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

// Two digits to a byte, one byte for the exponent, one for a sign.
const numberBytes = (value: number): number =>
  Math.ceil(String(value).replace(/\D/g, "").length / 2) + 1 + (value < 0 ? 1 : 0);
