/** Lets loops go on while it is open, holds them while it is closed, and sends them home at the end. */
export type Gate = {
  /** Resolves once it is open, with a signal for when it is not any more; with nothing once it has ended. */
  readonly opened: () => Promise<AbortSignal | undefined>;
  readonly isOpen: () => boolean;
  readonly open: () => void;
  readonly close: () => void;
  readonly end: () => void;
};

export const createGate = (isOpen: boolean): Gate => {
  let closing: AbortController | undefined = isOpen ? new AbortController() : undefined;
  let hasEnded = false;
  const waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const each of waiting.splice(0)) each();
  };
  const close = (): void => {
    closing?.abort();
    closing = undefined;
  };
  return {
    opened: async () => {
      while (!hasEnded && closing === undefined) await new Promise<void>(resolve => waiting.push(resolve));
      return hasEnded ? undefined : closing?.signal;
    },
    isOpen: () => closing !== undefined,
    open: () => {
      closing ??= new AbortController();
      wake();
    },
    close,
    end: () => {
      hasEnded = true;
      close();
      wake();
    },
  };
};
