import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CorruptFile,
  InvalidRow,
  InvalidSchema,
  UnsupportedCodec,
  UnsupportedType,
} from "../../../src/replay/inventory/errors.ts";
import { readOrc } from "../../../src/replay/inventory/orc/read-orc.ts";
import type { InventoryRecord } from "../../../src/replay/inventory/record.ts";
import { encodeOrc, type OrcOptions, PLAIN_ORC } from "./orc-file.ts";
import {
  arbitraryRecord,
  chooseBy,
  collect,
  memorySource,
  REAL_RECORDS,
  RUNS,
  recordsIn,
} from "./reports.ts";

const read = (records: readonly InventoryRecord[], options: Partial<OrcOptions> = {}) =>
  recordsIn({ format: "ORC", files: [encodeOrc(records, { ...PLAIN_ORC, ...options })] });

const TEXTS = ["bucket", "key", "version_id", "e_tag", "storage_class"] as const;

test("any records are read, whatever the codec, the encodings, the stripes and the blocks", async () => {
  const options = fc.record({
    codec: fc.constantFrom("NONE", "ZLIB", "SNAPPY", "ZSTD"),
    version: fc.constantFrom(1, 2),
    dictionaries: fc.subarray([...TEXTS]).map(names => new Set<string>(names)),
    rowsPerStripe: fc.integer({ min: 1, max: 60 }),
    blockBytes: fc.integer({ min: 64, max: 2000 }),
    seed: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(arbitraryRecord, { maxLength: 100 }),
      options,
      async (records, { seed, ...others }) => {
        const choose = chooseBy(seed);
        const codec = others.codec as OrcOptions["codec"];
        const version = others.version as OrcOptions["version"];
        expect(await read(records, { ...others, codec, version, choose })).toEqual(records);
      },
    ),
    { numRuns: 150 * RUNS },
  );
});

test("stripes of many rows are read in batches, from any row on", async () => {
  const records = Array.from({ length: 7000 }, (_, n) => ({
    bucket: "b",
    key: `key/${n}${n % 1000 === 0 ? "é" : ""}`,
    versionId: n % 3 === 0 ? null : `v${n}`,
    isLatest: n % 2 === 0,
    isDeleteMarker: n % 7 === 0 ? null : false,
    size: n % 5 === 0 ? null : n * n,
    lastModified: new Date(Date.UTC(2026, 0, 1) + n * 61_007).toISOString(),
    eTag: null,
    storageClass: "STANDARD",
  }));
  const source = memorySource("x.orc", encodeOrc(records, { ...PLAIN_ORC, rowsPerStripe: 3000 }));
  for (const from of [0, 1, 1024, 2999, 3000, 3001, 6999, 7000, 8000]) {
    const batches = await collect(readOrc(source, from));
    expect(batches.flat()).toEqual(records.slice(from));
    for (const batch of batches) expect(batch.length).toBeGreaterThan(0);
  }
});

test("stripes before the row to begin at are not read", async () => {
  const records = Array.from({ length: 300 }, (_, n) => ({
    ...(REAL_RECORDS[0] as InventoryRecord),
    key: `${n}`,
  }));
  const source = memorySource("x.orc", encodeOrc(records, { ...PLAIN_ORC, rowsPerStripe: 100 }));
  const ranges: number[] = [];
  const spied = {
    ...source,
    read: (start: number, end: number) => {
      ranges.push(start);
      return source.read(start, end);
    },
  };
  await collect(readOrc(spied, 250));
  const tail = ranges.slice(0, 2);
  for (const start of ranges.slice(2)) expect(start).toBeGreaterThan(source.sizeBytes / 3);
  expect(tail).toHaveLength(2);
});

