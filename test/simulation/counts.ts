/** Counts by name, that add up over histories and processes. */
export type Counts = Record<string, number>;

export const count = (counts: Counts, name: string, by = 1): void => {
  counts[name] = (counts[name] ?? 0) + by;
};

export const addCounts = (to: Counts, from: Counts): void => {
  for (const [name, by] of Object.entries(from)) count(to, name, by);
};
