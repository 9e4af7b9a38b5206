import {
  ITEM_BYTES_MAX,
  isList,
  itemBytes,
  subjectOf,
  TRANSACTION_BYTES_LIMIT,
  writesBytes,
} from "./size.ts";
import { type Item, type Key, TRANSACTION_WRITES_MAX, type Value, type Write } from "./store.ts";

/** DynamoDB: longest partition key and sort key, in bytes of UTF-8. */
export const PARTITION_KEY_BYTES_MAX = 2048;
export const SORT_KEY_BYTES_MAX = 1024;

/** A write no table would take: a defect of the caller. */
export class InvalidWrite extends Error {
  override readonly name = "InvalidWrite";
}

/**
 * The item as a table keeps it: a frozen copy of its own, without undefined attributes, text well-formed, no -0.
 *
 * Throws: `InvalidWrite` for an empty or overlong key, a number that is not finite or is an unsafe integer, a hole
 * in a list, an item over 400 KB.
 * Source: Amazon DynamoDB Developer Guide, "Constraints in Amazon DynamoDB".
 */
export const storable = (item: Item): Item => {
  const copy = fieldsCopy(item) as Item;
  checkKey(copy);
  const bytes = itemBytes(copy);
  if (bytes > ITEM_BYTES_MAX)
    throw new InvalidWrite(`Expected at most ${ITEM_BYTES_MAX} bytes, got ${bytes} in ${nameOf(copy)}`);
  return copy;
};

/** The same write with its item made storable. */
export const storableWrite = (write: Write): Write => {
  if ("put" in write) return { ...write, put: storable(write.put) };
  checkKey(subjectOf(write));
  return write;
};

/** Throws `InvalidWrite` unless one transaction can hold these writes; returns them made storable. */
export const storableTransaction = (writes: readonly Write[]): readonly Write[] => {
  if (writes.length === 0 || writes.length > TRANSACTION_WRITES_MAX)
    throw new InvalidWrite(`Expected 1 to ${TRANSACTION_WRITES_MAX} writes, got ${writes.length}`);
  checkDistinct(writes.map(subjectOf));
  const copies = writes.map(storableWrite);
  // So few items are never too large together: each is small enough by itself.
  const bytes = copies.length * ITEM_BYTES_MAX > TRANSACTION_BYTES_LIMIT ? writesBytes(copies) : 0;
  if (bytes > TRANSACTION_BYTES_LIMIT)
    throw new InvalidWrite(
      `Expected at most ${TRANSACTION_BYTES_LIMIT} bytes in a transaction, got ${bytes}`,
    );
  return copies;
};

/** The items made storable. Throws `InvalidWrite` for two of one key, or for one that no table takes. */
export const storableItems = (items: readonly Item[]): readonly Item[] => {
  checkDistinct(items);
  return items.map(storable);
};

const checkDistinct = (keys: readonly Key[]): void => {
  if (keys.length < 2) return;
  const seen = new Set<string>();
  for (const key of keys) {
    const name = keyText(key);
    if (seen.has(name)) throw new InvalidWrite(`Expected one write on ${nameOf(key)}, got two`);
    seen.add(name);
  }
};

/** A key as one text; two different keys never share it. */
export const keyText = (key: Key): string => JSON.stringify([key.PK, key.SK]);

/** Throws `InvalidWrite` for a key that is empty or too long. */
export const checkKey = (key: Key): void => {
  checkKeyText(key.PK, PARTITION_KEY_BYTES_MAX, "PK", key);
  checkKeyText(key.SK, SORT_KEY_BYTES_MAX, "SK", key);
};

/** Throws `InvalidWrite` unless the value can be a key attribute of the table or an index. */
export const checkKeyText = (value: Value | undefined, bytesMax: number, field: string, key: Key): void => {
  if (typeof value !== "string" || value === "")
    throw new InvalidWrite(`Expected ${field} to be text and not empty in ${nameOf(key)}`);
  // No character takes more than three bytes per unit, so that most need not be counted.
  if (value.length * 3 > bytesMax && Buffer.byteLength(value) > bytesMax)
    throw new InvalidWrite(`Expected ${field} to have at most ${bytesMax} bytes in ${nameOf(key)}`);
};

const nameOf = (key: Key): string => `${key.PK} ${key.SK}`;

const fieldsCopy = (fields: { readonly [name: string]: Value | undefined }): { [name: string]: Value } => {
  const copy: { [name: string]: Value } = {};
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value !== undefined) copy[name] = valueCopy(value, name);
  }
  return Object.freeze(copy);
};

const valueCopy = (value: Value | undefined, name: string): Value => {
  if (value === undefined) throw new InvalidWrite(`Expected no hole in the list ${name}`);
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value === "number") return safeNumber(value, name);
  if (value === null || typeof value === "boolean") return value;
  return isList(value) ? Object.freeze(value.map(each => valueCopy(each, name))) : fieldsCopy(value);
};

/** DynamoDB: the smallest number above 0. */
const NUMBER_MIN = 1e-130;

const safeNumber = (value: number, name: string): number => {
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
    throw new InvalidWrite(`Expected ${name} to be a finite number and safe as an integer, got ${value}`);
  if (value !== 0 && Math.abs(value) < NUMBER_MIN)
    throw new InvalidWrite(`Expected ${name} to be 0 or at least ${NUMBER_MIN}, got ${value}`);
  return value === 0 ? 0 : value;
};
