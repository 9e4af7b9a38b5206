import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { ByteWriter, parquetWrite, type SchemaElement } from "hyparquet-writer";
import { describe, expect, test } from "vitest";
import {
  InvalidRow,
  InvalidSchema,
  UnsupportedCodec,
  UnsupportedType,
} from "../../../src/replay/inventory/errors.ts";
import { readParquet } from "../../../src/replay/inventory/parquet/read-parquet.ts";
import type { InventoryRecord } from "../../../src/replay/inventory/record.ts";
import { arbitraryRecord, collect, fixture, memorySource, REAL_RECORDS, RUNS, recordsIn } from "./reports.ts";

type Options = {
  readonly rowGroupSize?: number;
  readonly pageSize?: number;
  readonly offsetIndex?: boolean;
  readonly codec?: "UNCOMPRESSED" | "SNAPPY" | "GZIP" | "ZSTD";
  readonly timestamp?: SchemaElement;
  readonly leftOut?: readonly string[];
};

const text = (name: string, repetition: "REQUIRED" | "OPTIONAL"): SchemaElement => ({
  name,
  type: "BYTE_ARRAY",
  converted_type: "UTF8",
  repetition_type: repetition,
});
const MILLIS: SchemaElement = {
  name: "last_modified_date",
  type: "INT64",
  converted_type: "TIMESTAMP_MILLIS",
  repetition_type: "OPTIONAL",
};

const encode = (records: readonly InventoryRecord[], options: Options = {}): Uint8Array => {
  const { timestamp = MILLIS, leftOut = [], offsetIndex = true, codec = "SNAPPY", ...sizes } = options;
  const columns: readonly { readonly element: SchemaElement; readonly data: readonly unknown[] }[] = [
    { element: text("bucket", "REQUIRED"), data: records.map(({ bucket }) => bucket) },
    { element: text("key", "REQUIRED"), data: records.map(({ key }) => key) },
    { element: text("version_id", "OPTIONAL"), data: records.map(({ versionId }) => versionId) },
    {
      element: { name: "is_latest", type: "BOOLEAN", repetition_type: "OPTIONAL" },
      data: records.map(({ isLatest }) => isLatest),
    },
    {
      element: { name: "is_delete_marker", type: "BOOLEAN", repetition_type: "OPTIONAL" },
      data: records.map(({ isDeleteMarker }) => isDeleteMarker),
    },
    {
      element: { name: "size", type: "INT64", repetition_type: "OPTIONAL" },
      data: records.map(({ size }) => (size === null ? null : BigInt(size))),
    },
    {
      element: timestamp,
      data: records.map(({ lastModified }) => (lastModified === null ? null : new Date(lastModified))),
    },
    { element: text("e_tag", "OPTIONAL"), data: records.map(({ eTag }) => eTag) },
    { element: text("storage_class", "OPTIONAL"), data: records.map(({ storageClass }) => storageClass) },
  ];
  const kept = columns.filter(({ element }) => !leftOut.includes(element.name));
  const writer = new ByteWriter();
  void parquetWrite({
    writer,
    schema: [{ name: "s3.inventory", num_children: kept.length }, ...kept.map(({ element }) => element)],
    columnData: kept.map(({ element, data }) => ({ name: element.name, data: [...data], offsetIndex })),
    codec,
    compressors: { GZIP: input => gzipSync(input), ZSTD: input => zstdCompressSync(input) },
    ...sizes,
  });
  return writer.getBytes();
};

const read = (records: readonly InventoryRecord[], options?: Options) =>
  recordsIn({ format: "Parquet", files: [encode(records, options)] });

