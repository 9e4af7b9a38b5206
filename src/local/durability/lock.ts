import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Another living process keeps its cloud in this folder. */
export class DataFolderLocked extends Error {
  override readonly name = "DataFolderLocked";
  readonly folder: string;
  readonly pid: number;
  constructor(folder: string, pid: number) {
    super(`The data folder ${folder} is in use by process ${pid}. Stop it, or choose another folder.`);
    this.folder = folder;
    this.pid = pid;
  }
}

type Holder = { readonly pid: number; readonly started: string };

/** Every retry follows the removal of a dead holder's lock; more than a few means that somebody keeps taking it. */
const ATTEMPTS_MAX = 5;

/**
 * Takes the folder for this process. A lock whose holder is dead is taken over; the process's start time tells a dead
 * holder from another process that got its number.
 * Returns: release. Throws: DataFolderLocked.
 */
export const lockFolder = (folder: string): (() => void) => {
  const path = join(folder, "lock");
  const mine: Holder = { pid: process.pid, started: startOf(process.pid) };
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (created(path, JSON.stringify(mine))) return () => rmSync(path, { force: true });
    const holder = holderOf(path);
    if (holder !== undefined && isAlive(holder)) throw new DataFolderLocked(folder, holder.pid);
    removeIfStill(path, holder);
  }
  throw new DataFolderLocked(folder, holderOf(path)?.pid ?? 0);
};

const created = (path: string, text: string): boolean => {
  try {
    writeFileSync(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
};

const holderOf = (path: string): Holder | undefined => {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder; // written by lockFolder
  } catch (error) {
    // Gone in between, or cut short by the end of its writer: nobody holds it.
    if (isCode(error, "ENOENT") || error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/** Moves the dead lock aside first: of two that find it, only one moves it, and a fresh lock is put back. */
const removeIfStill = (path: string, dead: Holder | undefined): void => {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isCode(error, "ENOENT")) return;
    throw error;
  }
  const moved = holderOf(aside);
  if (moved?.pid !== dead?.pid && moved !== undefined && isAlive(moved)) renameSync(aside, path);
  else rmSync(aside, { force: true });
};

const isAlive = ({ pid, started }: Holder): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (isCode(error, "ESRCH")) return false;
    if (!isCode(error, "EPERM")) throw error;
  }
  // Killed, but nobody has asked how it ended: a zombie holds nothing.
  if (statOf(pid)[0] === "Z") return false;
  return started === "" || startOf(pid) === "" || startOf(pid) === started;
};

/** Start time of a process in clock ticks, where the system tells (field 22 of /proc/PID/stat on Linux); else empty. */
const startOf = (pid: number): string => statOf(pid)[19] ?? "";

/** The fields of /proc/PID/stat from the third, the state, on; empty where there is none. */
const statOf = (pid: number): readonly string[] => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "ESRCH")) return [];
    throw error;
  }
};

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
