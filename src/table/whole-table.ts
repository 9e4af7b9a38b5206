import type { Item, Store } from "./store.ts";

/** A page is 1 MB: a table of 10 TB. */
const PAGES_MAX = 10_000_000;

/** The whole table, page by page, each as it is when it is read. Throws: above `PAGES_MAX` pages; what the table throws. */
export async function* wholeTable(store: Store): AsyncGenerator<readonly Item[]> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await store.scan({ segment: 0, segments: 1, cursor });
    yield found.items;
    cursor = found.cursor;
    if (cursor === undefined) return;
  }
  throw new Error(`The table has more than ${PAGES_MAX} pages.`);
}
