/** Memory that several share. */
export type ByteBudget = {
  /** Runs `work` once that many bytes are free, in the order of asking. What exceeds the whole budget runs alone. */
  readonly within: <T>(bytes: number, work: () => Promise<T>) => Promise<T>;
};

export const byteBudget = (bytesMax: number): ByteBudget => {
  const waiting: { readonly bytes: number; readonly start: () => void }[] = [];
  let used = 0;
  const startNext = (): void => {
    for (let [next] = waiting; next !== undefined; [next] = waiting) {
      if (used > 0 && used + next.bytes > bytesMax) return;
      waiting.shift();
      used += next.bytes;
      next.start();
    }
  };
  return {
    within: async (bytes, work) => {
      await new Promise<void>(start => {
        waiting.push({ bytes, start });
        startNext();
      });
      try {
        return await work();
      } finally {
        used -= bytes;
        startNext();
      }
    },
  };
};
