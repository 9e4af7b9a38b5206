/** The exit code after Ctrl-C, as shells have it: 128 and the number of SIGINT. */
export const INTERRUPTED = 130;
/** npm hands a Ctrl-C on to a process that the terminal has told already: what comes this soon is the same one. */
const SAME_MS = 1_000;

let firstMs: number | undefined;
const { promise, resolve } = Promise.withResolvers<void>();

/** Whether Ctrl-C was pressed. */
export const isInterrupted = (): boolean => firstMs !== undefined;

/** From now on the first Ctrl-C ends what is under way, so that what was found so far is printed; the next one ends all. */
export const heedInterrupts = (): void => {
  process.on("SIGINT", () => {
    if (firstMs !== undefined && performance.now() - firstMs > SAME_MS) process.exit(INTERRUPTED);
    firstMs ??= performance.now();
    resolve();
  });
};

/** What work comes to; once interrupted, what it had come to when it failed: Ctrl-C ends the workers, too. */
export const endOrSoFar = async <End>(work: Promise<End>, soFar: () => End): Promise<End> => {
  try {
    return await work;
  } catch (error) {
    if (isInterrupted()) return soFar();
    throw error;
  }
};

/** The same for work that cannot be told to stop: it is not waited for. */
export const endOrSoFarAtOnce = <End>(work: Promise<End>, soFar: () => End): Promise<End> =>
  Promise.race([endOrSoFar(work, soFar), promise.then(soFar)]);
