/** What is taken out lowest first. */
export type Queue<T> = {
  add(each: T): void;
  /** Undefined if it is empty. */
  take(): T | undefined;
};

/** A binary heap. `compare`: negative where the first comes first. */
export const createQueue = <T>(compare: (a: T, b: T) => number): Queue<T> => {
  const heap: T[] = [];
  const isBefore = (a: number, b: number): boolean => {
    const [first, second] = [heap[a], heap[b]];
    return first !== undefined && second !== undefined && compare(first, second) < 0;
  };
  const swap = (a: number, b: number): void => {
    const [first, second] = [heap[a], heap[b]];
    if (first === undefined || second === undefined) return;
    heap[a] = second;
    heap[b] = first;
  };
  const sink = (from: number): void => {
    let at = from;
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const lower = isBefore(right, left) ? right : left;
      // Ends: every turn goes one level down.
      if (!isBefore(lower, at)) return;
      swap(lower, at);
      at = lower;
    }
  };
  return {
    add: each => {
      heap.push(each);
      for (let at = heap.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1;
        if (!isBefore(at, parent)) return;
        swap(at, parent);
        at = parent;
      }
    },
    take: () => {
      swap(0, heap.length - 1);
      const taken = heap.pop();
      sink(0);
      return taken;
    },
  };
};
