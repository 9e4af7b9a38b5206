import type { Log, LogFacts } from "../ports/log.ts";

const line =
  (level: string) =>
  (message: string, facts: LogFacts = {}) => {
    process.stderr.write(`${JSON.stringify({ level, message, ...facts })}\n`);
  };

/** One JSON object per line on stderr, where Lambda's log collector takes it up. */
export const jsonLog: Log = { info: line("INFO"), warn: line("WARN"), error: line("ERROR") };