describe("timestamps", () => {
  const at = (lastModified: string): InventoryRecord => ({
    ...(REAL_RECORDS[0] as InventoryRecord),
    lastModified,
  });
  const HOUR_MS = 3_600_000;

  // What the writer's clocks showed is the same text in any zone; the instants stored are hours apart.
  test.each([
    ["Asia/Tokyo", "2024-05-06T22:37:48.123Z", 9],
    ["America/New_York", "2024-01-06T22:37:48.000Z", -5],
    ["America/Los_Angeles", "2014-12-31T23:59:59.999Z", -8],
    ["GMT", "2024-05-06T22:37:48.000Z", 0],
    [undefined, "2024-05-06T22:37:48.000Z", 0],
  ])("of a writer in %s are what its clocks showed", async (timezone, text, hours) => {
    const instantOf = (wallMs: number): number => wallMs - hours * HOUR_MS;
    expect(await read([at(text)], { timezone, instantOf })).toEqual([at(text)]);
  });

  test("of a writer with daylight saving are what its clocks showed, in winter and in summer", async () => {
    const [winter, summer] = ["2024-01-15T12:00:00.250Z", "2024-07-15T12:00:00.250Z"];
    // New York: five hours behind in winter and at the first of January 2015, four in summer.
    const instantOf = (wallMs: number): number => wallMs + (wallMs === Date.parse(summer) ? 4 : 5) * HOUR_MS;
    const records = [at(winter), at(summer)];
    expect(await read(records, { timezone: "America/New_York", instantOf })).toEqual(records);
  });

  test("that are instants are the same whatever the writer's zone", async () => {
    const records = [at("2024-05-06T22:37:48.123Z")];
    const options = { timestampKind: "instant", timezone: "Asia/Tokyo" } as const;
    expect(await read(records, options)).toEqual(records);
  });

  test("before 1970 are read as all writers write them", async () => {
    const records = ["1969-12-31T23:59:58.500Z", "1969-12-31T23:59:58.000Z", "1900-01-01T00:00:00.001Z"].map(
      at,
    );
    expect(await read(records)).toEqual(records);
  });

  test("with a zone that is none are an error", async () => {
    await expect(read([at("2024-05-06T22:37:48.000Z")], { timezone: "Moon/Tranquility" })).rejects.toThrow(
      /no time zone/,
    );
  });
});

describe("columns", () => {
  test("that the file does not have are nothing", async () => {
    const columns = ["key", "bucket"] as const;
    expect(await read(REAL_RECORDS.slice(2, 3), { columns })).toEqual([
      {
        bucket: "filemanager-inventory-test",
        key: "inventory-test/key1",
        versionId: null,
        isLatest: null,
        isDeleteMarker: null,
        size: null,
        lastModified: null,
        eTag: null,
        storageClass: null,
      },
    ]);
  });

  test("of bucket and key must be there", async () => {
    await expect(read(REAL_RECORDS, { columns: ["bucket", "size"] })).rejects.toThrow(InvalidSchema);
    await expect(read(REAL_RECORDS, { columns: ["bucket", "size"] })).rejects.toThrow(
      "memory/file-0: it has no column key",
    );
  });

  test("of another type are an error that names column and type", async () => {
    // The footer is not compressed: its sixth column's type can be changed in place, from bigint (4) to double (6).
    const bytes = encodeOrc(REAL_RECORDS, { ...PLAIN_ORC, codec: "NONE" });
    const types = [7, 7, 7, 0, 0, 4, 9, 7, 7].flatMap(kind => [0x22, 2, 8, kind]);
    const at = Buffer.from(bytes).indexOf(Buffer.from(types));
    bytes[at + 5 * 4 + 3] = 6;
    const reading = recordsIn({ format: "ORC", files: [bytes] });
    await expect(reading).rejects.toThrow(UnsupportedType);
    await expect(recordsIn({ format: "ORC", files: [bytes] })).rejects.toThrow(
      "column size has the type double",
    );
  });

  test("a row without a key is an error that names the row", async () => {
    const records = [...REAL_RECORDS, { ...(REAL_RECORDS[0] as InventoryRecord), key: "" }];
    await expect(read(records)).rejects.toThrow(InvalidRow);
    await expect(read(records)).rejects.toThrow("memory/file-0: row 6: key is empty");
  });

  test("an empty text is nothing", async () => {
    const [record] = REAL_RECORDS as [InventoryRecord];
    expect(await read([{ ...record, versionId: "", eTag: "" }])).toEqual([
      { ...record, versionId: null, eTag: null },
    ]);
  });
});

test("a codec without a reader is named", async () => {
  await expect(read(REAL_RECORDS, { codec: "LZO" })).rejects.toThrow(UnsupportedCodec);
  await expect(read(REAL_RECORDS, { codec: "LZO" })).rejects.toThrow("memory/file-0: is compressed with LZO");
});

test("a file without rows is a report without records", async () => {
  expect(await read([])).toEqual([]);
});

test("a block larger than the file says is an error", async () => {
  const key = "k".repeat(3000);
  const records = [{ ...(REAL_RECORDS[0] as InventoryRecord), key }];
  const bytes = encodeOrc(records, { ...PLAIN_ORC, blockBytes: 300, codec: "NONE" });
  const compressed = encodeOrc(records, { ...PLAIN_ORC, blockBytes: 262_144 });
  // The postscript's block size, 262144 as a varint, made 64.
  const at = Buffer.from(compressed).lastIndexOf(Buffer.of(0x18, 0x80, 0x80, 0x10));
  compressed.set([0x18, 0xc0, 0x80, 0x00], at);
  await expect(recordsIn({ format: "ORC", files: [compressed] })).rejects.toThrow(CorruptFile);
  expect(await recordsIn({ format: "ORC", files: [bytes] })).toEqual(records);
});
