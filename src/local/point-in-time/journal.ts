import { Buffer } from "node:buffer";
import { closeSync, existsSync, fdatasyncSync, ftruncateSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { JournalCorrupt, wholeLines } from "../durability/journal.ts";
import type { Entry } from "./entry.ts";

/** Where entries are kept, in order and for good. */
export interface EntryFile {
  append(entry: Entry): void;
  /** All entries so far. */
  entries(): Iterable<Entry>;
  /** Forces what was appended to the disk, if there is one. */
  sync(): void;
  close(): void;
}

/** Entries in memory, gone with the process. */
export const entriesInMemory = (): EntryFile => {
  const kept: Entry[] = [];
  return {
    append: entry => {
      kept.push(entry);
    },
    entries: () => kept,
    sync: () => {},
    close: () => {},
  };
};

/**
 * Entries in a file of a folder, one JSON line each. A last line without its end was cut off by a crash: it is removed,
 * and what it told of is found again by comparing the tables.
 *
 * Throws: `JournalCorrupt` while reading a line that is none. Its caller holds the lock of the data folder.
 */
export const entriesOnDisk = (folder: string): EntryFile => {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "tables.ndjson");
  let sizeBytes = existsSync(path) ? wholeBytes(path) : 0;
  let isSynced = true;
  const file = openSync(path, "a+");
  ftruncateSync(file, sizeBytes);
  return {
    append: entry => {
      const line = Buffer.from(`${JSON.stringify(entry)}\n`);
      isSynced = false;
      try {
        for (let written = 0; written < line.length; )
          written += writeSync(file, line, written, line.length - written);
      } catch (error) {
        // Half a line in the middle of a file could not be read again.
        ftruncateSync(file, sizeBytes);
        throw error;
      }
      sizeBytes += line.length;
    },
    entries: () => parsedLines(path),
    sync: () => {
      if (!isSynced) fdatasyncSync(file);
      isSynced = true;
    },
    close: () => closeSync(file),
  };
};

const wholeBytes = (path: string): number => {
  let sizeBytes = 0;
  for (const line of wholeLines(path)) sizeBytes += line.length + 1;
  return sizeBytes;
};

function* parsedLines(path: string): Generator<Entry> {
  let number = 0;
  for (const line of wholeLines(path)) {
    number += 1;
    try {
      yield JSON.parse(line.toString("utf8")) as Entry; // written by entriesOnDisk
    } catch (error) {
      if (error instanceof SyntaxError) throw new JournalCorrupt(path, number);
      throw error;
    }
  }
}
