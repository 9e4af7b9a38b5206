import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { createBucket } from "../../../src/local/s3/buckets.ts";
import { LocalObjectStore } from "../../../src/local/s3/local-object-store.ts";
import { createS3 } from "../../../src/local/s3/s3.ts";
import { seededRandom } from "../../../src/local/seeded-random.ts";
import { inlineReport, openReport, openReportFile } from "../../../src/replay/inventory/open-report.ts";
import { readRecords } from "../../../src/replay/inventory/read-report.ts";
import {
  collect,
  fixture,
  fixtureManifest,
  fixturePath,
  memorySources,
  REAL_BUCKET,
  REAL_RECORDS,
  REAL_REPORTS,
} from "./reports.ts";

const NO_VERSIONS = "csv_inventory_no_version";

const dataFile = (report: string): string => fixtureManifest(report).files[0]?.key ?? "";

/** S3 with all real reports, each under the keys its manifest lists. */
const s3WithReports = async (): Promise<LocalObjectStore> => {
  const s3 = createS3({ clock: new ManualClock(Date.UTC(2026, 4, 6)), random: seededRandom(1) });
  createBucket(s3, REAL_BUCKET);
  const objects = new LocalObjectStore(s3);
  for (const report of [...REAL_REPORTS, NO_VERSIONS]) {
    for (const name of [`${report}_manifest.json`, `${report}_manifest.checksum`, dataFile(report)])
      await objects.put({ bucket: REAL_BUCKET, key: name, body: fixture(name) });
  }
  return objects;
};

describe.each(REAL_REPORTS)("%s", report => {
  test.each(["json", "checksum"])("is read from S3 by the key of its manifest.%s", async ending => {
    const key = `${report}_manifest.${ending}`;
    const opened = await openReport({ bucket: REAL_BUCKET, key }, await s3WithReports());
    expect(await collect(readRecords(opened))).toEqual(REAL_RECORDS);
  });

  test("is read from S3 by its manifest", async () => {
    const opened = await openReport(fixtureManifest(report), await s3WithReports());
    expect(await collect(readRecords(opened))).toEqual(REAL_RECORDS);
    expect(opened.manifest.createdAtMs).toBe(1_715_043_600_000);
  });

  test.each(["json", "checksum"])("is read from disk by the path of its manifest.%s", async ending => {
    const opened = await openReportFile(fixturePath(`${report}_manifest.${ending}`));
    expect(await collect(readRecords(opened))).toEqual(REAL_RECORDS);
  });

  test("is read with nothing but a bucket, a format and a key", async () => {
    const { fileFormat, files } = fixtureManifest(report);
    const [{ key } = { key: "" }] = files;
    const sources = memorySources({ [key]: fixture(key) });
    const opened = inlineReport({ destinationBucket: REAL_BUCKET, fileFormat, files: [{ key }] }, sources);
    // The default columns are the first of the real ones, and further columns are no trouble.
    expect(await collect(readRecords(opened))).toEqual(REAL_RECORDS);
  });
});

test("a report of current versions has nothing where it has no column", async () => {
  const opened = await openReportFile(fixturePath(`${NO_VERSIONS}_manifest.json`));
  const nothing = { versionId: null, isLatest: null, isDeleteMarker: null };
  expect(await collect(readRecords(opened))).toEqual([
    { ...REAL_RECORDS[0], ...nothing },
    { ...REAL_RECORDS[2], ...nothing },
  ]);
});

describe("on disk", () => {
  const folder = mkdtempSync(join(tmpdir(), "inventory-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("the data files of a report copied with its folders are found", async () => {
    const [report] = REAL_REPORTS;
    const reportFolder = join(folder, "bucket/config/2024-05-07T01-00Z");
    const dataFolder = join(folder, "bucket/config/data");
    mkdirSync(reportFolder, { recursive: true });
    mkdirSync(dataFolder);
    copyFileSync(fixturePath(`${report}_manifest.json`), join(reportFolder, "manifest.json"));
    copyFileSync(fixturePath(dataFile(report)), join(dataFolder, dataFile(report)));
    const opened = await openReportFile(join(reportFolder, "manifest.json"));
    expect(await collect(readRecords(opened))).toEqual(REAL_RECORDS);
  });
});
