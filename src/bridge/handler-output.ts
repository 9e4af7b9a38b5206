import { Buffer } from "node:buffer";
import type { Readable } from "node:stream";
import type { Log } from "../ports/log.ts";
import type { BridgeTime } from "./ports.ts";

/** Lines of a handler that are logged; further ones are counted. */
const LINES_MAX = 1_000;
const LINE_CHARACTERS_MAX = 2_000;
/** The end of what it wrote to stderr, which usually says why it failed. */
const TAIL_CHARACTERS = 500;

/** What a handler prints, from now on. */
export type HandlerOutput = {
  readonly tail: () => string;
  /** Waits for the end of both streams, no longer than that. */
  readonly ended: (time: BridgeTime, waitMs: number) => Promise<void>;
};

/** Logs a handler's output line by line, and reads on where it logs no more: a full pipe would stop the handler. */
export const handlerOutput = (
  { stdout, stderr }: { readonly stdout: Readable; readonly stderr: Readable },
  log: Log,
  onBytes: (total: number) => void,
): HandlerOutput => {
  let bytes = 0;
  let lines = 0;
  let tail = "";
  const say = (stream: string, line: string): void => {
    lines += 1;
    if (lines <= LINES_MAX) log.info("Handler said", { stream, line: line.slice(0, LINE_CHARACTERS_MAX) });
  };
  const read = (name: string, stream: Readable): Promise<void> => {
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      bytes += Buffer.byteLength(text);
      onBytes(bytes);
      if (name === "stderr") tail = (tail + text).slice(-TAIL_CHARACTERS);
      if (lines > LINES_MAX) return;
      const parts = (rest + text).split("\n");
      rest = (parts.pop() ?? "").slice(0, LINE_CHARACTERS_MAX);
      for (const line of parts) say(name, line);
    });
    return new Promise(resolve => {
      stream.once("close", () => {
        if (rest !== "") say(name, rest);
        resolve();
      });
    });
  };
  const closed = Promise.all([read("stdout", stdout), read("stderr", stderr)]);
  return {
    tail: () => tail.trim(),
    ended: async (time, waitMs) => {
      const cancel = time.alarm(waitMs, () => {
        stdout.destroy();
        stderr.destroy();
      });
      await closed;
      cancel();
      if (lines > LINES_MAX) log.warn("Handler said more than is logged", { lines, logged: LINES_MAX });
    },
  };
};
