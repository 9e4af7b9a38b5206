import { isDeepStrictEqual } from "node:util";
import { keyText } from "../../table/storable.ts";
import type { Item, Key, Store } from "../../table/store.ts";

/** A terabyte in pages of 1 MB: no table on a single machine comes near. */
const PAGES_MAX = 1_000_000;

export const isSame = (one: Item | undefined, other: Item | undefined): boolean =>
  isDeepStrictEqual(one, other);

/** Keys of the items that a table has otherwise than they were kept, or not at all. Reads the whole table. */
export const differences = async (kept: readonly Item[], store: Store): Promise<readonly Key[]> => {
  const left = new Map(kept.map(item => [keyText(item), item]));
  const different: Key[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { items, cursor: next } = await store.scan({ segment: 0, segments: 1, cursor });
    for (const item of items) {
      if (!isSame(item, left.get(keyText(item)))) different.push(item);
      left.delete(keyText(item));
    }
    cursor = next;
    if (cursor === undefined) return [...different, ...left.values()];
  }
  throw new Error(`Expected at most ${PAGES_MAX} pages in a table`);
};
