import type { Key } from "./store.ts";

/** Where a page ended: the table key of its last item, with the index attributes when an index was read. */
export type Position = Key & { readonly [attribute: string]: string };

/** A cursor that no page handed out. */
export class InvalidCursor extends Error {
  override readonly name = "InvalidCursor";
}

/** Opaque text for the position; the same in every backend and for ever, so that it may be kept. */
export const cursorOf = (position: Position): string =>
  Buffer.from(JSON.stringify(Object.entries(position).sort(([a], [b]) => (a < b ? -1 : 1)))).toString(
    "base64url",
  );

/** Throws `InvalidCursor` if the text is none of `cursorOf`'s. */
export const positionOf = (cursor: string): Position => {
  let entries: unknown;
  try {
    entries = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch (cause) {
    throw new InvalidCursor("Expected a cursor from the page before", { cause });
  }
  const position: unknown = isEntries(entries) ? Object.fromEntries(entries) : undefined;
  if (!isPosition(position)) throw new InvalidCursor("Expected a cursor from the page before");
  return position;
};

const isEntries = (value: unknown): value is readonly (readonly [string, string])[] =>
  Array.isArray(value) &&
  value.every(
    each => Array.isArray(each) && each.length === 2 && each.every(text => typeof text === "string"),
  );

const isPosition = (value: unknown): value is Position =>
  typeof value === "object" && value !== null && "PK" in value && "SK" in value;
