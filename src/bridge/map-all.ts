import pMap from "p-map";

/**
 * Works on items, a bounded number at once. After a failure nothing new is begun, and what was begun has ended by the
 * time the failure is thrown: nobody writes into a folder that is being removed.
 */
export const mapAll = async <T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> => {
  const failures: unknown[] = [];
  const done: R[] = [];
  const one = async (item: T, at: number): Promise<void> => {
    if (failures.length > 0) return;
    try {
      done[at] = await work(item);
    } catch (error) {
      failures.push(error);
    }
  };
  await pMap(items, one, { concurrency: atOnce });
  if (failures.length > 0) throw failures[0];
  return done;
};
