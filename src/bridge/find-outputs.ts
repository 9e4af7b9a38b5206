import { Buffer } from "node:buffer";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { GroupFailed } from "./group-failed.ts";
import { around } from "./local-paths.ts";
import { mapAll } from "./map-all.ts";
import type { PulledFile } from "./pull.ts";
import { checkRoot, type RunFolder } from "./run-folder.ts";
import { type Digests, digestsOf, isUntouched, type Stamp, stampOf } from "./signature.ts";

/** A file to be uploaded. */
export type OutputFile = Digests & {
  /** Below the folder, `/` between its parts. */
  readonly path: string;
  /** What was pulled to this path, if anything was. */
  readonly pulled: PulledFile | undefined;
};

/** What the handler left behind. */
export type Outputs = {
  readonly files: readonly OutputFile[];
  /** Pulled files that are not there any more, nor a link in their place. */
  readonly deleted: readonly PulledFile[];
  /** Links, sockets, pipes and devices, which are never followed nor uploaded. */
  readonly ignored: readonly string[];
};

/** Reading and hashing is the work of one processor at a time; more files at once only cost memory. */
const FILES_AT_ONCE = 4;
/** A million names fit the memory of any machine that has room for as many files. */
const ENTRIES_MAX = 1_000_000;

/**
 * Compares the folder with what was pulled into it: by stamp where that tells enough, else by content.
 *
 * `sinceNs`: when the handler was started, by the file system's own clock.
 * Throws: `GroupFailed` with FOLDER_GONE, UNSAFE_NAME for a name that is no UTF-8 or holds a backslash, DISK_QUOTA.
 * Source: S3 Event Bridge, "Invocation sequence"; vectors V26-V31 and V51.
 */
export const findOutputs = async (
  folder: RunFolder,
  pulled: readonly PulledFile[],
  options: { readonly sinceNs: bigint; readonly isAll: boolean; readonly diskBytesMax: number },
): Promise<Outputs> => {
  await checkRoot(folder);
  const before = new Map(pulled.map(file => [file.path, file]));
  const { files, others } = await entriesOf(folder.root);
  const bytes = files.reduce((sum, { stamp }) => sum + Number(stamp.sizeBytes), 0);
  if (bytes > options.diskBytesMax)
    throw new GroupFailed("DISK_QUOTA", `${bytes} bytes of files, at most ${options.diskBytesMax}`);
  const compared = await mapAll(files, FILES_AT_ONCE, async ({ path, stamp }) => {
    const known = before.get(path);
    if (known && !options.isAll && isUntouched(known.signature.stamp, stamp, options.sinceNs))
      return undefined;
    const digests = await digestsOf(join(folder.root, path));
    const isChanged = options.isAll || known?.signature.sha256 !== digests.sha256;
    return isChanged ? { ...digests, path, pulled: known } : undefined;
  });
  // A link in the place of a file, or of a folder around it, does not say that the object is to go.
  const present = new Set(files.map(({ path }) => path));
  const replaced = new Set(others);
  const isThere = ({ path }: PulledFile): boolean =>
    present.has(path) || [path, ...around(path)].some(each => replaced.has(each));
  return {
    files: compared.filter(file => file !== undefined),
    deleted: pulled.filter(file => !isThere(file)),
    ignored: others,
  };
};

type Entries = {
  readonly files: readonly { readonly path: string; readonly stamp: Stamp }[];
  readonly others: readonly string[];
};

/** Everything below a folder; links are looked at, not followed. */
const entriesOf = async (root: string): Promise<Entries> => {
  const files: { path: string; stamp: Stamp }[] = [];
  const others: string[] = [];
  const waiting = [""];
  for (let at = 0; at < waiting.length; at += 1) {
    const directory = waiting[at] ?? "";
    for (const name of await readdir(join(root, directory), { encoding: "buffer" })) {
      const path = directory === "" ? decoded(name) : `${directory}/${decoded(name)}`;
      const stats = await lstat(join(root, path), { bigint: true });
      if (stats.isDirectory()) waiting.push(path);
      else if (stats.isFile()) files.push({ path: keyable(path), stamp: stampOf(stats) });
      else others.push(path);
    }
    if (waiting.length + files.length + others.length > ENTRIES_MAX)
      throw new GroupFailed("DISK_QUOTA", `More than ${ENTRIES_MAX} files and folders`);
  }
  // In the order of keys, so that what is stored when does not hang on the file system.
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, others: others.sort() };
};

const decoded = (name: Buffer): string => {
  const text = name.toString("utf8");
  if (Buffer.from(text).equals(name)) return text;
  throw new GroupFailed("UNSAFE_NAME", `A name is no UTF-8, so it can be no key: ${JSON.stringify(text)}`);
};

/**
 * A program written for Windows may mean a folder by it. As a key it would be one that no bridge pulls again: the folder
 * it is stored in would fail from then on.
 */
const keyable = (path: string): string => {
  if (!path.includes("\\")) return path;
  throw new GroupFailed(
    "UNSAFE_NAME",
    `A name holds a backslash: write folders with /, or rename ${JSON.stringify(path)}`,
  );
};

const SLASH = Buffer.from("/");

/** Bytes below a folder, as far as they can be read while somebody works in it. */
export const bytesBelow = async (root: string): Promise<number> => {
  let bytes = 0;
  // Names that are no UTF-8 take room too.
  const waiting = [Buffer.from(root)];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    const entries = await readdir(directory, { withFileTypes: true, encoding: "buffer" }).catch(() => []);
    for (const entry of entries) {
      const path = Buffer.concat([directory, SLASH, entry.name]);
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile())
        bytes += await lstat(path).then(
          ({ size }) => size,
          () => 0,
        );
    }
  }
  return bytes;
};
