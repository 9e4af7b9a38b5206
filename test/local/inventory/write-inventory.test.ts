import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type InventoryConfig, writeInventory } from "../../../src/local/inventory/write-inventory.ts";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { configureBucket, createBucket } from "../../../src/local/s3/buckets.ts";
import { LocalObjectStore } from "../../../src/local/s3/local-object-store.ts";
import { createS3 } from "../../../src/local/s3/s3.ts";
import { seededRandom } from "../../../src/local/seeded-random.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { openReport } from "../../../src/replay/inventory/open-report.ts";
import { readRecords } from "../../../src/replay/inventory/read-report.ts";
import type { InventoryRecord } from "../../../src/replay/inventory/record.ts";
import { arbitraryKey, collect, fixtureManifest, md5, RUNS } from "../../replay/inventory/reports.ts";

const AT = Date.UTC(2026, 4, 6, 1, 2, 3);
const CONFIG: InventoryConfig = {
  sourceBucket: "archive",
  destinationBucket: "inventories",
  prefix: "reports/daily",
  id: "all",
  format: "CSV",
};

type Step = { readonly key: string; readonly action: "put" | "delete" | "suspend" | "enable" };

/** S3 in which this happened to the bucket `archive`. */
const s3After = async (steps: readonly Step[]) => {
  const clock = new ManualClock(AT);
  const random = seededRandom(1);
  const s3 = createS3({ clock, random });
  for (const bucket of ["archive", "inventories"]) createBucket(s3, bucket);
  const objects = new LocalObjectStore(s3);
  for (const { key, action } of steps) {
    if (action === "put") await objects.put({ bucket: "archive", key, body: `content of ${key}` });
    else if (action === "delete") await objects.delete({ bucket: "archive", key });
    else configureBucket(s3, "archive", { versioning: action === "enable" ? "enabled" : "suspended" });
  }
  return { objects, clock, random };
};

const textOf = async (objects: ObjectStore, key: string): Promise<string> => {
  const found = await objects.get({ bucket: "inventories", key });
  if (found === undefined) throw new Error(`${key} is not there`);
  return new TextDecoder().decode(found.body);
};

const listed = async (objects: ObjectStore, config: InventoryConfig): Promise<readonly InventoryRecord[]> => {
  const { versions } = await objects.listVersions({ bucket: config.sourceBucket });
  return versions.map(version => ({
    bucket: config.sourceBucket,
    key: version.key,
    versionId: version.versionId === "null" ? null : version.versionId,
    isLatest: version.isLatest,
    isDeleteMarker: version.isDeleteMarker,
    size: version.sizeBytes ?? null,
    lastModified: version.lastModified,
    eTag: version.eTag ?? null,
    storageClass: version.storageClass ?? null,
  }));
};

const history: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    key: arbitraryKey,
    action: fc.constantFrom("put", "put", "put", "delete", "suspend", "enable"),
  }),
  { maxLength: 40 },
);

describe.each(["CSV", "Parquet"] as const)("a report in %s", format => {
  const config = { ...CONFIG, format };

  test("is read back as the listing of its bucket, whatever keys and versions there are", async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 1, max: 50 }), async (steps, rowsPerFile) => {
        const ports = await s3After(steps);
        const { checksumKey, rows, files } = await writeInventory(ports, { ...config, rowsPerFile });
        const report = await openReport({ bucket: "inventories", key: checksumKey }, ports.objects);
        const expected = await listed(ports.objects, config);
        expect(await collect(readRecords(report))).toEqual(expected);
        expect(rows).toBe(expected.length);
        expect(files).toHaveLength(Math.ceil(rows / rowsPerFile));
        expect(report.manifest.createdAtMs).toBe(AT);
      }),
      { numRuns: 60 * RUNS },
    );
  });

  test("lies where S3 would put it, its checksum last", async () => {
    const ports = await s3After([{ key: "a", action: "put" }]);
    const puts: string[] = [];
    const put = ports.objects.put.bind(ports.objects);
    ports.objects.put = request => {
      puts.push(request.key);
      return put(request);
    };
    const { manifestKey, checksumKey, files } = await writeInventory(ports, config);
    expect(manifestKey).toBe("reports/daily/archive/all/2026-05-06T01-02Z/manifest.json");
    expect(checksumKey).toBe("reports/daily/archive/all/2026-05-06T01-02Z/manifest.checksum");
    const ending = format === "CSV" ? "csv\\.gz" : "parquet";
    expect(files.map(({ key }) => key)).toEqual([
      expect.stringMatching(new RegExp(`^reports/daily/archive/all/data/[0-9a-f-]{36}\\.${ending}$`)),
    ]);
    expect(puts).toEqual([...files.map(({ key }) => key), manifestKey, checksumKey]);
  });

  test("has a manifest like S3's", async () => {
    const ports = await s3After([{ key: "a", action: "put" }]);
    const { manifestKey, checksumKey, files } = await writeInventory(ports, config);
    const text = await textOf(ports.objects, manifestKey);
    expect(await textOf(ports.objects, checksumKey)).toBe(`${md5(text)}\n`);
    const { fileSchema, ...manifest } = JSON.parse(text);
    expect(manifest).toEqual({
      sourceBucket: "archive",
      destinationBucket: "arn:aws:s3:::inventories",
      version: "2016-11-30",
      creationTimestamp: String(AT),
      fileFormat: format,
      files,
    });
    const real = fixtureManifest(format === "CSV" ? "csv_inventory" : "parquet_inventory");
    expect(Object.keys(JSON.parse(text))).toEqual(Object.keys(real));
    // S3's own has further columns at its end.
    expect(real.fileSchema?.startsWith(fileSchema.replace(/;?}$/, ""))).toBe(true);
  });

  test("of current versions lists the current objects, and has no columns of versions", async () => {
    const ports = await s3After([
      { key: "", action: "enable" },
      { key: "a", action: "put" },
      { key: "a", action: "put" },
      { key: "b", action: "put" },
      { key: "b", action: "delete" },
    ]);
    const { manifestKey } = await writeInventory(ports, { ...config, includedVersions: "Current" });
    const report = await openReport({ bucket: "inventories", key: manifestKey }, ports.objects);
    expect(await collect(readRecords(report))).toMatchObject([
      { key: "a", versionId: null, isLatest: null, isDeleteMarker: null, size: 12 },
    ]);
    expect(JSON.parse(await textOf(ports.objects, manifestKey)).fileSchema).not.toMatch(/version/i);
  });

  test("may be of a part of the keys", async () => {
    const ports = await s3After(["a/1", "b/1", "b/2"].map(key => ({ key, action: "put" })));
    const { manifestKey, rows } = await writeInventory(ports, { ...config, keyPrefix: "b/" });
    const report = await openReport({ bucket: "inventories", key: manifestKey }, ports.objects);
    expect((await collect(readRecords(report))).map(({ key }) => key)).toEqual(["b/1", "b/2"]);
    expect(rows).toBe(2);
  });
});
