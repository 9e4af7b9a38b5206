import { isFields } from "../narrow.ts";
import { UNSAFE_NAMES } from "./attributes.ts";

/** Whether a value is a JSON Pointer: empty, or names each after a slash, with `~0` for `~` and `~1` for a slash. */
export const isPointer = (value: unknown): value is string =>
  typeof value === "string" && /^(\/([^~/]|~[01])*)*$/u.test(value);

/** The names of a pointer. Source: RFC 6901, section 4. */
export const tokensOf = (pointer: string): readonly string[] =>
  pointer
    .split("/")
    .slice(1)
    .map(token => token.replaceAll("~1", "/").replaceAll("~0", "~"));

/** An index as the standard wants it: without a sign or a leading zero. */
const INDEX = /^(0|[1-9]\d{0,8})$/;

/** The value at a path, looking at own members only; `undefined` if there is none. */
export const valueAt = (root: unknown, tokens: readonly string[]): unknown =>
  tokens.reduce<unknown>((value, token) => {
    if (Array.isArray(value)) return INDEX.test(token) ? value[Number(token)] : undefined;
    return isFields(value) && Object.hasOwn(value, token) ? value[token] : undefined;
  }, root);

/**
 * Why a pointer does not lead to a place that can be read, or with `isNew` to one that a value can be added at;
 * `undefined` if it does.
 */
export const locationFault = (root: unknown, pointer: string, isNew: boolean): string | undefined => {
  const tokens = tokensOf(pointer);
  const unsafe = tokens.find(token => UNSAFE_NAMES.includes(token));
  if (unsafe !== undefined) return `the name ${unsafe} is not safe`;
  const last = tokens.at(-1);
  if (last === undefined) return undefined;
  const parent = valueAt(root, tokens.slice(0, -1));
  if (Array.isArray(parent) && isNew)
    return isPlaceIn(parent, last) ? undefined : `there is no place ${last}`;
  if (isFields(parent) && isNew) return undefined;
  if (isNew) return "there is no object or array to add to";
  return valueAt(root, tokens) === undefined ? "there is nothing" : undefined;
};

const isPlaceIn = (list: readonly unknown[], token: string): boolean =>
  token === "-" || (INDEX.test(token) && Number(token) <= list.length);
