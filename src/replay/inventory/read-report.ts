import { readCsv } from "./csv/read-csv.ts";
import { DataFileMissing } from "./errors.ts";
import type { Report } from "./open-report.ts";
import { readOrc } from "./orc/read-orc.ts";
import { readParquet } from "./parquet/read-parquet.ts";
import type { InventoryRecord } from "./record.ts";
import type { Source } from "./source.ts";
import { checkMd5 } from "./verify.ts";

/** A place between two rows of a report: `row` rows of the data file at index `file` are behind it. */
export type Position = { readonly file: number; readonly row: number };

/** How far a reading is. Bytes are those of the data files as they are stored. */
export type Progress = {
  /** First all files are checked, then all are read. */
  readonly phase: "check" | "read";
  readonly filesDone: number;
  readonly filesTotal: number;
  /** Handed on by this reading; 0 while files are checked. */
  readonly rows: number;
  readonly bytes: number;
  readonly bytesTotal: number;
};

export type ReadOptions = {
  /**
   * Whether the MD5 of every data file that has one is compared before the first record is handed on, by reading the
   * files twice. Default: true. Without it damage shows itself only where the format cannot be decoded any more.
   */
  readonly isVerified?: boolean;
  /** Where an earlier reading stopped, from its last batch's `next`. Default: the beginning. */
  readonly from?: Position;
  /** Called at each batch and each file. */
  readonly onProgress?: (progress: Progress) => void;
};

/** Records that follow each other, never none, and the place behind the last of them. */
export type Batch = { readonly records: readonly InventoryRecord[]; readonly next: Position };

type OpenFile = { readonly source: Source; readonly md5?: string | undefined };

/**
 * The records of a report in batches of some thousand, in the order of the manifest's files and of their rows. The
 * report is not held in memory: at any time one batch, and what the format needs to decode the next.
 *
 * Throws: `DataFileMissing` and `ChecksumMismatch` before any record; `InvalidSchema`, `InvalidRow`, `TruncatedFile`,
 *         `CorruptFile`, `UnsupportedCodec`, `UnsupportedType`, `FileChanged` when the reading gets there; what the
 *         disk or the object store throws.
 */
export async function* readBatches(report: Report, options: ReadOptions = {}): AsyncGenerator<Batch> {
  const { isVerified = true, from = { file: 0, row: 0 }, onProgress = () => {} } = options;
  const files = await openFiles(report, from.file);
  const meter = newMeter(files, onProgress);
  if (isVerified) {
    for (const { source, md5 } of files) {
      if (md5 !== undefined) await checkMd5(meter.metered(source), md5);
      meter.finish(source);
    }
  }
  meter.beginReading();
  for (const [index, { source }] of files.entries()) {
    let row = index === 0 ? from.row : 0;
    for await (const records of readRows(report, meter.metered(source), row)) {
      row += records.length;
      meter.count(records.length);
      yield { records, next: { file: from.file + index, row } };
    }
    meter.finish(source);
  }
}

/** The records one by one: `readBatches` for whoever is in no hurry. */
export async function* readRecords(report: Report, options?: ReadOptions): AsyncGenerator<InventoryRecord> {
  for await (const { records } of readBatches(report, options)) yield* records;
}

const openFiles = async (
  { name, manifest, sources }: Report,
  first: number,
): Promise<readonly OpenFile[]> => {
  const files: OpenFile[] = [];
  for (const { key, md5 } of manifest.files.slice(first)) {
    const source = await sources.open(key);
    if (source === undefined) throw new DataFileMissing(sources.nameOf(key), name);
    files.push({ source, md5 });
  }
  return files;
};

const readRows = (
  { manifest }: Report,
  source: Source,
  fromRow: number,
): AsyncGenerator<readonly InventoryRecord[]> => {
  switch (manifest.format) {
    case "CSV":
      return readCsv(source, { schema: manifest.schema, fromRow });
    case "ORC":
      return readOrc(source, fromRow);
    case "Parquet":
      return readParquet(source, fromRow);
  }
};

/** Counts what is read and tells of it. A file that is read in part counts in full once it is done. */
const newMeter = (files: readonly OpenFile[], onProgress: (progress: Progress) => void) => {
  const bytesTotal = files.reduce((sum, { source }) => sum + source.sizeBytes, 0);
  let phase: Progress["phase"] = "check";
  let filesDone = 0;
  let rows = 0;
  let doneBytes = 0;
  let currentBytes = 0;
  const tell = (): void =>
    onProgress({
      phase,
      filesDone,
      filesTotal: files.length,
      rows,
      bytes: doneBytes + currentBytes,
      bytesTotal,
    });
  return {
    metered: (source: Source): Source => {
      const counted = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
        currentBytes = Math.min(currentBytes + bytes.length, source.sizeBytes);
        return bytes;
      };
      return {
        name: source.name,
        sizeBytes: source.sizeBytes,
        read: async (start, end) => counted(await source.read(start, end)),
        async *stream() {
          for await (const piece of source.stream()) yield counted(piece);
        },
      };
    },
    count: (records: number): void => {
      rows += records;
      tell();
    },
    finish: ({ sizeBytes }: Source): void => {
      filesDone += 1;
      doneBytes += sizeBytes;
      currentBytes = 0;
      tell();
    },
    beginReading: (): void => {
      phase = "read";
      filesDone = 0;
      doneBytes = 0;
    },
  };
};
