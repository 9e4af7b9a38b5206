import { open, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FileChanged } from "./errors.ts";
import type { Source, Sources } from "./source.ts";

/** Pieces a file is streamed in: few calls, and little memory. */
const PIECE_BYTES = 1024 * 1024;

type Facts = { readonly size: number; readonly ino: number; readonly mtimeMs: number };

/**
 * A file on disk. Its size, its time of change and its identity are compared at every reading, so that what is read
 * is what was checked before.
 *
 * Returns: undefined if there is no such file.
 */
export const openFile = async (path: string): Promise<Source | undefined> => {
  const facts = await factsOf(path);
  if (facts === undefined) return undefined;
  const sizeBytes = facts.size;
  const read = (start: number, end: number) => readRange(path, facts, { start, end });
  return {
    name: path,
    sizeBytes,
    read,
    async *stream() {
      for (let start = 0; start < sizeBytes; start += PIECE_BYTES)
        yield await read(start, Math.min(start + PIECE_BYTES, sizeBytes));
    },
  };
};

/**
 * The data files of a report on disk, each found by the last part of its key: beside the manifest, or in the folder
 * `data` next to the manifest's own, where they lie when a report was copied with its folders.
 */
export const filesBeside = (manifestPath: string): Sources => {
  const folder = dirname(manifestPath);
  const pathOf = (key: string) => join(folder, basename(key));
  return {
    nameOf: pathOf,
    open: async key =>
      (await openFile(pathOf(key))) ?? (await openFile(join(folder, "..", "data", basename(key)))),
  };
};

const factsOf = async (path: string): Promise<Facts | undefined> => {
  try {
    const facts = await stat(path);
    return facts.isFile() ? facts : undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return undefined;
    throw error;
  }
};

const readRange = async (
  path: string,
  facts: Facts,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<Uint8Array<ArrayBuffer>> => {
  const file = await open(path).catch((error: unknown) => {
    throw error instanceof Error && "code" in error && error.code === "ENOENT"
      ? new FileChanged(path)
      : error;
  });
  try {
    const { size, ino, mtimeMs } = await file.stat();
    if (size !== facts.size || ino !== facts.ino || mtimeMs !== facts.mtimeMs) throw new FileChanged(path);
    const bytes = new Uint8Array(end - start);
    let filled = 0;
    // Ends: every turn reads at least a byte, or fails.
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
      if (bytesRead === 0) throw new FileChanged(path);
      filled += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
};
