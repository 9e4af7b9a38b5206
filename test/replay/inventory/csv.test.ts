import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodedKey } from "../../../src/local/inventory/csv-format.ts";
import { InvalidRow, InvalidSchema } from "../../../src/replay/inventory/errors.ts";
import type { InventoryRecord } from "../../../src/replay/inventory/record.ts";
import { arbitraryRecord, RUNS, recordsIn, recordsInCsv } from "./reports.ts";

const SCHEMA = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass";
const NOTHING = {
  versionId: null,
  isLatest: null,
  isDeleteMarker: null,
  size: null,
  lastModified: null,
  eTag: null,
  storageClass: null,
};
const record = (fields: Partial<InventoryRecord>): InventoryRecord => ({
  bucket: "bucket",
  key: "key",
  ...NOTHING,
  ...fields,
});
const ROW = '"bucket","a+b%2Fc","v1","true","false","5","2026-05-06T22:44:22.000Z","e","STANDARD"';
const READ = record({
  key: "a b/c",
  versionId: "v1",
  isLatest: true,
  isDeleteMarker: false,
  size: 5,
  lastModified: "2026-05-06T22:44:22.000Z",
  eTag: "e",
  storageClass: "STANDARD",
});

describe("columns", () => {
  test("are the schema's, in any order, others passed over", async () => {
    const rows = '"7","x","k","b"\n';
    expect(await recordsInCsv(rows, "Size, ObjectOwner, Key, Bucket")).toEqual([
      record({ bucket: "b", key: "k", size: 7 }),
    ]);
  });

  test("are the header's where there is no schema", async () => {
    expect(await recordsInCsv('"Size","Key","Bucket"\n"7","k","b"\n')).toEqual([
      record({ bucket: "b", key: "k", size: 7 }),
    ]);
    expect(await recordsInCsv("Size, Key, Bucket\n7, k, b\n")).toEqual([
      record({ bucket: "b", key: "k", size: 7 }),
    ]);
  });

  test("are the default ones where there is neither, and there may be more", async () => {
    expect(await recordsInCsv(`${ROW}\n${ROW},"false",""\n`)).toEqual([READ, READ]);
  });

  test("a single row without header or schema is a row", async () => {
    expect(await recordsInCsv(`${ROW}\n`)).toEqual([READ]);
    expect(await recordsInCsv(ROW)).toEqual([READ]);
    expect(await recordsInCsv(ROW.replaceAll('"', ""))).toEqual([READ]);
  });

  test("a header that says what the schema says is no row; a bucket named bucket with a key named key is one", async () => {
    expect(await recordsInCsv('"Bucket","Key"\n"b","k"\n', "Bucket, Key")).toEqual([
      record({ bucket: "b", key: "k" }),
    ]);
    expect(await recordsInCsv('"bucket","key"\n', "Bucket, Key")).toEqual([record({})]);
    expect(await recordsInCsv(`${ROW.replace("a+b%2Fc", "key")}\n`)).toEqual([{ ...READ, key: "key" }]);
  });

  test("a header alone is a report without records", async () => {
    expect(await recordsInCsv("Bucket,Key\n")).toEqual([]);
  });

  test.each(["Bucket, Size", "Key, Size", "Bucket, Key, Size, Size", "struct<bucket:string,key:string>"])(
    "the schema %s is refused",
    async schema => {
      await expect(recordsInCsv(`${ROW}\n`, schema)).rejects.toThrow(InvalidSchema);
      await expect(recordsInCsv(`${ROW}\n`, schema)).rejects.toThrow("memory/file-0");
    },
  );

  test.each([
    ["too few", '"b","k"\n"b"\n', 2],
    ["too many", '"b","k"\n"b","k"\n"b","k","v"\n', 3],
    ["too few without quotes", "b,k\nb\n", 2],
  ])("%s are told with their row", async (_, text, row) => {
    await expect(recordsInCsv(text, "Bucket, Key")).rejects.toThrow(InvalidRow);
    await expect(recordsInCsv(text, "Bucket, Key")).rejects.toThrow(
      `memory/file-0: row ${row}: expected 2 columns`,
    );
  });
});

