import { compareUtf8 } from "../table/utf8-order.ts";

/** Below this many new keys each is put in its place; above, one merge is cheaper. */
const SINGLE_INSERTS_MAX = 32;

/**
 * Keys in UTF-8 order. Adding and removing cost nothing at once; the order is made when somebody lists, so that a
 * million puts do not move a million entries each.
 */
export class SortedKeys {
  #sorted: string[] = [];
  readonly #added = new Set<string>();
  readonly #removed = new Set<string>();

  add(key: string): void {
    if (!this.#removed.delete(key)) this.#added.add(key);
  }

  remove(key: string): void {
    if (!this.#added.delete(key)) this.#removed.add(key);
  }

  /** Keys at or after `from`, in order. The keys may not change while this runs. */
  *from(from: string): Generator<string> {
    this.#settle();
    for (let at = this.#place(from); at < this.#sorted.length; at += 1) {
      const key = this.#sorted[at];
      if (key !== undefined && !this.#removed.has(key)) yield key;
    }
  }

  /** Place of the first key at or after `key`. */
  #place(key: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareUtf8(this.#sorted[middle] ?? "", key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #settle(): void {
    if (this.#removed.size * 2 > this.#sorted.length) {
      this.#sorted = this.#sorted.filter(key => !this.#removed.has(key));
      this.#removed.clear();
    }
    if (this.#added.size === 0) return;
    if (this.#added.size <= SINGLE_INSERTS_MAX) {
      for (const key of this.#added) this.#sorted.splice(this.#place(key), 0, key);
    } else {
      this.#sorted = merged(this.#sorted, [...this.#added].sort(compareUtf8));
    }
    this.#added.clear();
  }
}

const merged = (left: readonly string[], right: readonly string[]): string[] => {
  const all: string[] = [];
  let at = 0;
  for (const key of right) {
    for (let next = left[at]; next !== undefined && compareUtf8(next, key) < 0; next = left[at]) {
      all.push(next);
      at += 1;
    }
    all.push(key);
  }
  for (; at < left.length; at += 1) all.push(left[at] ?? "");
  return all;
};
