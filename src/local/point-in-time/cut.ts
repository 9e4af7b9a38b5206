/**
 * For times in the order in which things happened, by a clock that may have been moved back: how many of them had
 * happened when the clock last showed an instant or less.
 *
 * So a restore is always a beginning of what really happened, never a choice of what bears an early time. An instant
 * that the clock skipped shows what was there right before the skip.
 */
export const cutter = (timesMs: readonly number[]): ((atMs: number) => number) => {
  // The least time from here to the end; it never falls, so it can be searched by halves.
  const least = [...timesMs];
  for (let at = least.length - 2; at >= 0; at -= 1)
    least[at] = Math.min(least[at] ?? 0, least[at + 1] ?? Number.POSITIVE_INFINITY);
  return atMs => {
    let [low, high] = [0, least.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((least[middle] ?? Number.POSITIVE_INFINITY) <= atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  };
};