describe("values", () => {
  test.each([
    ['"","k"', "Bucket, Key", "Bucket is empty"],
    ['"b",""', "Bucket, Key", "Key is empty"],
    ['"b","100%"', "Bucket, Key", "URL-encoded"],
    ['"b","%zz"', "Bucket, Key", "URL-encoded"],
    ['"b","%ff"', "Bucket, Key", "URL-encoded"],
    ['"b","%E9"', "Bucket, Key", "URL-encoded"],
    ['"b","k","-1"', "Bucket, Key, Size", "whole number"],
    ['"b","k","1e3"', "Bucket, Key, Size", "whole number"],
    ['"b","k","9007199254740993"', "Bucket, Key, Size", "whole number"],
    ['"b","k","TRUE"', "Bucket, Key, IsLatest", "true or false"],
    ['"b","k","1"', "Bucket, Key, IsDeleteMarker", "true or false"],
    ['"b","k","yesterday"', "Bucket, Key, LastModifiedDate", "instant"],
    ['"b","k","2026-02-30T00:00:00.000Z"', "Bucket, Key, LastModifiedDate", "instant"],
    ['"b","k","2026-13-01T00:00:00.000Z"', "Bucket, Key, LastModifiedDate", "instant"],
    ['"b","k","2026-05-06T24:00:00.000Z"', "Bucket, Key, LastModifiedDate", "instant"],
  ])("%s is refused", async (row, schema, reason) => {
    await expect(recordsInCsv(`${row}\n`, schema)).rejects.toThrow(InvalidRow);
    await expect(recordsInCsv(`${row}\n`, schema)).rejects.toThrow(reason);
  });

  test.each([
    ["2026-05-06T22:44:22Z", "2026-05-06T22:44:22.000Z"],
    ["2026-05-06 22:44:22", "2026-05-06T22:44:22.000Z"],
    ["2026-05-06T22:44:22.5", "2026-05-06T22:44:22.500Z"],
    ["2026-05-06T22:44:22.123456789Z", "2026-05-06T22:44:22.123Z"],
    ["2026-05-07T00:44:22.000+02:00", "2026-05-06T22:44:22.000Z"],
    ["2024-02-29T00:00:00.000Z", "2024-02-29T00:00:00.000Z"],
    ["2026-12-31T23:59:59.999Z", "2026-12-31T23:59:59.999Z"],
  ])("the instant %s is %s", async (text, lastModified) => {
    expect(await recordsInCsv(`"b","k","${text}"\n`, "Bucket, Key, LastModifiedDate")).toEqual([
      record({ bucket: "b", key: "k", lastModified }),
    ]);
  });

  // Source: filemanager vector E26, and how S3 encodes keys.
  test.each([
    ["a%20b", "a b"],
    ["a+b%2Fc", "a b/c"],
    ["%2B%25%22%0A", '+%"\n'],
    ["%C3%A9%F0%9F%98%80", "é😀"],
    ["%c3%a9", "é"],
    ["é", "é"],
  ])("the key %s is %s", async (encoded, key) => {
    expect(await recordsInCsv(`"b","${encoded}"\n`, "Bucket, Key")).toEqual([record({ bucket: "b", key })]);
  });

  test("text that is no UTF-8 is refused", async () => {
    const bytes = Buffer.concat([Buffer.from('"b","k'), Buffer.of(0xff), Buffer.from('"\n')]);
    await expect(
      recordsIn({ format: "CSV", schema: "Bucket, Key", files: [gzipSync(bytes)] }),
    ).rejects.toThrow("UTF-8");
  });
});

const cellsOf = (read: InventoryRecord): readonly string[] =>
  Object.values({ ...read, key: encodedKey(read.key) }).map(value => (value === null ? "" : String(value)));
const quoted = (cells: readonly string[]): string =>
  cells.map(cell => `"${cell.replaceAll('"', '""')}"`).join(",");

describe("other shapes than S3's", () => {
  test("a byte order mark, CR LF, blanks, cells with and without quotes, quotes and line feeds in cells", async () => {
    const text = '\uFEFF"b","k"\r\nb , k\r\n\r\n"b" ,"k""2"\r\n"b","k\r\n3"\r\n';
    const keys = (await recordsInCsv(text, "Bucket, Key")).map(({ key }) => key);
    expect(keys).toEqual(["k", "k", 'k"2', "k\r\n3"]);
  });

  test("commas and line feeds in cells in quotes are read at once", async () => {
    expect(await recordsInCsv('"b","a,b\nc"\n"b","k"\n', "Bucket, Key")).toEqual([
      record({ bucket: "b", key: "a,b\nc" }),
      record({ bucket: "b", key: "k" }),
    ]);
  });

  test.each(['"b","k', '"b","k"x\n', '"b,"k"\n', 'b,k"x"\n'])("%j is refused with its row", async row => {
    const text = `"b","k"\n"b","k"\n${row}`;
    await expect(recordsInCsv(text, "Bucket, Key")).rejects.toThrow(/row 3: /);
  });

  test("a quote that is never closed does not read the whole file first", async () => {
    const text = `"b","k"\n"b","${"k\n".repeat(3_000_000)}`;
    await expect(recordsInCsv(text, "Bucket, Key")).rejects.toThrow("not closed within a megabyte");
  });

  test("the full parser reads the same from any row on", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitraryRecord, { minLength: 1, maxLength: 20 }),
        fc.nat(20),
        fc.constantFrom("\n", "\r\n"),
        async (records, from, lineEnd) => {
          const rows = records.map(cellsOf);
          const plain = rows.map(cells => `${quoted(cells)}\n`).join("");
          // A blank before a comma is what sends a row to the full parser.
          const other = rows
            .map((cells, index) =>
              index < from ? `${quoted(cells)}\n` : `${quoted(cells).replace(",", " ,")}${lineEnd}`,
            )
            .join("");
          expect(await recordsInCsv(plain, SCHEMA)).toEqual(records);
          expect(await recordsInCsv(other, SCHEMA)).toEqual(records);
        },
      ),
      { numRuns: 60 * RUNS },
    );
  });

  test("rows that are cut anywhere by the pieces of the text are read the same", async () => {
    const key = (n: number) => `${"long/".repeat(n % 60)}${n}é`;
    const records = Array.from({ length: 5000 }, (_, n) => record({ key: key(n), size: n }));
    const text = records.map(read => `${quoted(cellsOf(read))}\n`).join("");
    expect(await recordsInCsv(text, SCHEMA)).toEqual(records);
    const unencoded = records.map(read => `${quoted(cellsOf(read).with(1, read.key))}\n`).join("");
    expect(await recordsInCsv(unencoded, SCHEMA)).toEqual(records);
  });
});
