import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

/** A program that does not outlive us. */
export type GuardedProcess = {
  /** Of the program itself; `undefined` until it has started. */
  pid(): number | undefined;
  isRunning(): boolean;
  /** Exit code, `NOT_FOUND` where there is no such program, `null` after a signal. */
  readonly ended: Promise<number | null>;
  /** The last of what it wrote. */
  output(): string;
  /** Asks it to end, then makes it; resolves when it is gone. May be called again. */
  stop(): Promise<void>;
};

/** What a shell exits with if it cannot find the program. */
export const NOT_FOUND = 127;

const STOP_MS_MAX = 5_000;
const OUTPUT_KEPT_CHARS = 8_000;

/**
 * Starts the program, tells its process id, waits for it. A reader beside it holds a pipe from us: when our end
 * closes, however we ended, the reader kills the program.
 */
const GUARD = `
exec 3<&0
"$@" 3<&- </dev/null >&2 &
program=$!
echo "$program"
(read -r nothing <&3; kill -9 "$program") 2>/dev/null &
reader=$!
wait "$program"
code=$?
kill -9 "$reader" 2>/dev/null
exit "$code"
`;

/** Starts a program that ends when we do, SIGKILL included. On Windows, which has no such shell, without the guard. */
export const startGuarded = (program: string, args: readonly string[]): GuardedProcess => {
  const guarded = process.platform !== "win32";
  const child = guarded
    ? // Its own process group: Ctrl-C in a terminal is ours to handle, and the program has to last until we are done.
      spawn("/bin/sh", ["-c", GUARD, "sh", program, ...args], { stdio: "pipe", detached: true })
    : spawn(program, args, { stdio: "pipe" });
  // The guard may be gone before us; nothing is ever written to the pipe.
  child.stdin.on("error", () => {});
  const announced = textOf(child.stdout);
  const output = textOf(child.stderr);
  const pid = () => (guarded ? Number.parseInt(announced(), 10) || undefined : child.pid);
  let running = true;
  const ended = endOf(child).finally(() => {
    running = false;
  });
  return { pid, isRunning: () => running, ended, output, stop: () => stop(child, pid, ended) };
};

const textOf = (stream: NodeJS.ReadableStream): (() => string) => {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (more: string) => {
    text = (text + more).slice(-OUTPUT_KEPT_CHARS);
  });
  return () => text;
};

const endOf = (child: ChildProcessWithoutNullStreams): Promise<number | null> =>
  new Promise(resolve => {
    child.once("close", resolve);
    child.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code === "ENOENT" ? NOT_FOUND : null),
    );
  });

const stop = async (
  child: ChildProcessWithoutNullStreams,
  pid: () => number | undefined,
  ended: Promise<unknown>,
): Promise<void> => {
  if (child.exitCode === null) signal(pid(), "SIGTERM");
  const force = setTimeout(() => {
    child.stdin.destroy();
    signal(pid(), "SIGKILL");
  }, STOP_MS_MAX);
  await ended;
  clearTimeout(force);
};

const signal = (pid: number | undefined, name: "SIGTERM" | "SIGKILL"): void => {
  if (pid === undefined) return;
  try {
    process.kill(pid, name);
  } catch (error) {
    // It ended by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
};
