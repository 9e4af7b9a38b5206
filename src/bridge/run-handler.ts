import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { Log } from "../ports/log.ts";
import { GroupFailed } from "./group-failed.ts";
import { handlerOutput } from "./handler-output.ts";
import type { BridgeTime } from "./ports.ts";
import { killAll, processesOf, signalGroup } from "./processes.ts";

export type HandlerRun = {
  readonly command: readonly string[];
  /** Holds the run's id, by which its processes are found. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runId: string;
  readonly timeMs: number;
  readonly printedBytesMax: number;
  readonly okExitCodes: readonly number[];
  /** Looks whether the handler has taken too much room; text says how much. */
  readonly overQuota: () => Promise<string | undefined>;
  readonly time: BridgeTime;
  readonly log: Log;
};

/** Between the wish that a handler ends and its end. */
const TERM_MS = 2_000;
/** How long processes may outlive the one they belong to: a pipe's last reader ends a moment after the shell. */
const SETTLE_MS = 500;
const SETTLE_LOOK_MS = 25;
/** Often enough that a disk takes no more than a second's writing beyond its quota. */
const QUOTA_LOOK_MS = 500;
/** Whoever is killed begets no more; a second round is rare. */
const KILL_ROUNDS_MAX = 40;
/** For the last of the output, once nobody can write any more. */
const CLOSE_MS = 2_000;

/** Process groups of handlers that run, killed if this process ends first. */
const running = new Set<number>();
process.on("exit", () => {
  for (const group of running) signalGroup(group, "SIGKILL");
});

type Child = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Runs the handler to its end, in a process group of its own, and leaves no process behind.
 *
 * Throws: `GroupFailed` with HANDLER_MISSING, HANDLER_EXIT, HANDLER_SIGNAL, HANDLER_TIMEOUT, PRINTED_TOO_MUCH,
 *         DISK_QUOTA, or HANDLER_LEFT_PROCESSES if others of its group were still at work when it ended.
 */
export const runHandler = async (run: HandlerRun): Promise<void> => {
  const child = await started(run);
  const group = child.pid ?? 0;
  running.add(group);
  let failure: GroupFailed | undefined;
  let isEnded = false;
  const stop = (reason: GroupFailed, signal: NodeJS.Signals): void => {
    failure ??= reason;
    if (!isEnded) signalGroup(group, signal);
  };
  const cancels = [
    run.time.alarm(run.timeMs, () => stop(timedOut(run), "SIGTERM")),
    run.time.alarm(run.timeMs + TERM_MS, () => stop(timedOut(run), "SIGKILL")),
    watchQuota(run, reason => stop(reason, "SIGKILL")),
  ];
  const output = handlerOutput(child, run.log, bytes => {
    if (bytes > run.printedBytesMax) stop(printedTooMuch(run), "SIGKILL");
  });
  try {
    const [exitCode, signal] = await endOf(child);
    // From here on its id may be another program's.
    isEnded = true;
    for (const cancel of cancels) cancel();
    failure ??= await leftBehind(run, group);
    await killRest(run, group);
    await output.ended(run.time, CLOSE_MS);
    failure ??= failureOf(run, exitCode, signal, output.tail());
  } finally {
    for (const cancel of cancels) cancel();
    running.delete(group);
  }
  if (failure !== undefined) throw failure;
};

const started = ({ command, env }: HandlerRun): Promise<Child> =>
  new Promise((resolve, reject) => {
    const [program = "", ...args] = command;
    const missing = (error: unknown): void =>
      reject(new GroupFailed("HANDLER_MISSING", `${program} cannot be started: ${String(error)}`));
    try {
      const child = spawn(program, args, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
      child.once("error", missing);
      child.once("spawn", () => resolve(child));
    } catch (error) {
      missing(error);
    }
  });

const endOf = (child: Child): Promise<readonly [number | null, NodeJS.Signals | null]> =>
  new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) resolve([child.exitCode, child.signalCode]);
    else child.once("exit", (exitCode, signal) => resolve([exitCode, signal]));
  });

/** Looks again and again, until it is told that it need not. */
const watchQuota = (run: HandlerRun, stop: (reason: GroupFailed) => void): (() => void) => {
  let isOver = false;
  let cancel = (): void => {};
  const look = async (): Promise<void> => {
    const problem = await run.overQuota();
    if (isOver) return;
    if (problem !== undefined) stop(new GroupFailed("DISK_QUOTA", problem));
    else cancel = run.time.alarm(QUOTA_LOOK_MS, () => void look());
  };
  cancel = run.time.alarm(QUOTA_LOOK_MS, () => void look());
  return () => {
    isOver = true;
    cancel();
  };
};

/** Kills until nobody is left: while some are found, others may be born. */
const killRest = async (run: HandlerRun, group: number): Promise<void> => {
  for (let round = 1; round <= KILL_ROUNDS_MAX; round += 1) {
    const left = processesOf(run.runId, group);
    if (left.length === 0) return;
    killAll(left);
    await run.time.sleep(SETTLE_LOOK_MS);
  }
  run.log.error("Processes of a handler could not be killed", { runId: run.runId });
};

/** What works on when the handler has ended would write into files that are being uploaded. */
const leftBehind = async (run: HandlerRun, group: number): Promise<GroupFailed | undefined> => {
  for (let waitedMs = 0; waitedMs < SETTLE_MS; waitedMs += SETTLE_LOOK_MS) {
    if (processesOf(run.runId, group).length === 0) return undefined;
    await run.time.sleep(SETTLE_LOOK_MS);
  }
  const left = processesOf(run.runId, group).length;
  if (left === 0) return undefined;
  return new GroupFailed(
    "HANDLER_LEFT_PROCESSES",
    `The handler ended and left ${left} processes at work: it has to wait for them`,
  );
};

const timedOut = ({ timeMs }: HandlerRun): GroupFailed =>
  new GroupFailed("HANDLER_TIMEOUT", `The handler did not end within ${Math.round(timeMs / 1000)} s`);

const printedTooMuch = ({ printedBytesMax }: HandlerRun): GroupFailed =>
  new GroupFailed("PRINTED_TOO_MUCH", `The handler printed more than ${printedBytesMax} bytes`);

const failureOf = (
  { okExitCodes }: HandlerRun,
  exitCode: number | null,
  signal: NodeJS.Signals | null,
  tail: string,
): GroupFailed | undefined => {
  const said = tail === "" ? "" : `: ${tail}`;
  if (signal !== null) return new GroupFailed("HANDLER_SIGNAL", `The handler was ended by ${signal}${said}`);
  if (exitCode !== null && okExitCodes.includes(exitCode)) return undefined;
  return new GroupFailed("HANDLER_EXIT", `The handler exited with ${exitCode}${said}`);
};