test("any records are read, whatever the codec, the row groups and the pages", async () => {
  const options = fc.record({
    rowGroupSize: fc.integer({ min: 1, max: 120 }),
    pageSize: fc.integer({ min: 50, max: 2000 }),
    offsetIndex: fc.boolean(),
    codec: fc.constantFrom<NonNullable<Options["codec"]>>("UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(arbitraryRecord, { minLength: 1, maxLength: 100 }),
      options,
      async (records, chosen) => {
        expect(await read(records, chosen)).toEqual(records);
      },
    ),
    { numRuns: 60 * RUNS },
  );
});

describe("a row group of many rows", () => {
  const records = Array.from({ length: 150_000 }, (_, n) => ({
    bucket: "b",
    key: `key/${n}`,
    versionId: n % 3 === 0 ? null : `v${n}`,
    isLatest: n % 2 === 0,
    isDeleteMarker: false,
    size: n % 5 === 0 ? null : n,
    lastModified: new Date(Date.UTC(2026, 0, 1) + Math.floor(n / 10) * 1000).toISOString(),
    eTag: `${n % 100}`,
    storageClass: "STANDARD",
  }));

  test.each([true, false])(
    "is read from any row on, with an index of its pages: %s",
    async offsetIndex => {
      const bytes = encode(records, { rowGroupSize: 140_000, pageSize: 100_000, offsetIndex });
      for (const from of [0, 70_001, 139_999, 140_000, 149_999, 150_000, 200_000]) {
        const batches = await collect(readParquet(memorySource("x", bytes), from));
        const found = batches.flat();
        expect(found.length).toBe(Math.max(records.length - from, 0));
        expect(found.every((record, index) => record.key === `key/${from + index}`)).toBe(true);
        expect(found.slice(0, 3000)).toEqual(records.slice(from, from + 3000));
        expect(found.slice(-3000)).toEqual(records.slice(from).slice(-3000));
      }
    },
    30_000,
  );

  test.each([true, false])("is read once, with an index of its pages: %s", async offsetIndex => {
    const bytes = encode(records, { rowGroupSize: 150_000, pageSize: 100_000, offsetIndex });
    const source = memorySource("x", bytes);
    let total = 0;
    const spied = {
      ...source,
      read: (start: number, end: number) => {
        total += end - start;
        return source.read(start, end);
      },
    };
    await collect(readParquet(spied, 0));
    // Its end is read first, half a megabyte of it.
    expect(total).toBeLessThan(1.1 * bytes.length + 2 ** 19);
  });
});

describe("timestamps", () => {
  const record: InventoryRecord = {
    ...(REAL_RECORDS[0] as InventoryRecord),
    lastModified: "2024-05-06T22:37:48.123Z",
  };
  test.each<SchemaElement>([
    { ...MILLIS, converted_type: "TIMESTAMP_MICROS" },
    {
      name: MILLIS.name,
      type: "INT64",
      repetition_type: "OPTIONAL",
      logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
    },
    {
      name: MILLIS.name,
      type: "INT64",
      repetition_type: "OPTIONAL",
      logical_type: { type: "TIMESTAMP", isAdjustedToUTC: false, unit: "MICROS" },
    },
    {
      name: MILLIS.name,
      type: "INT64",
      repetition_type: "OPTIONAL",
      logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "NANOS" },
    },
  ])("of the type %j", async timestamp => {
    expect(await read([record], { timestamp })).toEqual([record]);
  });
});

describe("columns", () => {
  test("that the file does not have are nothing", async () => {
    const leftOut = [
      "version_id",
      "is_latest",
      "is_delete_marker",
      "size",
      "last_modified_date",
      "e_tag",
      "storage_class",
    ];
    const [found] = await read(REAL_RECORDS.slice(2), { leftOut });
    expect(Object.values(found ?? {})).toEqual([
      "filemanager-inventory-test",
      "inventory-test/key1",
      ...leftOut.map(() => null),
    ]);
  });

  test("of bucket and key must be there", async () => {
    await expect(read(REAL_RECORDS, { leftOut: ["bucket"] })).rejects.toThrow(InvalidSchema);
    await expect(read(REAL_RECORDS, { leftOut: ["key"] })).rejects.toThrow(
      "memory/file-0: it has no column key",
    );
  });

  test("of another type are an error that names column and type", async () => {
    const timestamp: SchemaElement = { ...text("last_modified_date", "OPTIONAL") };
    const records = [{ ...(REAL_RECORDS[0] as InventoryRecord), lastModified: null }];
    await expect(read(records, { timestamp })).rejects.toThrow(UnsupportedType);
    await expect(read(records, { timestamp })).rejects.toThrow(
      "column last_modified_date has the type OPTIONAL BYTE_ARRAY UTF8",
    );
  });

  test("an empty text is nothing, and a row without a key is an error", async () => {
    const [record] = REAL_RECORDS as [InventoryRecord];
    expect(await read([{ ...record, versionId: "" }])).toEqual([{ ...record, versionId: null }]);
    await expect(read([record, { ...record, key: "" }])).rejects.toThrow(InvalidRow);
    await expect(read([record, { ...record, size: -1 }])).rejects.toThrow(
      "memory/file-0: row 2: expected size",
    );
  });
});

test("a codec without a reader is named", async () => {
  const bytes = Uint8Array.from(fixture("parquet_inventory.parquet"));
  // Of the first column's facts: the path in the schema, then the codec, an i32 in zigzag: SNAPPY (1) made LZO (3).
  const path = Buffer.from([0x19, 0x18, 6, ...Buffer.from("bucket"), 0x15]);
  const at = Buffer.from(bytes).indexOf(path) + path.length;
  expect(bytes[at]).toBe(2);
  bytes[at] = 6;
  await expect(recordsIn({ format: "Parquet", files: [bytes] })).rejects.toThrow(UnsupportedCodec);
  await expect(recordsIn({ format: "Parquet", files: [bytes] })).rejects.toThrow(
    "memory/file-0: is compressed with LZO",
  );
});
