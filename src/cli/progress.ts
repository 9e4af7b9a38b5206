import { SingleBar } from "cli-progress";

/** How far a long command is. */
export type Progress = {
  /** What is being done, e.g. `reading`. */
  readonly doing: string;
  /** Out of `total`, in any unit, for the bar and the time left. Without a total there is no bar. */
  readonly done: number;
  readonly total?: number;
  /** Rows so far; their rate is shown. */
  readonly rows: number;
  /** Anything else worth a word, e.g. `file 2 of 3`. */
  readonly note?: string;
};

/** A line on the terminal that says how far a command is. */
export type ProgressLine = {
  show(progress: Progress): void;
  /** Takes the line away. */
  close(): void;
};

const NO_LINE: ProgressLine = { show: () => {}, close: () => {} };
const BAR = "{doing} {bar} {percentage}% | {rows} rows, {rate}/s {note}| {eta_formatted} left";
const NO_BAR = "{doing} | {rows} rows, {rate}/s {note}";
const BAR_COLUMNS = 24;

/**
 * A progress line on stderr, if that is a terminal that can move its cursor; else nothing. Without colours, so that
 * NO_COLOR has nothing to take away.
 */
export const createProgressLine = (): ProgressLine => {
  if (!process.stderr.isTTY || process.env.TERM === "dumb") return NO_LINE;
  const startedAt = performance.now();
  let bar: SingleBar | undefined;
  let doing: string | undefined;
  const stop = (): void => bar?.stop();
  return {
    show: progress => {
      const { done, total, rows } = progress;
      const seconds = Math.max(1, (performance.now() - startedAt) / 1000);
      const note = progress.note === undefined ? "" : `| ${progress.note} `;
      const facts = { doing: progress.doing, rows, rate: Math.round(rows / seconds), note };
      if (progress.doing !== doing) {
        stop();
        doing = progress.doing;
        bar = newBar(total === undefined ? NO_BAR : BAR);
        bar.start(total ?? 1, 0, facts);
      }
      if (total !== undefined) bar?.setTotal(total);
      bar?.update(done, facts);
    },
    close: stop,
  };
};

/** Signals are for the command itself to heed. */
const newBar = (format: string): SingleBar =>
  new SingleBar({
    format,
    stream: process.stderr,
    barsize: BAR_COLUMNS,
    hideCursor: null,
    clearOnComplete: true,
    gracefulExit: false,
  });
