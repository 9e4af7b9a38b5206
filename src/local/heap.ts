/** A binary heap: the least item by `compare` is on top. Sizes change in O(log n). */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #compare: (a: T, b: T) => number;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  /** The item at a place of the heap's own order, as `takeAt` counts. */
  at(place: number): T | undefined {
    return this.#items[place];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#rise(this.#items.length - 1);
  }

  pop(): T | undefined {
    return this.takeAt(0);
  }

  /** Removes the item at a place of the heap's own order: 0 is the least, any other is as good as random. */
  takeAt(place: number): T | undefined {
    const taken = this.#items[place];
    const last = this.#items.pop();
    if (taken === undefined || last === undefined || place === this.#items.length) return taken;
    this.#items[place] = last;
    this.#sink(place);
    this.#rise(place);
    return taken;
  }

  clear(): void {
    this.#items.length = 0;
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfLess(at, parent)) return;
      at = parent;
    }
  }

  #sink(from: number): void {
    for (let at = from; ; ) {
      const left = 2 * at + 1;
      const least = this.#lesser(left, left + 1);
      if (least >= this.#items.length || !this.#swapIfLess(least, at)) return;
      at = least;
    }
  }

  #lesser(left: number, right: number): number {
    const a = this.#items[left];
    const b = this.#items[right];
    return a !== undefined && b !== undefined && this.#compare(b, a) < 0 ? right : left;
  }

  #swapIfLess(lower: number, upper: number): boolean {
    const a = this.#items[lower];
    const b = this.#items[upper];
    if (a === undefined || b === undefined || this.#compare(a, b) >= 0) return false;
    this.#items[lower] = b;
    this.#items[upper] = a;
    return true;
  }
}
