import { Buffer } from "node:buffer";
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Change, Recorder } from "./recorder.ts";

export type JournalEntry = readonly [model: "s3" | "sns" | "sqs", change: Change];

/** The journal on disk is not one that this code wrote. */
export class JournalCorrupt extends Error {
  override readonly name = "JournalCorrupt";
  constructor(path: string, line: number) {
    super(
      `Line ${line} of ${path} is no journal line: the file was changed or damaged. Nothing was written.`,
    );
  }
}

const READ_BYTES = 1 << 20;
/** Changes per line of a fresh journal: long enough to write fast, short enough to hold a line in memory. */
const ENTRIES_PER_LINE = 64;
const NEWLINE = 0x0a;

const journalPath = (folder: string): string => join(folder, "journal.ndjson");

/**
 * Every change kept in a folder, in order. A last line without its end was never acknowledged and does not count.
 * Throws: JournalCorrupt.
 */
export function* readJournal(folder: string): Generator<JournalEntry> {
  const path = journalPath(folder);
  if (!existsSync(path)) return;
  let number = 0;
  for (const line of wholeLines(path)) {
    number += 1;
    yield* parsedLine(line, path, number);
  }
}

const parsedLine = (line: Buffer, path: string, number: number): readonly JournalEntry[] => {
  try {
    return JSON.parse(line.toString("utf8")) as JournalEntry[]; // written by this file
  } catch (error) {
    if (error instanceof SyntaxError) throw new JournalCorrupt(path, number);
    throw error;
  }
};

/** The lines of a file, without a last one that has no end. */
export function* wholeLines(path: string): Generator<Buffer> {
  const file = openSync(path, "r");
  try {
    let pieces: Buffer[] = [];
    for (;;) {
      const chunk = Buffer.allocUnsafe(READ_BYTES);
      const sizeBytes = readSync(file, chunk, 0, READ_BYTES, null);
      if (sizeBytes === 0) return;
      let start = 0;
      for (
        let end = chunk.indexOf(NEWLINE);
        end >= 0 && end < sizeBytes;
        end = chunk.indexOf(NEWLINE, start)
      ) {
        yield Buffer.concat([...pieces, chunk.subarray(start, end)]);
        pieces = [];
        start = end + 1;
      }
      pieces.push(chunk.subarray(start, sizeBytes));
    }
  } finally {
    closeSync(file);
  }
}

/** A journal open for writing. */
export type Journal = Recorder & { readonly close: () => void };

/**
 * Writes a fresh journal from the whole state, puts it in the place of the old one, and goes on behind it.
 *
 * Each operation is one line, written before the operation returns: what was acknowledged is with the operating system
 * and survives the end of the process (not a power cut: nothing is forced to the disk).
 */
export const startJournal = (folder: string, state: Iterable<JournalEntry>): Journal => {
  const path = journalPath(folder);
  const fresh = `${path}.next`;
  const file = openSync(fresh, "w");
  let entries: JournalEntry[] = [];
  for (const entry of state) {
    if (entries.push(entry) < ENTRIES_PER_LINE) continue;
    writeAll(file, entries);
    entries = [];
  }
  if (entries.length > 0) writeAll(file, entries);
  renameSync(fresh, path);
  return recorderInto(file);
};

const recorderInto = (file: number): Journal => {
  let pending: JournalEntry[] = [];
  let depth = 0;
  let failure: unknown;
  const flush = (): void => {
    if (pending.length === 0) return;
    const entries = pending;
    pending = [];
    try {
      writeAll(file, entries);
    } catch (error) {
      failure = error;
      throw error;
    }
  };
  return {
    record: (model, change) => {
      pending.push([model, change]);
      if (depth === 0) flush();
    },
    operation: work => {
      // Memory is ahead of the disk after a failed write: going on would acknowledge what a restart forgets.
      if (failure !== undefined)
        throw new Error("The journal could not be written; restart.", { cause: failure });
      depth += 1;
      try {
        return work();
      } finally {
        depth -= 1;
        if (depth === 0) flush();
      }
    },
    close: () => closeSync(file),
  };
};

/** Writes a whole line or nothing: half a line in the middle of a file could not be read again. */
const writeAll = (file: number, entries: readonly JournalEntry[]): void => {
  const line = Buffer.from(`${JSON.stringify(entries)}\n`);
  const startBytes = fstatSync(file).size;
  try {
    for (let written = 0; written < line.length; ) {
      written += writeSync(file, line, written, line.length - written, startBytes + written);
    }
  } catch (error) {
    ftruncateSync(file, startBytes);
    throw error;
  }
};
