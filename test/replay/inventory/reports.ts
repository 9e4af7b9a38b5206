import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { randomInteger, seededRandom } from "../../../src/local/seeded-random.ts";
import { type InlineManifest, inlineReport } from "../../../src/replay/inventory/open-report.ts";
import { type ReadOptions, readRecords } from "../../../src/replay/inventory/read-report.ts";
import type { InventoryRecord } from "../../../src/replay/inventory/record.ts";
import type { Source, Sources } from "../../../src/replay/inventory/source.ts";

const FIXTURES = new URL("../../fixtures/inventory/", import.meta.url);

/** Real reports of one bucket, as S3 wrote them, in each format. Source: filemanager's inventory tests. */
export const REAL_REPORTS = ["csv_inventory", "parquet_inventory", "orc_inventory"] as const;
export const REAL_BUCKET = "filemanager-inventory-test";

export const fixturePath = (name: string): string => fileURLToPath(new URL(name, FIXTURES));
export const fixture = (name: string): Buffer => readFileSync(fixturePath(name));
export const fixtureManifest = (report: string): InlineManifest =>
  JSON.parse(fixture(`${report}_manifest.json`).toString());

const EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e";
const TEST_MD5 = "d8e8fca2dc0f896fd7cb4cb0031ba249";
const stored = (size: number, eTag: string) => ({
  isDeleteMarker: false,
  size,
  eTag,
  storageClass: "STANDARD",
});
const realRecord = (key: string, versionId: string | null, isLatest: boolean, time: string) => ({
  bucket: REAL_BUCKET,
  key: `inventory-test/${key}`,
  versionId,
  isLatest,
  lastModified: `2024-05-06T${time}.000Z`,
});

/** What the real reports hold. Source: filemanager.md, section 3.4. */
export const REAL_RECORDS: readonly InventoryRecord[] = [
  { ...realRecord("", null, true, "22:37:48"), ...stored(0, EMPTY_MD5) },
  { ...realRecord("key1", null, false, "22:38:00"), ...stored(0, EMPTY_MD5) },
  { ...realRecord("key1", "tpinzcbxOfWpZsmjvVgdHEvSohsY4TA0", true, "22:44:22"), ...stored(5, TEST_MD5) },
  {
    ...realRecord("key2", "gdN1exfZmD7m713patv8dlQ7fTNwle3v", true, "22:46:14"),
    isDeleteMarker: true,
    size: null,
    eTag: null,
    storageClass: null,
  },
  { ...realRecord("key2", "zl_C7NLxrkBsMFD5HQUdybrmuV9VpvkN", false, "22:45:34"), ...stored(5, TEST_MD5) },
];

export const md5 = (bytes: Uint8Array | string): string => createHash("md5").update(bytes).digest("hex");

/** Files in memory, streamed in small pieces so that a reader that counts on large ones is found out. */
export const memorySources = (files: Readonly<Record<string, Uint8Array>>, pieceBytes = 1000): Sources => ({
  nameOf: key => `memory/${key}`,
  open: async key => {
    const bytes = files[key];
    return bytes && memorySource(`memory/${key}`, bytes, pieceBytes);
  },
});

export const memorySource = (name: string, bytes: Uint8Array, pieceBytes = 1000): Source => ({
  name,
  sizeBytes: bytes.length,
  read: async (start, end) => Uint8Array.from(bytes.subarray(start, end)),
  async *stream() {
    for (let start = 0; start < bytes.length; start += pieceBytes)
      yield Uint8Array.from(bytes.subarray(start, start + pieceBytes));
  },
});

type FileOfReport = {
  readonly format: string;
  readonly schema?: string;
  readonly files: readonly Uint8Array[];
};

/** A report of these data files, which have the right MD5s. */
export const reportOf = ({ format, schema, files }: FileOfReport) =>
  inlineReport(
    {
      destinationBucket: "inventories",
      fileFormat: format,
      ...(schema !== undefined && { fileSchema: schema }),
      files: files.map((bytes, index) => ({ key: `file-${index}`, MD5checksum: md5(bytes) })),
    },
    memorySources(Object.fromEntries(files.map((bytes, index) => [`file-${index}`, bytes]))),
  );

export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

/** All records of a report of these files. */
export const recordsIn = (report: FileOfReport, options?: ReadOptions): Promise<InventoryRecord[]> =>
  collect(readRecords(reportOf(report), options));

/** What one CSV file with this text holds. */
export const recordsInCsv = (text: string, schema?: string): Promise<InventoryRecord[]> =>
  recordsIn({ format: "CSV", ...(schema !== undefined && { schema }), files: [gzipSync(text)] });

const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });

/** Keys as nasty as S3 allows: any character, and much of what CSV, URLs and formats mean something by. */
export const arbitraryKey = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('"', ",", "\n", "\r", "+", "%", " ", "/", "2", "0", "é", "😀"),
    minLength: 1,
  }),
  fc.constantFrom("a+b", "100%", "%20", 'say "hi"', "a\nb", "a,b", "é/ü/😀", " lead", "trail ", "\t", "null"),
);

/** Instants that every format can hold. */
export const arbitraryInstant = fc
  .integer({ min: Date.UTC(1971, 0, 1), max: Date.UTC(2100, 0, 1) })
  .map(epochMs => new Date(epochMs).toISOString());

/** Records as a report of all versions may hold. */
export const arbitraryRecord: fc.Arbitrary<InventoryRecord> = fc.record({
  bucket: fc.constantFrom("bucket", "another-bucket"),
  key: arbitraryKey,
  versionId: nullable(fc.string({ unit: fc.constantFrom(..."abcXYZ019._"), minLength: 1, maxLength: 32 })),
  isLatest: nullable(fc.boolean()),
  isDeleteMarker: nullable(fc.boolean()),
  size: nullable(fc.oneof(fc.nat({ max: 100 }), fc.integer({ min: 0, max: 2 ** 50 }))),
  lastModified: nullable(arbitraryInstant),
  eTag: nullable(fc.string({ unit: fc.constantFrom(..."0123456789abcdef-"), minLength: 1, maxLength: 34 })),
  storageClass: nullable(fc.constantFrom("STANDARD", "GLACIER_IR", "A_CLASS_TO_COME")),
});

/** Property tests run so many times more. */
export const RUNS = Number(process.env.RUNS ?? 1);

/** Whole numbers at random, the same for the same seed. */
export const chooseBy = (seed: number): ((below: number) => number) => {
  const random = seededRandom(seed);
  return below => randomInteger(random, below);
};
