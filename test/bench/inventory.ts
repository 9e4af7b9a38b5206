/**
 * Records per second out of inventory reports, and the memory that takes.
 *
 *   npm run bench:inventory                    1,000,000 rows
 *   npm run bench:inventory -- --rows 100000
 *
 * CSV is measured beside a bare gunzip-and-split of the same file, which makes no records: their ratio says what
 * checking, decoding and building records cost, whatever machine this is; by CPU time, where others use it too. Each measure is the middle one of three, each
 * in a process of its own whose heap is bounded, as in a small function in the cloud: where there is plenty of memory
 * V8 lets garbage lie, and its peak tells of the machine. The peak is what the whole process had resident, for the
 * report and for one that lists its data file four times. What it is without bounds is shown beside it, measured once.
 */
import { execFileSync } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { createGunzip, createGzip } from "node:zlib";
import { fileWriter, parquetWriteRows } from "hyparquet-writer";
import { openFile } from "../../src/replay/inventory/file-source.ts";
import { openReportFile } from "../../src/replay/inventory/open-report.ts";
import { readBatches } from "../../src/replay/inventory/read-report.ts";
import type { InventoryRecord } from "../../src/replay/inventory/record.ts";
import { md5OfFile } from "../replay/inventory/md5-of-file.ts";
import { encodeOrc, PLAIN_ORC } from "../replay/inventory/orc-file.ts";

const ROUNDS = 3;
const BOUNDS = ["--max-old-space-size=64", "--max-semi-space-size=8"];
const FORMATS = ["CSV", "Parquet", "ORC"] as const;
type Format = (typeof FORMATS)[number];
/** What was read: all rows, and as a proof that their keys were decoded, the characters of these. */
type Counted = { readonly rows: number; readonly keyCharacters: number };
type Measured = Counted & { readonly ms: number; readonly cpuMs: number; readonly peakMiB: number };

const FIRST_MS = Date.UTC(2026, 0, 1);
const HEX = "0123456789abcdef";

/** Digits that look random and are the same every time. */
const hexOf = (seed: number, length: number): string => {
  let state = (seed + 1) * 2_654_435_761;
  return Array.from({ length }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 374_761_393) | 0;
    return HEX[(state >>> 24) & 15];
  }).join("");
};

const recordAt = (index: number): InventoryRecord => ({
  bucket: "daybook-example-archive",
  key: `requests/2026/cash_deposit_${hexOf(index, 12)}/part ${index % 97}+${index}.event`,
  versionId: hexOf(index + 7, 32),
  isLatest: index % 10 !== 3,
  isDeleteMarker: false,
  size: (index * 7919) % 65_536,
  lastModified: new Date(FIRST_MS + index * 37).toISOString(),
  eTag: hexOf(index + 13, 32),
  storageClass: index % 5 === 0 ? "GLACIER_IR" : "STANDARD",
});

const SCHEMA =
  "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass, " +
  "IsMultipartUploaded, ReplicationStatus, EncryptionStatus, ObjectLockRetainUntilDate, ObjectLockMode, " +
  "ObjectLockLegalHoldStatus, IntelligentTieringAccessTier, BucketKeyStatus, ChecksumAlgorithm";
const OTHER_CELLS = ["false", "", "SSE-S3", "", "", "", "", "DISABLED", "CRC64NVME"];

const csvLine = (record: InventoryRecord): string => {
  const key = encodeURIComponent(record.key).replaceAll("%20", "+").replaceAll("%2F", "/");
  return `${[...Object.values({ ...record, key }), ...OTHER_CELLS].map(cell => `"${cell ?? ""}"`).join(",")}\n`;
};

function* csvPieces(rows: number): Generator<string> {
  for (let start = 0; start < rows; start += 1000)
    yield Array.from({ length: Math.min(1000, rows - start) }, (_, n) => csvLine(recordAt(start + n))).join(
      "",
    );
}

function* parquetRows(rows: number): Generator<Record<string, unknown>> {
  for (let index = 0; index < rows; index += 1) {
    const record = recordAt(index);
    yield {
      bucket: record.bucket,
      key: record.key,
      version_id: record.versionId,
      is_latest: record.isLatest,
      is_delete_marker: record.isDeleteMarker,
      size: BigInt(record.size ?? 0),
      last_modified_date: new Date(record.lastModified ?? 0),
      e_tag: record.eTag,
      storage_class: record.storageClass,
    };
  }
}

const PARQUET_COLUMNS = [
  { name: "bucket", type: "STRING", nullable: false },
  { name: "key", type: "STRING", nullable: false },
  { name: "version_id", type: "STRING" },
  { name: "is_latest", type: "BOOLEAN" },
  { name: "is_delete_marker", type: "BOOLEAN" },
  { name: "size", type: "INT64" },
  { name: "last_modified_date", type: "TIMESTAMP" },
  { name: "e_tag", type: "STRING" },
  { name: "storage_class", type: "STRING" },
] as const;

const writeData = async (format: Format, rows: number, path: string): Promise<void> => {
  if (format === "CSV") {
    await pipeline(Readable.from(csvPieces(rows)), createGzip(), createWriteStream(path));
  } else if (format === "Parquet") {
    await parquetWriteRows({
      writer: fileWriter(path),
      rows: parquetRows(rows),
      columns: [...PARQUET_COLUMNS],
      // S3's pages have 20,000 rows; this writer cuts pages by bytes only, so its row groups must be as small.
      rowGroupSize: 20_000,
    });
  } else {
    const records = Array.from({ length: rows }, (_, index) => recordAt(index));
    // Direct runs of 512 values.
    writeFileSync(path, encodeOrc(records, { ...PLAIN_ORC, choose: below => (below === 4 ? 1 : 0) }));
  }
};

