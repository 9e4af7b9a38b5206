import { rmSync } from "node:fs";
import { chmod, lstat, mkdir, readdir, realpath, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Random } from "../ports/random.ts";
import { GroupFailed } from "./group-failed.ts";
import type { FileSystemTraits } from "./local-paths.ts";
import { killAll, processesOf } from "./processes.ts";

/** The folder of one run of the handler. */
export type RunFolder = {
  /** Of the run. */
  readonly id: string;
  /** Holds `root` and what is not for upload. */
  readonly base: string;
  /** What the handler is given, and what is uploaded from. */
  readonly root: string;
  /** Device and inode of `root`: a handler may put something else in its place. */
  readonly identity: string;
  readonly traits: FileSystemTraits;
};

const NAME = /^daybook-bridge-(\d+)-([0-9a-f]{16})$/;
const ID_DIGITS = 16;
/** The folders that this process has in use. */
const inUse = new Set<string>();
process.on("exit", () => {
  for (const base of inUse) removeAtExit(base);
});

/** Whoever still writes there is being killed; what is left is removed at the next start. */
const removeAtExit = (base: string): void => {
  try {
    rmSync(base, { recursive: true, force: true });
  } catch {
    // There is nobody left to tell.
  }
};

/** Makes a folder for one run, which nobody else can read. */
export const openRunFolder = async (temporaryFolder: string, random: Random): Promise<RunFolder> => {
  const id = Array.from({ length: ID_DIGITS }, () => Math.floor(random.next() * 16).toString(16)).join("");
  const base = join(await realpath(temporaryFolder), `daybook-bridge-${process.pid}-${id}`);
  inUse.add(base);
  await mkdir(base, { mode: 0o700 });
  const root = join(base, "files");
  await mkdir(root);
  return { id, base, root, identity: await identityOf(root), traits: await traitsOf(base) };
};

/** Removes it, whatever the handler made of it. */
export const closeRunFolder = async ({ base }: RunFolder): Promise<void> => {
  await removeTree(base);
  inUse.delete(base);
};

/** Empties it for another try. */
export const emptyRunFolder = async ({ root }: RunFolder): Promise<void> => {
  for (const name of await readdir(root)) await rm(join(root, name), { recursive: true });
};

/**
 * Removes the folders that processes left behind which were killed, and their handlers if these still run. Process ids
 * come again, in containers always: a folder with our own id that we do not use is one of these.
 *
 * Returns: how many were removed, and those that could not be: a folder for temporary files is shared, and another
 *          user's leftovers must not keep this bridge from starting.
 */
export const sweepRunFolders = async (
  temporaryFolder: string,
): Promise<{ readonly removed: number; readonly left: readonly string[] }> => {
  const folder = await realpath(temporaryFolder);
  let removed = 0;
  const left: string[] = [];
  for (const name of await readdir(folder)) {
    const [, pid = "", id = ""] = NAME.exec(name) ?? [];
    const path = join(folder, name);
    if (id === "" || inUse.has(path) || (Number(pid) !== process.pid && isAlive(Number(pid)))) continue;
    killAll(processesOf(id, undefined));
    const isRemoved = await removeTree(path).then(
      () => true,
      () => false,
    );
    if (isRemoved) removed += 1;
    else left.push(name);
  }
  return { removed, left };
};

/**
 * Throws: `GroupFailed` with FOLDER_GONE where the handler removed its folder, or put a link or another in its place.
 */
export const checkRoot = async ({ root, identity }: RunFolder): Promise<void> => {
  const now = await identityOf(root).catch((error: NodeJS.ErrnoException) => error.code ?? "");
  if (now !== identity) throw new GroupFailed("FOLDER_GONE", "The handler removed or replaced its folder");
};

const identityOf = async (path: string): Promise<string> => {
  const found = await lstat(path);
  return `${found.dev}:${found.ino}:${found.isDirectory()}`;
};

const traitsOf = async (base: string): Promise<FileSystemTraits> => {
  const probe = join(base, "Probe");
  await writeFile(probe, "");
  const isFolding = await stat(join(base, "probe")).then(
    () => true,
    () => false,
  );
  await rm(probe);
  return { isFolding, isWindows: process.platform === "win32" };
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

/** Folders without permissions cannot be emptied by whoever owns them, unless they get them back first. */
const removeTree = async (path: string): Promise<void> => {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    await openTree(path);
    await rm(path, { recursive: true, force: true });
  }
};

const openTree = async (path: string): Promise<void> => {
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, 0o700);
  for (const name of await readdir(path)) await openTree(join(path, name));
};
