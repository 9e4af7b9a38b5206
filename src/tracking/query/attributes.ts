import { isFields } from "../narrow.ts";

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** What users say of an object: a JSON object of any shape. It follows the key through all buckets. */
export type Attributes = { readonly [name: string]: JsonValue };

/** Longest attributes of one key as JSON text: far below an item's 400 KB, which the state and its indexes share. */
export const ATTRIBUTES_BYTES_MAX = 16 * 1024;

/** Deepest nesting. DynamoDB ends at 32 levels for the whole item (checked); nobody reads even half of that. */
export const ATTRIBUTES_DEPTH_MAX = 16;

/** DynamoDB: the smallest number above 0. */
const NUMBER_MIN = 1e-130;

/** Names that lead into JavaScript's own workings: kept out altogether, so that no code can meet them. */
export const UNSAFE_NAMES: readonly string[] = ["__proto__", "constructor", "prototype"];

/**
 * Why a value cannot be the attributes of a key, as a sentence; `undefined` if it can.
 *
 * Numbers must come out of the table as they went in: whole ones are safe integers. Names are not empty, since
 * DynamoDB refuses that (checked).
 */
export const attributesFault = (value: unknown): string | undefined => {
  if (!isFields(value)) return "attributes are a JSON object";
  const fault = valueFault(value, 1);
  if (fault !== undefined) return fault;
  const bytes = Buffer.byteLength(JSON.stringify(value));
  return bytes > ATTRIBUTES_BYTES_MAX
    ? `attributes have at most ${ATTRIBUTES_BYTES_MAX} bytes as JSON, these have ${bytes}`
    : undefined;
};

/** The same for any value inside attributes; `depth` is its own level, the attributes themselves being 1. */
export const valueFault = (value: unknown, depth: number): string | undefined => {
  if (typeof value === "string") return textFault(value);
  if (typeof value === "number") return numberFault(value);
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > ATTRIBUTES_DEPTH_MAX) return `attributes have at most ${ATTRIBUTES_DEPTH_MAX} levels`;
  for (const [name, each] of Object.entries(value)) {
    const fault = (Array.isArray(value) ? undefined : nameFault(name)) ?? valueFault(each, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

const nameFault = (name: string): string | undefined => {
  if (name === "") return "a name must not be empty";
  return UNSAFE_NAMES.includes(name) ? `the name ${name} is not safe` : textFault(name);
};

const textFault = (text: string): string | undefined =>
  text.isWellFormed() ? undefined : "text must not hold half a character (a lone surrogate)";

const numberFault = (value: number): string | undefined => {
  const isKept =
    Number.isSafeInteger(value) ||
    (Number.isFinite(value) && !Number.isInteger(value) && Math.abs(value) >= NUMBER_MIN);
  return isKept ? undefined : `the number ${value} would not be kept exactly: write it as text`;
};
