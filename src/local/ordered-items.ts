import { cursorOf, type Position, positionOf } from "../table/cursor.ts";
import { itemBytes, PAGE_BYTES_MAX } from "../table/size.ts";
import type { Item, Page, Query } from "../table/store.ts";
import { compareUtf8 } from "../table/utf8-order.ts";

/** Items that are read in one order: a partition of the table or of an index, or everything. */
export class OrderedItems {
  readonly partition: string;
  readonly sort: string | undefined;
  readonly #items = new Map<string, Item>();
  #order: Item[] | undefined;

  constructor(partition: string, sort: string | undefined) {
    this.partition = partition;
    this.sort = sort;
  }

  add(name: string, item: Item): void {
    this.#items.set(name, item);
    this.#order = undefined;
  }

  remove(name: string): void {
    this.#items.delete(name);
    this.#order = undefined;
  }

  inOrder(): readonly Item[] {
    this.#order ??= [...this.#items.values()].sort((a, b) => this.compare(a, b));
    return this.#order;
  }

  compare(a: Item, b: Item): number {
    const bySort = this.sort === undefined ? 0 : compareUtf8(text(a[this.sort]), text(b[this.sort]));
    return bySort || compareUtf8(a.PK, b.PK) || compareUtf8(a.SK, b.SK);
  }

  positionOf(item: Item): Position {
    const names = ["PK", "SK", this.partition, ...(this.sort === undefined ? [] : [this.sort])];
    return Object.fromEntries(names.map(name => [name, text(item[name])])) as Position;
  }
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

type Slice = Pick<Query, "from" | "to" | "newestFirst" | "limit" | "cursor">;

/** One page of the items, cut as DynamoDB cuts it: by the limit, else past 1 MB. */
export const pageOf = (ordered: readonly Item[], group: OrderedItems, slice: Slice): Page => {
  const { from, to, newestFirst = false, limit = Number.POSITIVE_INFINITY, cursor } = slice;
  const after = cursor === undefined ? undefined : positionOf(cursor);
  const items: Item[] = [];
  let bytes = 0;
  for (let step = 0; step < ordered.length; step += 1) {
    const item = ordered[newestFirst ? ordered.length - 1 - step : step] as Item;
    const sort = group.sort === undefined ? "" : text(item[group.sort]);
    if (
      (from !== undefined && compareUtf8(sort, from) < 0) ||
      (to !== undefined && compareUtf8(sort, to) > 0)
    )
      continue;
    if (after !== undefined && group.compare(item, after) * (newestFirst ? -1 : 1) <= 0) continue;
    items.push(item);
    bytes += itemBytes(item);
    if (items.length >= limit || bytes >= PAGE_BYTES_MAX)
      return { items, cursor: cursorOf(group.positionOf(item)) };
  }
  return { items };
};
