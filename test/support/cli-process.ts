import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

/** How a program ended. */
export type Ended = {
  /** `null` after a signal. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type Started = {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it wrote so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
};

export type StartOptions = {
  readonly cwd?: string;
  /** On top of an environment without any AWS, Daybook, npm or colour variable. */
  readonly env?: Readonly<Record<string, string>>;
};

/** The launcher, as the shell runs it. */
export const LAUNCHER = fileURLToPath(new URL("../../bin/daybook.js", import.meta.url));
/** Longest life of a program started here: longer than any test may take on a busy machine. */
const LIFE_MS_MAX = 300_000;

const cleanEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || /^(AWS_|DAYBOOK_|npm_|NO_COLOR|FORCE_COLOR|NODE_OPTIONS|VITEST)/.test(name)
        ? []
        : [[name, value]],
    ),
  );

const started = new Set<Started>();
const folders: string[] = [];

/** A folder for one test. */
export const testFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "daybook-cli-"));
  folders.push(folder);
  return folder;
};

/** Starts any program; `endAll` or its time limit ends it with all its descendants. */
export const start = (program: string, args: readonly string[], options: StartOptions = {}): Started => {
  const child = spawn(program, args, {
    cwd: options.cwd ?? testFolder(),
    env: { ...cleanEnvironment(), ...options.env },
    stdio: "pipe",
  });
  child.stdin.on("error", () => {});
  const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)];
  const limit = setTimeout(() => killTree(child.pid ?? 0), LIFE_MS_MAX);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", exitCode => resolve({ exitCode, stdout: stdout(), stderr: stderr() }));
  }).finally(() => clearTimeout(limit));
  const process_ = { child, pid: child.pid ?? 0, stdout, stderr, ended };
  started.add(process_);
  return process_;
};

/** Starts `daybook ARGS` through the launcher. */
export const startDaybook = (args: readonly string[], options?: StartOptions): Started =>
  start(process.execPath, [LAUNCHER, ...args], options);

/** Runs `daybook ARGS` to its end. */
export const daybook = (args: readonly string[], options?: StartOptions): Promise<Ended> =>
  startDaybook(args, options).ended;

/** A `daybook up --json` that has said that it is up. */
export type Up = Started & {
  /** The process to signal, as it says itself. */
  readonly upPid: number;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
};

/** Waits for the line that `up --json` prints; `process_` is the launcher or whatever started it. */
export const whenUp = async (process_: Started, folder: string): Promise<Up> => {
  await until(() => process_.stdout().includes("\n") || process_.child.exitCode !== null);
  if (!process_.stdout().includes("\n"))
    throw new Error(`Expected daybook up to start, got: ${process_.stderr()}`);
  const { pid, env } = JSON.parse(process_.stdout()) as { pid: number; env: Record<string, string> };
  return { ...process_, upPid: pid, env, folder };
};

export const startUp = (args: readonly string[] = [], options: StartOptions = {}): Promise<Up> => {
  const folder = options.cwd ?? testFolder();
  return whenUp(startDaybook(["up", "--json", ...args], { ...options, cwd: folder }), folder);
};

/** Ends what the test started, by id, and removes its folders. For `afterEach` or `afterAll`. */
export const endAll = async (): Promise<void> => {
  for (const { pid, child } of started)
    if (child.exitCode === null && child.signalCode === null) killTree(pid);
  // Those that lost their parents: a test that fails must not leave behind what it found missing a parent.
  for (const [pid, startedAt] of seen)
    if (startedAt !== "" && startOf(pid) === startedAt) signal(pid, "SIGKILL");
  for (const { ended } of started) await ended;
  started.clear();
  seen.clear();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
};

const killTree = (pid: number): void => {
  for (const each of [...descendantsOf(pid), pid]) signal(each, "SIGKILL");
};

/** Sends a signal; a process that is gone needs none. */
export const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
};

/** Descendants of our own processes, each with its start time: a number that comes again is another process. */
const seen = new Map<number, string>();

/** Children of a process, their children, and so on. `endAll` ends them too, whoever their parent is by then. */
export const descendantsOf = (pid: number): readonly number[] => {
  const parents = parentsOfAll();
  const childrenOf = (parent: number): number[] =>
    parents.flatMap(([id, its]) => (its === parent ? [id] : []));
  const found: number[] = [];
  for (let next = childrenOf(pid); next.length > 0; next = next.flatMap(childrenOf)) found.push(...next);
  for (const each of found) seen.set(each, startOf(each));
  return found;
};

type ProcessAndParent = readonly [pid: number, parent: number];

const parentsOfAll = (): readonly ProcessAndParent[] => {
  if (!existsSync("/proc/self/stat"))
    return execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
      .trim()
      .split("\n")
      .map(line => line.trim().split(/\s+/).map(Number) as [number, number]);
  return readdirSync("/proc").flatMap(name => {
    const stat = /^\d+$/.test(name) ? statOf(name) : "";
    return stat === "" ? [] : [[Number(name), Number(fieldsOf(stat)[1])] as const];
  });
};

const statOf = (pid: number | string): string => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return ""; // It ended in the meantime.
  }
};

/** State, parent and what follows: the fields behind the name, which may hold blanks. */
const fieldsOf = (stat: string): readonly string[] => stat.slice(stat.lastIndexOf(")") + 2).split(" ");

/** In clock ticks, where the system tells; else empty. */
const startOf = (pid: number): string => fieldsOf(statOf(pid))[19] ?? "";

/** Whether a process runs; one that nobody has buried yet does not. */
export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return fieldsOf(statOf(pid))[0] !== "Z";
};

/**
 * An operating system with two busy cores needs a moment to take processes away, and Java to start; a busy disk holds
 * DynamoDB Local up for as long as it takes, and a call that got no answer is given up after 30 seconds.
 */
const UNTIL_MS_MAX = 100_000;
const POLL_MS = 20;

/** Resolves once something holds that nobody tells us of. */
export const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let waitedMs = 0; waitedMs < UNTIL_MS_MAX; waitedMs += POLL_MS) {
    if (await holds()) return;
    await delay(POLL_MS);
  }
  expect(await holds()).toBe(true);
};

/** Resolves once none of these processes runs. */
export const untilGone = async (pids: readonly number[]): Promise<void> => {
  expect(pids.length).toBeGreaterThan(0);
  await until(() => !pids.some(isRunning));
};

const textOf = (stream: NodeJS.ReadableStream): (() => string) => {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (more: string) => {
    text += more;
  });
  return () => text;
};
