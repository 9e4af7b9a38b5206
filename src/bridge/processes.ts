import { existsSync, readdirSync, readFileSync } from "node:fs";

/** The variable by which processes of a run are found again, even those that left its process group. */
export const RUN_ID_VAR = "BRIDGE_RUN_ID";

/** Whether processes can be looked up. Elsewhere only the process group of a handler is known. */
const hasProc = existsSync("/proc/self/environ");

/** Sends a signal to a process group; one that is gone needs none. */
export const signalGroup = (group: number, signal: NodeJS.Signals): void => signalTo(-group, signal);

/** Kills each of these processes; those that are gone already count as killed. */
export const killAll = (pids: readonly number[]): void => {
  for (const pid of pids) signalTo(pid, "SIGKILL");
};

const signalTo = (target: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(target, signal);
  } catch (error) {
    // EPERM: the group has become another user's, so ours is gone.
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
};

/**
 * The processes of a run that live: those of its group, and those that carry its id in their environment, as children do
 * that made a session of their own. A child that throws its environment away besides is not found.
 */
export const processesOf = (runId: string, group: number | undefined): readonly number[] => {
  if (!hasProc) return group !== undefined && isGroupAlive(group) ? [-group] : [];
  return readdirSync("/proc")
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => pid !== process.pid && isOf(pid, runId, group));
};

const isGroupAlive = (group: number): boolean => {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
};

const isOf = (pid: number, runId: string, group: number | undefined): boolean => {
  const stat = readOf(pid, "stat");
  // The name in brackets may hold anything; state, parent and group follow it. Z is a process that ended.
  const [state, , processGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (stat === "" || state === "Z" || state === "X") return false;
  if (group !== undefined && Number(processGroup) === group) return true;
  return readOf(pid, "environ").split("\0").includes(`${RUN_ID_VAR}=${runId}`);
};

/** A process may end, or belong to somebody else, while it is looked at. */
const readOf = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
};
