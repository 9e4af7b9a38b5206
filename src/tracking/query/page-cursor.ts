import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { ObjectFilter } from "./filter.ts";
import { InvalidQuery } from "./invalid-query.ts";
import { type Position, SORTS, type Sort } from "./order.ts";

/** Where the page before ended, and in what. */
export type PageCursor = {
  readonly sort: Sort;
  readonly filter: ObjectFilter;
  /** Where the first page began to look, so that the last page ends there too, however late it is asked for. */
  readonly from?: string | undefined;
  readonly after: Position;
};

/** Of the shape of a cursor: one of another version is refused and not guessed at. */
const VERSION = 1;
/** Enough hexadecimal digits that nobody mistakes one query for another. */
const DIGEST_LENGTH = 16;

/** Opaque text; the same for the same page in every process, so that it may be kept. */
export const pageCursor = ({ sort, filter, from, after }: PageCursor): string => {
  const parts = [VERSION, sort, digestOf(filter), from ?? null, after.rank, after.key, after.bucket];
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
};

/** Reads a cursor of the same query. Throws: `InvalidQuery` if it is none, or one of another query. */
export const readPageCursor = (
  text: string,
  query: Pick<PageCursor, "sort" | "filter">,
): Pick<PageCursor, "from" | "after"> => {
  const [version, sort, digest, from, rank, key, bucket] = partsOf(text);
  const isWhole =
    version === VERSION &&
    SORTS.some(known => known === sort) &&
    (from === null || typeof from === "string") &&
    (typeof rank === "string" || typeof rank === "number") &&
    typeof key === "string" &&
    typeof bucket === "string";
  if (!isWhole) throw new InvalidQuery("This is no cursor: use the one that the page before ended with.");
  if (!isDeepStrictEqual([sort, digest], [query.sort, digestOf(query.filter)]))
    throw new InvalidQuery(
      "This cursor belongs to another query: repeat the filters and the order of the page it came from.",
    );
  return { from: from ?? undefined, after: { rank, key, bucket } };
};

const partsOf = (text: string): readonly unknown[] => {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, "base64url").toString());
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
};

/** The same for filters that say the same in another order. */
const digestOf = (filter: ObjectFilter): string => {
  const said = Object.entries(filter)
    .map(([name, value]) => [name, Array.isArray(value) ? value.toSorted() : value] as const)
    .filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(said)).digest("hex").slice(0, DIGEST_LENGTH);
};
