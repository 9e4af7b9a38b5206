import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ChecksumMismatch,
  CorruptFile,
  DataFileMissing,
  InventoryError,
  TruncatedFile,
} from "../../../src/replay/inventory/errors.ts";
import { inlineReport } from "../../../src/replay/inventory/open-report.ts";
import { readBatches, readRecords } from "../../../src/replay/inventory/read-report.ts";
import type { InventoryRecord } from "../../../src/replay/inventory/record.ts";
import {
  collect,
  fixture,
  fixtureManifest,
  memorySources,
  REAL_REPORTS,
  RUNS,
  recordsIn,
} from "./reports.ts";

const flipped = (bytes: Uint8Array, at: number, bit = 0): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << bit);
  return copy;
};

/** What reading gave before it failed, and the failure. */
const readUntilError = async (records: AsyncIterable<InventoryRecord>) => {
  const handedOn: InventoryRecord[] = [];
  try {
    for await (const record of records) handedOn.push(record);
    return { handedOn, error: undefined };
  } catch (error) {
    return { handedOn, error };
  }
};

describe.each(REAL_REPORTS)("%s", report => {
  const manifest = fixtureManifest(report);
  const key = manifest.files[0]?.key ?? "";
  const bytes = fixture(key);

  test("a flipped byte anywhere is an error that names the file, and no record is handed on", async () => {
    const step = Math.ceil(bytes.length / 400);
    for (let at = 0; at < bytes.length; at += step) {
      const opened = inlineReport(manifest, memorySources({ [key]: flipped(bytes, at, at % 8) }));
      const { handedOn, error } = await readUntilError(readRecords(opened));
      expect(error, `byte ${at}`).toBeInstanceOf(ChecksumMismatch);
      expect((error as Error).message).toContain(key);
      expect(handedOn).toEqual([]);
    }
  });

  test("a damaged second file keeps the first from being handed on", async () => {
    const files = [...manifest.files, { key: "second", MD5checksum: manifest.files[0]?.MD5checksum ?? "" }];
    const sources = memorySources({ [key]: bytes, second: flipped(bytes, 9) });
    const { handedOn, error } = await readUntilError(
      readRecords(inlineReport({ ...manifest, files }, sources)),
    );
    expect(error).toMatchObject({ name: "ChecksumMismatch", file: "memory/second" });
    expect(handedOn).toEqual([]);
  });

  test("a missing file is named, with the manifest that lists it", async () => {
    const { error } = await readUntilError(readRecords(inlineReport(manifest, memorySources({}))));
    expect(error).toBeInstanceOf(DataFileMissing);
    expect((error as Error).message).toMatch(new RegExp(`memory/${key}: is listed in the manifest`));
  });

  test("a file of no bytes is an error", async () => {
    const reading = recordsIn({ format: manifest.fileFormat, files: [new Uint8Array()] });
    await expect(reading).rejects.toThrow(TruncatedFile);
  });

  test("a file of another format is told as damaged", async () => {
    const other = new TextEncoder().encode("neither compressed nor columnar ".repeat(20));
    const reading = recordsIn({ format: manifest.fileFormat, files: [other] });
    await expect(reading).rejects.toThrow(CorruptFile);
  });

  test("without MD5s, damage is an error of an inventory or shows in the records, but is no crash", async () => {
    const damage = fc.record({ at: fc.nat(bytes.length - 1), bit: fc.nat(7), length: fc.nat(bytes.length) });
    await fc.assert(
      fc.asyncProperty(damage, fc.boolean(), async ({ at, bit, length }, isCut) => {
        const damaged = isCut ? bytes.subarray(0, length) : flipped(bytes, at, bit);
        const sources = memorySources({ [key]: damaged });
        const reading = readRecords(inlineReport(manifest, sources), { isVerified: false });
        const { error } = await readUntilError(reading);
        if (error !== undefined) expect(error).toBeInstanceOf(InventoryError);
        if (error !== undefined) expect((error as Error).message).toContain(key);
      }),
      { numRuns: 300 * RUNS },
    );
  });
});

describe("gzip", () => {
  const text = '"bucket","key"\n'.repeat(5000);
  const whole = gzipSync(text);
  const schema = "Bucket, Key";

  test.each([1, 8, 10, 100, 1000])("cut %i bytes before its end is an error", async cut => {
    const reading = recordsIn({
      format: "CSV",
      schema,
      files: [whole.subarray(0, whole.length - Math.min(cut, whole.length - 1))],
    });
    await expect(reading).rejects.toThrow(TruncatedFile);
  });

  test("of several members is one file, also where a row is cut in two", async () => {
    const half = Math.floor(text.length / 2) + 3;
    const members = Buffer.concat([gzipSync(text.slice(0, half)), gzipSync(""), gzipSync(text.slice(half))]);
    expect(await recordsIn({ format: "CSV", schema, files: [members] })).toHaveLength(5000);
  });

  test.each([Buffer.alloc(20), Buffer.from("something else")])(
    "followed by something else is an error",
    async end => {
      const reading = recordsIn({ format: "CSV", schema, files: [Buffer.concat([whole, end])] });
      await expect(reading).rejects.toThrow(CorruptFile);
    },
  );

  test("that holds nothing is a report without records", async () => {
    expect(await recordsIn({ format: "CSV", files: [gzipSync("")] })).toEqual([]);
    expect(await recordsIn({ format: "CSV", files: [gzipSync("\n\n")] })).toEqual([]);
    expect(await recordsIn({ format: "CSV", files: [] })).toEqual([]);
  });
});

test("trouble with the disk or the network travels up as it is", async () => {
  const trouble = new Error("connection reset");
  for (const report of REAL_REPORTS) {
    const manifest = fixtureManifest(report);
    const sources = memorySources({ [manifest.files[0]?.key ?? ""]: fixture(manifest.files[0]?.key ?? "") });
    const failing = {
      ...sources,
      open: async (key: string) => {
        const source = await sources.open(key);
        const fail = () => Promise.reject(trouble);
        return (
          source && {
            ...source,
            read: fail,
            stream: () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }),
          }
        );
      },
    };
    for (const isVerified of [true, false]) {
      const reading = collect(readBatches(inlineReport(manifest, failing), { isVerified }));
      await expect(reading).rejects.toBe(trouble);
    }
  }
});
