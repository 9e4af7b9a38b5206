import { Buffer } from "node:buffer";
import type { ListedObject } from "../ports/object-store.ts";
import { GroupFailed } from "./group-failed.ts";

/** An object and where it goes below the folder, `/` between its parts. */
export type LocalFile = { readonly object: ListedObject; readonly path: string };

export type LocalPaths = {
  readonly files: readonly LocalFile[];
  /** Folders that keys ending in `/` stand for. */
  readonly directories: readonly string[];
  /** Keys that have no safe path, and were to be left out. */
  readonly skipped: readonly string[];
};

/** What the file system makes of names. */
export type FileSystemTraits = {
  /** `A` and `a` are one file. */
  readonly isFolding: boolean;
  readonly isWindows: boolean;
};

/** Longest name of a file or folder, in bytes of UTF-8. Source: Linux manual page path_resolution(7), NAME_MAX. */
const NAME_BYTES_MAX = 255;

/**
 * The paths of objects below a folder: the keys, without the prefix, as they are.
 *
 * Nothing is cleaned up: a key whose path would lead elsewhere, or back to another key, has none. A key that ends in
 * `/` and has no bytes is a folder.
 *
 * Throws: `GroupFailed` with UNSAFE_KEY or NAME_TOO_LONG for such a key, unless they are to be skipped; with
 *         PATH_COLLISION if two keys want the same place.
 * Source: vectors V36-V38 and V45.
 */
export const localPaths = (
  objects: readonly ListedObject[],
  options: {
    readonly prefix: string;
    readonly unsafeKeys: "fail" | "skip";
    readonly traits: FileSystemTraits;
  },
): LocalPaths => {
  const files: LocalFile[] = [];
  const directories: string[] = [];
  const skipped: string[] = [];
  for (const object of objects) {
    const rest = object.key.slice(options.prefix.length);
    const isDirectory = object.sizeBytes === 0 && (rest === "" || rest.endsWith("/"));
    const path = isDirectory ? rest.slice(0, -1) : rest;
    if (isDirectory && path === "" && rest !== "/") continue;
    const problem = problemOf(path, options.traits);
    if (problem === undefined && isDirectory) directories.push(path);
    else if (problem === undefined) files.push({ object, path });
    else if (options.unsafeKeys === "skip") skipped.push(object.key);
    else throw new GroupFailed(problem.code, `${problem.why}: ${JSON.stringify(object.key)}`);
  }
  checkCollisions(files, directories, options.traits);
  return { files, directories, skipped };
};

type Problem = { readonly code: "UNSAFE_KEY" | "NAME_TOO_LONG"; readonly why: string };

const problemOf = (path: string, { isWindows }: FileSystemTraits): Problem | undefined => {
  for (const part of path.split("/")) {
    if (part === "" || part === "." || part === "..")
      return { code: "UNSAFE_KEY", why: `A part of the key would be "${part}"` };
    if (/[\0\\]/.test(part)) return { code: "UNSAFE_KEY", why: "The key holds a NUL or a backslash" };
    if (!part.isWellFormed()) return { code: "UNSAFE_KEY", why: "The key holds half a character" };
    if (isWindows && isReservedThere(part))
      return { code: "UNSAFE_KEY", why: "The key holds what Windows takes for something else" };
    if (Buffer.byteLength(part) > NAME_BYTES_MAX)
      return { code: "NAME_TOO_LONG", why: `A part of the key has more than ${NAME_BYTES_MAX} bytes` };
  }
  return undefined;
};

/** Source: Microsoft, "Naming Files, Paths, and Namespaces". */
const isReservedThere = (part: string): boolean =>
  /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(part) || /[<>:"|?*\p{Cc}]|[. ]$/u.test(part);

/** Two files at one place, or a file where a folder has to be. */
const checkCollisions = (
  files: readonly LocalFile[],
  directories: readonly string[],
  { isFolding }: FileSystemTraits,
): void => {
  const folded = (path: string): string => (isFolding ? path.normalize("NFC").toLowerCase() : path);
  const taken = new Map<string, string>();
  for (const { path, object } of files) {
    const other = taken.get(folded(path));
    if (other !== undefined) throw collision(object.key, other);
    taken.set(folded(path), object.key);
  }
  const folders = files.flatMap(({ path, object }) =>
    around(path).map(folder => ({ folder, key: object.key })),
  );
  const marked = directories.flatMap(path =>
    [path, ...around(path)].map(folder => ({ folder, key: `${path}/` })),
  );
  for (const { folder, key } of [...folders, ...marked]) {
    const other = taken.get(folded(folder));
    if (other !== undefined) throw collision(key, other);
  }
};

const collision = (key: string, other: string): GroupFailed =>
  new GroupFailed(
    "PATH_COLLISION",
    `${JSON.stringify(key)} and ${JSON.stringify(other)} cannot both be files below one folder`,
  );

/** `a/b/c` lies in `a` and `a/b`. */
export const around = (path: string): readonly string[] => {
  const parts = path.split("/");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/"));
};
