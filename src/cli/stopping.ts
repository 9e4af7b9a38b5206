import { constants } from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type StopSignal = (typeof SIGNALS)[number];

/** The wishes of others that this process ends. */
export type Stopping = {
  /**
   * From now on a wish to stop does not end this process, but resolves this with its reason. A second Ctrl-C ends it
   * all the same.
   */
  asked(): Promise<string>;
};

/** What a shell reports of a program that a signal ended. */
const exitCodeOf = (signal: StopSignal): number => 128 + constants.signals[signal];

/** The launcher sends `{ signal }` for each signal it gets. */
const signalIn = (message: unknown): StopSignal | undefined => {
  const { signal } = (message ?? {}) as { readonly signal?: unknown };
  return SIGNALS.find(known => known === signal);
};

/**
 * Listens for signals, for those the launcher passes on, and for the launcher's end, whatever ended it. Until somebody
 * asks, each of these ends the process at once; Java ends with it (see `startGuarded`).
 *
 * A terminal and `timeout` signal the launcher and this process both, and the launcher passes its own on: how often
 * Ctrl-C was pressed is therefore the larger of the two counts, not their sum.
 */
export const listenForStop = (): Stopping => {
  const interrupts = { direct: 0, passedOn: 0 };
  let resolveAsked: ((reason: string) => void) | undefined;
  const stop = (reason: string, exitCode: number): void => {
    if (resolveAsked === undefined || Math.max(interrupts.direct, interrupts.passedOn) > 1)
      process.exit(exitCode);
    resolveAsked(reason);
  };
  const onSignal = (signal: StopSignal, way: keyof typeof interrupts): void => {
    if (signal === "SIGINT") interrupts[way] += 1;
    stop(signal, exitCodeOf(signal));
  };
  for (const signal of SIGNALS) process.on(signal, () => onSignal(signal, "direct"));
  process.on("message", message => {
    const signal = signalIn(message);
    if (signal !== undefined) onSignal(signal, "passedOn");
  });
  const onLauncherGone = (): void => stop("the launcher is gone", exitCodeOf("SIGHUP"));
  process.on("disconnect", onLauncherGone);
  // It may have gone before anybody listened. Without a launcher this is undefined.
  if (process.connected === false) onLauncherGone();
  // The channel only tells of the launcher; it must not keep this process alive.
  process.channel?.unref();
  return {
    asked: () =>
      new Promise(resolve => {
        resolveAsked = resolve;
      }),
  };
};
