import { createHash } from "node:crypto";
import { isoInstant } from "../../ports/clock.ts";
import { InventoryError } from "../inventory/errors.ts";
import { observationOf } from "../inventory/observation-of.ts";
import type { Report } from "../inventory/open-report.ts";
import { type Position, type Progress, readBatches } from "../inventory/read-report.ts";
import type { InventoryRecord } from "../inventory/record.ts";
import type { Source, Sources } from "../inventory/source.ts";
import type { RunPlace } from "../runs/run-record.ts";
import type { Intake } from "./ingest-pictures.ts";
import { type IngestEnd, type IngestOptions, ingestInRun, type Piece } from "./ingest-run.ts";

/** Records taken in between two checkpoints. */
const PIECE_RECORDS = 500;
const BEGINNING: Position = { file: 0, row: 0 };

/** Neither the rows nor the manifest say when anything was there. */
export class UndatedReport extends InventoryError {
  override readonly name = "UndatedReport";
  constructor(file: string) {
    super(
      file,
      "has rows without LastModifiedDate, and no creationTimestamp either",
      "Give the manifest.json as S3 wrote it, or a report with that column.",
    );
  }
}

/**
 * Takes a report of S3 Inventory into tracking, of whatever buckets. One run at a time for each report, which goes on
 * where the one before stopped. Again, or a day later, it changes nothing.
 *
 * Throws: what `readBatches` throws, for a damaged data file before anything is written to the table; `UndatedReport`;
 *         what the ports throw.
 */
export const ingestReport = (
  intake: Intake & { readonly runs: RunPlace },
  report: Report,
  options: IngestOptions & { readonly onRead?: (progress: Progress) => void } = {},
): Promise<IngestEnd<Position>> => {
  const { name, manifest } = report;
  return ingestInRun<Position>(
    intake,
    {
      kind: "ingest",
      subject: reportId(report),
      what: { report: name, format: manifest.format, files: manifest.files.length },
      // Without a checksum a file of the same name may have other rows by now.
      startAt: from => (manifest.files.every(({ md5 }) => md5 !== undefined) && from) || BEGINNING,
      pieces: (start, beat) => piecesOf(report, start, { beat, onRead: options.onRead ?? (() => {}) }),
    },
    options,
  );
};

/** SHA-256 of what the manifest says, hex: the same report from wherever it is read. */
export const reportId = ({ manifest }: Report): string => {
  const { bucket, format, schema = null, createdAtMs = null, files } = manifest;
  const listed = files.map(({ key, md5 }) => [key, md5?.toLowerCase() ?? null]);
  return createHash("sha256")
    .update(JSON.stringify([bucket, format, schema, createdAtMs, listed]))
    .digest("hex");
};

async function* piecesOf(
  report: Report,
  start: Position,
  { beat, onRead }: { beat: () => Promise<void>; onRead: (progress: Progress) => void },
): AsyncGenerator<Piece<Position>> {
  const read = { ...report, sources: beating(report.sources, beat) };
  for await (const { records, next } of readBatches(read, { from: start, onProgress: onRead })) {
    const before = next.row - records.length;
    for (let at = 0; at < records.length; at += PIECE_RECORDS) {
      const piece = records.slice(at, at + PIECE_RECORDS);
      yield {
        pictures: piece.map(record => observationOf(record, reportTime(report, record))),
        next: { file: next.file, row: before + at + piece.length },
      };
    }
  }
}

const reportTime = ({ name, manifest }: Report, { lastModified }: InventoryRecord): string => {
  const { createdAtMs } = manifest;
  if (createdAtMs === undefined && lastModified === null) throw new UndatedReport(name);
  return isoInstant(createdAtMs ?? 0);
};

/** Opening and checking the files of a large report takes longer than a run may be silent. */
const beating = (sources: Sources, beat: () => Promise<void>): Sources => ({
  ...sources,
  open: async key => {
    await beat();
    const source = await sources.open(key);
    return source && beatingSource(source, beat);
  },
});

const beatingSource = (source: Source, beat: () => Promise<void>): Source => ({
  ...source,
  read: async (start, end) => {
    await beat();
    return source.read(start, end);
  },
  async *stream() {
    for await (const piece of source.stream()) {
      await beat();
      yield piece;
    }
  },
});