const writeReport = async (folder: string, format: Format, rows: number): Promise<void> => {
  const key = `data.${format}`;
  await writeData(format, rows, join(folder, key));
  const listed = { key, MD5checksum: await md5OfFile(join(folder, key)) };
  for (const times of [1, 4]) {
    const manifest = {
      destinationBucket: "inventories",
      fileFormat: format,
      fileSchema: SCHEMA,
      files: Array.from({ length: times }, () => listed),
    };
    writeFileSync(join(folder, `${format}-${times}.json`), JSON.stringify(manifest));
  }
};

const countRecords = async (manifest: string): Promise<Counted> => {
  let rows = 0;
  let keyCharacters = 0;
  for await (const { records } of readBatches(await openReportFile(manifest))) {
    rows += records.length;
    for (const { key } of records) keyCharacters += key.length;
  }
  return { rows, keyCharacters };
};

/** What the reader is held against: decompress, cut into lines, cut these into cells. */
const gunzipAndSplit = async (path: string): Promise<Counted> => {
  const source = await openFile(path);
  if (source === undefined) throw new Error(`${path} is not there`);
  let rows = 0;
  let rest = "";
  const gunzip = createGunzip({ chunkSize: 64 * 1024 });
  const done = pipeline(source.stream(), gunzip, async chunks => {
    for await (const chunk of chunks) {
      const lines = (rest + chunk.toString("latin1")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.slice(1, -1).split('","').length === 18) rows += 1;
    }
  });
  await done;
  return { rows, keyCharacters: 0 };
};

const MEASURES: Readonly<Record<string, (target: string) => Promise<Counted>>> = {
  split: gunzipAndSplit,
  read: countRecords,
};

const measureHere = async (measure: string, target: string): Promise<Measured> => {
  const start = performance.now();
  const cpuStart = process.cpuUsage();
  const counted = await MEASURES[measure]?.(target);
  if (counted === undefined) throw new Error(`There is no measure ${measure}`);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpuStart);
  return { ...counted, ms, cpuMs: (user + system) / 1000, peakMiB: process.resourceUsage().maxRSS / 1024 };
};

const inChild = (args: readonly string[], options: readonly string[] = []): string =>
  execFileSync(process.execPath, [...options, import.meta.filename, ...args], { encoding: "utf8" });

const measuredOnce = (measure: string, target: string, options: readonly string[]): Measured =>
  JSON.parse(inChild(["--measure", measure, "--target", target], options)) as Measured;

const measured = (measure: string, target: string): Measured => {
  const rounds = Array.from({ length: ROUNDS }, () => measuredOnce(measure, target, BOUNDS));
  return rounds.sort((a, b) => a.ms - b.ms)[Math.floor(ROUNDS / 2)] as Measured; // There are three.
};

const perSecond = ({ rows, ms }: Measured): number => Math.round((rows / ms) * 1000);

const mebibytes = ({ peakMiB }: Measured): string => `${peakMiB.toFixed(0)} MiB`;

const benchFormat = (format: Format, folder: string, rows: number, split: Measured): number => {
  const manifestOf = (times: number) => join(folder, `${format}-${times}.json`);
  const once = measured("read", manifestOf(1));
  const fourTimes = measured("read", manifestOf(4));
  if (once.rows !== rows || fourTimes.rows !== 4 * rows || fourTimes.keyCharacters !== 4 * once.keyCharacters)
    throw new Error(`${format}: not all rows were read`);
  const [free, freeFourTimes] = [1, 4].map(times => measuredOnce("read", manifestOf(times), [])) as [
    Measured,
    Measured,
  ]; // Of two, two.
  const fileMiB = statSync(join(folder, `data.${format}`)).size / 2 ** 20;
  const growth = Math.round((fourTimes.peakMiB / once.peakMiB - 1) * 100);
  console.log(
    `${format.padEnd(8)} ${perSecond(once)} records/s (${(split.ms / once.ms).toFixed(2)} of gunzip and split, ` +
      `${(split.cpuMs / once.cpuMs).toFixed(2)} by CPU time), file ${fileMiB.toFixed(0)} MiB, peak memory ${mebibytes(once)} for ${rows} rows, ` +
      `${mebibytes(fourTimes)} for ${4 * rows} (${growth < 0 ? "" : "+"}${growth} %); ` +
      `without bounds ${mebibytes(free)}, ${mebibytes(freeFourTimes)}`,
  );
  return once.keyCharacters;
};

const bench = (rows: number): void => {
  const folder = mkdtempSync(join(tmpdir(), "inventory-bench-"));
  try {
    for (const format of FORMATS) inChild(["--write", format, "--target", folder, "--rows", String(rows)]);
    console.log(`heap bounded by ${BOUNDS.join(" ")}`);
    const split = measured("split", join(folder, "data.CSV"));
    console.log(`gunzip and split  ${perSecond(split)} rows/s`);
    const keyCharacters = FORMATS.map(format => benchFormat(format, folder, rows, split));
    if (new Set(keyCharacters).size > 1) throw new Error("The formats do not have the same keys");
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    write: { type: "string" },
    measure: { type: "string" },
    target: { type: "string", default: "" },
  },
});
const rows = Number(values.rows);
const format = FORMATS.find(known => known === values.write);
if (format !== undefined) await writeReport(values.target, format, rows);
else if (values.measure !== undefined)
  console.log(JSON.stringify(await measureHere(values.measure, values.target)));
else bench(rows);
