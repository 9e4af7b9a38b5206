import { isDeepStrictEqual } from "node:util";
import { applyPatch, type Operation } from "rfc6902";
import { type Fields, isFields } from "../narrow.ts";
import { type Attributes, attributesFault, valueFault } from "./attributes.ts";
import { InvalidQuery } from "./invalid-query.ts";
import { isPointer, locationFault, tokensOf, valueAt } from "./json-pointer.ts";

/** A JSON Patch whose shape was checked by `parsePatch`. */
export type JsonPatch = readonly Operation[];

/** Operations of one patch. Attributes have at most 16 KiB: whoever needs more writes them anew. */
export const PATCH_OPERATIONS_MAX = 1_000;

/** What an operation needs besides `op` and `path`. */
const NEEDED: Readonly<Record<string, "value" | "from" | undefined>> = {
  add: "value",
  replace: "value",
  test: "value",
  move: "from",
  copy: "from",
  remove: undefined,
};

/**
 * Reads a JSON Patch from its text. Members that the standard does not know are ignored.
 *
 * Throws: `InvalidQuery`, naming the operation, counted from 0 as in the text, and what is wrong with it.
 * Source: RFC 6902.
 */
export const parsePatch = (text: string): JsonPatch => {
  const patch = jsonOf(text);
  if (!Array.isArray(patch)) throw new InvalidQuery("A JSON Patch is a JSON array of operations.");
  if (patch.length > PATCH_OPERATIONS_MAX)
    throw new InvalidQuery(
      `A patch has at most ${PATCH_OPERATIONS_MAX} operations, this has ${patch.length}.`,
    );
  return patch.map((operation: unknown, at) => {
    const fault = isFields(operation) ? operationFault(operation) : "it is no JSON object";
    if (fault !== undefined) throw new InvalidQuery(`Operation ${at} of the patch: ${fault}.`);
    return operation as Operation; // all that the type says was looked at
  });
};

const jsonOf = (text: string): unknown => {
  try {
    // DynamoDB knows no negative zero.
    return JSON.parse(text, (_, value: unknown) => (Object.is(value, -0) ? 0 : value));
  } catch (cause) {
    throw new InvalidQuery(`The patch is no JSON: ${(cause as Error).message}.`, { cause });
  }
};

const operationFault = (operation: Fields): string | undefined => {
  const { op, path, from, value } = operation;
  if (typeof op !== "string" || !Object.hasOwn(NEEDED, op))
    return `op is one of ${Object.keys(NEEDED).join(", ")}, got ${JSON.stringify(op) ?? "none"}`;
  if (!isPointer(path)) return `path is a JSON Pointer such as /a/b, got ${JSON.stringify(path) ?? "none"}`;
  if (NEEDED[op] === "from" && !isPointer(from))
    return `from is a JSON Pointer such as /a/b, got ${JSON.stringify(from) ?? "none"}`;
  if (NEEDED[op] !== "value") return undefined;
  return Object.hasOwn(operation, "value") ? valueFault(value, 1) : `${op} needs a value`;
};

export type Patched =
  | { readonly outcome: "patched"; readonly attributes: Attributes }
  /** An operation could not be done, or what came out cannot be kept. */
  | { readonly outcome: "refused"; readonly reason: string };

/**
 * Applies a patch to attributes: all of it or nothing, on a copy.
 *
 * Each operation is looked at before and after it: the library follows names into prototypes and into text, takes
 * `length` for an index of an array, and copies without end. `test` compares here, since the library's comparison
 * of two long arrays takes as long as their lengths multiplied.
 */
export const patchedAttributes = (attributes: Attributes, patch: JsonPatch): Patched => {
  // A member of its own, so that the whole document can be replaced: the library leaves a root alone.
  const holder: Holder = { root: structuredClone(attributes) };
  for (const [at, operation] of patch.entries()) {
    const fault = applied(holder, operation) ?? attributesFault(holder.root ?? {});
    if (fault !== undefined)
      return { outcome: "refused", reason: `operation ${at} (${operation.op} ${operation.path}): ${fault}` };
  }
  return { outcome: "patched", attributes: (holder.root ?? {}) as Attributes }; // attributesFault found it to be
};

type Holder = { root?: unknown };

const applied = (holder: Holder, operation: Operation): string | undefined => {
  if (operation.op === "move") return moved(holder, operation);
  const fault = placesFault(holder.root, operation);
  if (fault !== undefined) return fault;
  if (operation.op !== "test") return appliedByLibrary(holder, operation);
  const found = valueAt(holder.root, tokensOf(operation.path));
  return isDeepStrictEqual(found, operation.value) ? undefined : "the value there is another one";
};

/** As the standard defines it: removed, then added where the target is by then. */
const moved = (holder: Holder, { from, path }: Extract<Operation, { op: "move" }>): string | undefined => {
  if (path.startsWith(`${from}/`)) return "nothing can be moved into itself";
  const value = valueAt(holder.root, tokensOf(from));
  return applied(holder, { op: "remove", path: from }) ?? applied(holder, { op: "add", path, value });
};

const placesFault = (root: unknown, operation: Operation): string | undefined => {
  const isAdding = operation.op === "add" || operation.op === "copy";
  if (operation.op === "copy") {
    const fault = locationFault(root, operation.from, false);
    if (fault !== undefined) return `from ${operation.from}: ${fault}`;
  }
  return locationFault(root, operation.path, isAdding);
};

const appliedByLibrary = (holder: Holder, operation: Operation): string | undefined => {
  const path = `/root${operation.path}`;
  const inHolder =
    operation.op === "copy" ? { ...operation, path, from: `/root${operation.from}` } : { ...operation, path };
  const [error] = applyPatch(holder, [inHolder]);
  return error?.message;
};
