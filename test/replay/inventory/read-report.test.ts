import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { createBucket } from "../../../src/local/s3/buckets.ts";
import { LocalObjectStore } from "../../../src/local/s3/local-object-store.ts";
import { createS3 } from "../../../src/local/s3/s3.ts";
import { seededRandom } from "../../../src/local/seeded-random.ts";
import { FileChanged } from "../../../src/replay/inventory/errors.ts";
import { observationOf } from "../../../src/replay/inventory/observation-of.ts";
import { openReport } from "../../../src/replay/inventory/open-report.ts";
import {
  type Batch,
  type Progress,
  readBatches,
  readRecords,
} from "../../../src/replay/inventory/read-report.ts";
import { canonicalLine, type InventoryRecord } from "../../../src/replay/inventory/record.ts";
import { encodeOrc, PLAIN_ORC } from "./orc-file.ts";
import { collect, md5, REAL_RECORDS, reportOf } from "./reports.ts";

const ROWS = 2500;
const recordsOf = (file: number): readonly InventoryRecord[] =>
  Array.from({ length: ROWS }, (_, n) => ({ ...(REAL_RECORDS[0] as InventoryRecord), key: `${file}-${n}` }));
const csvFile = (file: number): Uint8Array =>
  gzipSync(
    recordsOf(file)
      .map(({ bucket, key }) => `"${bucket}","${key}"\n`)
      .join(""),
  );

const REPORTS = {
  CSV: () => reportOf({ format: "CSV", schema: "Bucket, Key", files: [0, 1, 2].map(csvFile) }),
  ORC: () =>
    reportOf({
      format: "ORC",
      files: [0, 1, 2].map(file => encodeOrc(recordsOf(file), { ...PLAIN_ORC, rowsPerStripe: 900 })),
    }),
};

describe.each(["CSV", "ORC"] as const)("a report in %s of several files", format => {
  test("is read in the order of files and rows, and can be taken up behind any batch", async () => {
    const batches: Batch[] = await collect(readBatches(REPORTS[format]()));
    const keys = (some: readonly Batch[]) => some.flatMap(({ records }) => records.map(({ key }) => key));
    expect(keys(batches)).toEqual([0, 1, 2].flatMap(file => recordsOf(file).map(({ key }) => key)));
    expect(batches.length).toBeGreaterThan(6);
    for (const [index, { next }] of batches.entries()) {
      const others = await collect(readBatches(REPORTS[format](), { from: next }));
      expect(keys(others)).toEqual(keys(batches.slice(index + 1)));
      expect(others.at(-1)?.next ?? next).toEqual({ file: 2, row: ROWS });
    }
  });

  test("tells its progress, up to all", async () => {
    const told: Progress[] = [];
    await collect(readBatches(REPORTS[format](), { onProgress: progress => told.push(progress) }));
    const bytesTotal = told[0]?.bytesTotal;
    expect(told.map(({ phase }) => phase).lastIndexOf("check")).toBe(2);
    expect(told.at(2)).toMatchObject({ filesDone: 3, bytes: bytesTotal, rows: 0 });
    expect(told.at(-1)).toEqual({
      phase: "read",
      filesDone: 3,
      filesTotal: 3,
      rows: 3 * ROWS,
      bytes: bytesTotal,
      bytesTotal,
    });
    for (const [index, { phase, bytes, rows }] of told.entries()) {
      const before = told[index - 1];
      if (before?.phase !== phase) continue;
      expect(bytes).toBeGreaterThanOrEqual(before.bytes);
      expect(rows).toBeGreaterThanOrEqual(before.rows);
    }
  });
});

test("a reader that stops early stops the reading", async () => {
  let streams = 0;
  const report = REPORTS.CSV();
  const sources = {
    ...report.sources,
    open: async (key: string) => {
      const source = await report.sources.open(key);
      return (
        source && {
          ...source,
          async *stream() {
            streams += 1;
            try {
              yield* source.stream();
            } finally {
              streams -= 1;
            }
          },
        }
      );
    },
  };
  for await (const { key } of readRecords({ ...report, sources })) if (key === "1-7") break;
  expect(streams).toBe(0);
});

describe("from S3", () => {
  const s3 = createS3({ clock: new ManualClock(Date.UTC(2026, 4, 6)), random: seededRandom(1) });
  createBucket(s3, "inventories");
  const objects = new LocalObjectStore(s3);
  const put = (key: string, body: Uint8Array) => objects.put({ bucket: "inventories", key, body });

  test("a data file that is replaced while it is read is an error", async () => {
    await put("data.csv.gz", csvFile(0));
    const manifest = { destinationBucket: "inventories", fileFormat: "CSV", fileSchema: "Bucket, Key" };
    const listed = { key: "data.csv.gz", MD5checksum: md5(csvFile(0)) };
    const report = await openReport({ ...manifest, files: [listed] }, objects);
    let isReplaced = false;
    const onProgress = ({ phase }: Progress): void => {
      if (phase === "check" && !isReplaced) {
        isReplaced = true;
        void put("data.csv.gz", csvFile(1));
      }
    };
    await expect(collect(readRecords(report, { onProgress }))).rejects.toThrow(FileChanged);
    expect(isReplaced).toBe(true);
  });
});

describe("a record", () => {
  const [current, , , marker] = REAL_RECORDS as [InventoryRecord, unknown, InventoryRecord, InventoryRecord];

  test("has one canonical line, whatever the order of its fields", () => {
    const line =
      '{"bucket":"filemanager-inventory-test","key":"inventory-test/","versionId":null,"isLatest":true,' +
      '"isDeleteMarker":false,"size":0,"lastModified":"2024-05-06T22:37:48.000Z",' +
      '"eTag":"d41d8cd98f00b204e9800998ecf8427e","storageClass":"STANDARD"}\n';
    expect(canonicalLine(current)).toBe(line);
    const { bucket, ...others } = current;
    expect(canonicalLine({ ...others, bucket })).toBe(line);
  });

  test("of an object is a picture of its version", () => {
    expect(observationOf(current, "2024-05-07T01:00:00.000Z")).toEqual({
      source: "inventory",
      bucket: "filemanager-inventory-test",
      key: "inventory-test/",
      versionId: "null",
      kind: "created",
      time: "2024-05-06T22:37:48.000Z",
      event: "inventory",
      sizeBytes: 0,
      eTag: "d41d8cd98f00b204e9800998ecf8427e",
      storageClass: "STANDARD",
      lastModified: "2024-05-06T22:37:48.000Z",
      isLatest: true,
    });
  });

  test("of a delete marker is a picture of a marker", () => {
    const seen = observationOf(marker, "2024-05-07T01:00:00.000Z");
    expect(seen).toMatchObject({ kind: "marker", versionId: "gdN1exfZmD7m713patv8dlQ7fTNwle3v" });
    expect(seen.sizeBytes).toBeUndefined();
  });

  test("without a time was there when the report was begun", () => {
    const seen = observationOf({ ...current, lastModified: null }, "2024-05-07T01:00:00.000Z");
    expect(seen.time).toBe("2024-05-07T01:00:00.000Z");
    expect(seen.lastModified).toBeUndefined();
  });
});
