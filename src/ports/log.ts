/** Flat facts of one log line. Never the contents of a request. */
export type LogFacts = Readonly<Record<string, string | number | boolean | undefined>>;

/** Structured log lines: one event of the software each, with the facts that identify it. */
export interface Log {
  info(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts): void;
  error(message: string, facts?: LogFacts): void;
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };
