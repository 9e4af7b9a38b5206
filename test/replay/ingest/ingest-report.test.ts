import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeInventory } from "../../../src/local/inventory/write-inventory.ts";
import { ingestReport, UndatedReport } from "../../../src/replay/ingest/ingest-report.ts";
import { ChecksumMismatch, InvalidManifest } from "../../../src/replay/inventory/errors.ts";
import { inlineReport, openReport, openReportFile } from "../../../src/replay/inventory/open-report.ts";
import type { Source } from "../../../src/replay/inventory/source.ts";
import { listRuns, RUN_LEASE_MS } from "../../../src/replay/runs/run-record.ts";
import { parseNotification } from "../../../src/tracking/notification.ts";
import { readObservations, readState } from "../../../src/tracking/refresh-state.ts";
import { currentView, versionsOf } from "../../../src/tracking/views.ts";
import { current, observation } from "../../tracking/notation.ts";
import {
  collect,
  fixture,
  fixtureManifest,
  fixturePath,
  memorySources,
  REAL_BUCKET,
  REAL_REPORTS,
  reportOf,
} from "../inventory/reports.ts";
import { newIntake, notify } from "./intake.ts";

const RUNS = Number(process.env.RUNS ?? "1");
type World = ReturnType<typeof newIntake>;

const counted = async (world: World, report: Parameters<typeof ingestReport>[1]) => {
  const end = await ingestReport(world.intake, report);
  if (end.outcome === "busy") throw new Error("Expected no other run");
  return { outcome: end.outcome, ...end.tally.counts };
};

const rowsOf = (world: World, key: string) => readObservations(world.intake.table, key);

describe.each(REAL_REPORTS)("%s", name => {
  const report = () => openReportFile(fixturePath(`${name}_manifest.checksum`));

  test("E18: the version that is latest is current, and none under a delete marker", async () => {
    const world = newIntake();
    expect(await counted(world, await report())).toEqual({
      outcome: "completed",
      records: 5,
      new: 5,
      known: 0,
      ambiguous: 0,
      failed: 0,
      states: 3,
    });
    const key1 = currentView(await rowsOf(world, "inventory-test/key1"), REAL_BUCKET);
    expect(key1).toMatchObject({
      versionId: "tpinzcbxOfWpZsmjvVgdHEvSohsY4TA0",
      storageClass: "STANDARD",
      latest: { sizeBytes: 5, eTag: "d8e8fca2dc0f896fd7cb4cb0031ba249" },
    });
    const key2 = await rowsOf(world, "inventory-test/key2");
    expect(currentView(key2, REAL_BUCKET)).toBeUndefined();
    expect(versionsOf(key2, REAL_BUCKET).map(({ state }) => state)).toEqual(["object", "marker"]);
    const state = await readState(world.intake.table, "inventory-test/key1");
    expect(state?.buckets[REAL_BUCKET]).toMatchObject({ isPresent: true, versionId: key1?.versionId });
  });

  test("E19: three times is once, and the second and third write nothing", async () => {
    const world = newIntake();
    await counted(world, await report());
    const before = world.store.snapshot();
    world.writes();
    for (const _ of [2, 3])
      expect(await counted(world, await report())).toMatchObject({ new: 0, known: 5, states: 0 });
    expect(world.writes()).toBe(0);
    expect(world.store.snapshot()).toEqual(before);
  });

  test("a flipped byte anywhere is an error that names the file, and nothing is written", async () => {
    const manifest = fixtureManifest(name);
    const key = manifest.files[0]?.key ?? "";
    const bytes = fixture(key);
    const world = newIntake();
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 40)) {
      const damaged = Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 1 : byte));
      const ingested = ingestReport(world.intake, inlineReport(manifest, memorySources({ [key]: damaged })));
      await expect(ingested).rejects.toThrow(ChecksumMismatch);
      await expect(ingested).rejects.toThrow(key);
    }
    expect(world.store.snapshot()).toEqual([]);
    expect(world.writes()).toBe(0);
    // The repaired report is taken in at once.
    expect(await counted(world, inlineReport(manifest, memorySources({ [key]: bytes })))).toMatchObject({
      new: 5,
    });
  });

  test("a flipped byte of the manifest is one too", async () => {
    const world = newIntake();
    const bucket = "inventories";
    const [manifest, checksum] = [`${name}_manifest.json`, `${name}_manifest.checksum`];
    const bytes = fixture(manifest);
    await world.objects.put({ bucket, key: checksum, body: fixture(checksum) });
    for (let at = 0; at < bytes.length; at += 50) {
      const damaged = Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 1 : byte));
      await world.objects.put({ bucket, key: manifest, body: damaged });
      await expect(openReport({ bucket, key: checksum }, world.objects)).rejects.toThrow(ChecksumMismatch);
      await expect(openReport({ bucket, key: checksum }, world.objects)).rejects.toThrow(manifest);
    }
    expect(world.writes()).toBe(0);
  });
});

const SCHEMA = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass";
const line = (key: string, seconds: number, given: Record<string, string> = {}): string => {
  const lastModified = new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
  const cells = {
    versionId: "",
    isLatest: "true",
    isMarker: "false",
    size: "0",
    eTag: "e",
    class: "STANDARD",
  };
  const { versionId, isLatest, isMarker, size, eTag, class: storageClass } = { ...cells, ...given };
  return `"bucket","${key}","${versionId}","${isLatest}","${isMarker}","${size}","${lastModified}","${eTag}","${storageClass}"\n`;
};
const csv = (...files: readonly (readonly string[])[]) =>
  reportOf({ format: "CSV", schema: SCHEMA, files: files.map(lines => gzipSync(lines.join(""))) });

describe("filemanager vectors", () => {
  const inventory = () => csv([line("key", 1), line("key1", 2), line("key2", 3, { size: "5" })]);
  const told = (token: string, given = {}) => observation(token, { key: "key1", eTag: "e", ...given });

  test("I1 and I2: a report's objects are current; again, or with a row lost, it only fills in", async () => {
    const world = newIntake();
    expect(await counted(world, inventory())).toMatchObject({ new: 3, states: 3 });
    expect(current(await rowsOf(world, "key2"))).toBe("C~");
    const before = world.store.snapshot();
    const lost = before.find(({ PK, SK }) => PK === "KEY#key1" && SK.startsWith("OBJECT#"));
    if (lost === undefined) throw new Error("Expected a row of key1");
    await world.store.write({ delete: { PK: lost.PK, SK: lost.SK } });
    expect(await counted(world, inventory())).toMatchObject({ new: 1, known: 2 });
    expect(world.store.snapshot()).toEqual(before);
  });

  test.each([
    ["I5", ["D6", "C4"], "none"],
    ["I6", ["D6", "C7"], "C7"],
  ])("%s: notifications after the report stand", async (_, tokens, expected) => {
    const world = newIntake();
    await counted(world, inventory());
    for (const token of tokens) await notify(world, [told(token)]);
    expect(current(await rowsOf(world, "key1"))).toBe(expected);
    world.writes();
    await counted(world, inventory());
    expect(world.writes()).toBe(0);
  });

  test("I7: what is known is not written, what is not is", async () => {
    const world = newIntake();
    await notify(world, [told("C1", { key: "key" }), told("C2")]);
    expect(await counted(world, inventory())).toMatchObject({ new: 1, known: 2, states: 1 });
  });

  test("E17: an object that was made again, and nobody told, is current again", async () => {
    const world = newIntake();
    await notify(world, [told("C5"), told("D6")]);
    expect(current(await rowsOf(world, "key1"))).toBe("none");
    await counted(world, csv([line("key1", 60)]));
    expect(current(await rowsOf(world, "key1"))).toBe("C~");
  });

  test("E20: an object that was told of is not changed by its picture", async () => {
    const world = newIntake();
    await notify(world, [told("C2@v1", { sizeBytes: 5 })]);
    const before = world.store.snapshot();
    world.writes();
    expect(await counted(world, csv([line("key1", 2, { versionId: "v1", size: "5" })]))).toMatchObject({
      new: 0,
      known: 1,
      states: 0,
    });
    expect(world.writes()).toBe(0);
    expect(world.store.snapshot()).toEqual(before);
  });

  test("a class that nobody told of is recorded, once", async () => {
    const world = newIntake();
    await notify(world, [told("C2@v1")]);
    const cold = () => csv([line("key1", 2, { versionId: "v1", class: "GLACIER_IR" })]);
    expect(await counted(world, cold())).toMatchObject({ new: 1, states: 1 });
    expect((await readState(world.intake.table, "key1"))?.buckets.bucket).toMatchObject({
      storageClass: "GLACIER_IR",
      sequencer: "2".padStart(32, "0"),
    });
    expect(await counted(world, cold())).toMatchObject({ new: 0, states: 0 });
  });

  test("E26: a key of a report and of a notification are one, whatever its encoding", async () => {
    const world = newIntake();
    await counted(world, csv([line("a%20b", 1), line("a+b%2Fc", 1)]));
    expect(await rowsOf(world, "a b")).toHaveLength(2 - 1);
    expect(await rowsOf(world, "a b/c")).toHaveLength(1);
    const record = (key: string) => ({
      eventVersion: "2.1",
      eventTime: "2026-01-01T00:00:01.000Z",
      eventName: "ObjectCreated:Put",
      s3: { bucket: { name: "bucket" }, object: { key, eTag: "e", size: 0, sequencer: "1" } },
    });
    const read = parseNotification(JSON.stringify({ Records: [record("a+b"), record("a+b%2Fc")] }));
    if (read.outcome !== "observations") throw new Error(`Expected observations, got ${read.outcome}`);
    await notify(world, read.observations);
    expect(await rowsOf(world, "a b")).toHaveLength(2);
    expect(await rowsOf(world, "a b/c")).toHaveLength(2);
  });

  test("a key that S3 cannot have fails alone, and says so", async () => {
    const world = newIntake();
    const long = "k".repeat(1_025);
    const both = reportOf({ format: "CSV", files: [gzipSync(line(long, 1) + line("short", 1))] });
    const end = await ingestReport(world.intake, both);
    if (end.outcome === "busy") throw new Error("Expected no other run");
    expect(end).toMatchObject({ outcome: "failed", tally: { counts: { records: 2, new: 1, failed: 1 } } });
    expect(end.tally.troubles).toMatchObject([
      { key: long, reason: expect.stringMatching(/more than 1024 bytes/) },
    ]);
  });

  test("E28: nothing in a gzip is no record, one row is one", async () => {
    const world = newIntake();
    expect(await counted(world, csv([]))).toMatchObject({ records: 0, outcome: "completed" });
    const bare = reportOf({ format: "CSV", files: [gzipSync(line("one%20key", 1))] });
    expect(await counted(world, bare)).toMatchObject({ records: 1, new: 1 });
    expect(await rowsOf(world, "one key")).toHaveLength(1);
  });
});

/** What S3 told of everything that happened to the bucket `new` of a world. */
const storyOf = async (world: World, steps: readonly string[]): Promise<void> => {
  for (const step of steps) {
    world.clock.advance(1500);
    const [action = "", key = ""] = step.split(" ");
    if (action === "put")
      await world.objects.put({ bucket: "new", key, body: `${step}${world.clock.now()}` });
    else await world.objects.delete({ bucket: "new", key });
  }
};

const told = async (world: World): Promise<void> => {
  const { versions } = await world.objects.listVersions({ bucket: "new" });
  const sequencerOf = (lastModified: string) => Date.parse(lastModified).toString(16);
  for (const { key, versionId, isDeleteMarker, lastModified, eTag, sizeBytes } of versions)
    await notify(world, [
      observation(`${isDeleteMarker ? "X" : "C"}${sequencerOf(lastModified)}`, {
        bucket: "new",
        key,
        versionId,
        time: lastModified,
        ...(isDeleteMarker ? {} : { eTag, sizeBytes }),
      }),
    ]);
};

const reportOfNew = async (world: World) => {
  const written = await writeInventory(world, {
    sourceBucket: "new",
    destinationBucket: "inventories",
    id: "all",
    format: "CSV",
    rowsPerFile: 2,
  });
  return openReport({ bucket: "inventories", key: written.checksumKey }, world.objects);
};

describe("a bucket all of whose events were told", () => {
  const step = fc.tuple(fc.constantFrom("put", "put", "delete"), fc.constantFrom("a", "b", "c/d"));
  const steps = fc.array(
    step.map(([action, key]) => `${action} ${key}`),
    { minLength: 1, maxLength: 12 },
  );

  test("takes in today's report, and yesterday's after newer events, without one write", async () => {
    await fc.assert(
      fc.asyncProperty(steps, steps, async (before, after) => {
        const world = newIntake();
        await storyOf(world, before);
        const yesterday = await reportOfNew(world);
        world.clock.advance(86_400_000);
        await storyOf(world, after);
        await told(world);
        const known = world.store.snapshot();
        world.writes();
        for (const report of [yesterday, await reportOfNew(world), yesterday])
          expect(await counted(world, report)).toMatchObject({ new: 0, failed: 0, states: 0 });
        expect(world.writes()).toBe(0);
        expect(world.store.snapshot()).toEqual(known);
      }),
      { numRuns: 25 * RUNS },
    );
  });

  test("shows the same when the reports came first", async () => {
    const world = newIntake();
    await storyOf(world, ["put a", "put b", "delete a", "put a", "delete b"]);
    await counted(world, await reportOfNew(world));
    const viewOf = async (key: string) => {
      const { observedAt: _, revision: __, ...state } = (await readState(world.intake.table, key)) ?? {};
      return JSON.stringify(state, (name, value) =>
        name === "sequencer" || name === "storageClass" ? undefined : value,
      );
    };
    const before = [await viewOf("a"), await viewOf("b")];
    await told(world);
    expect([await viewOf("a"), await viewOf("b")]).toEqual(before);
  });
});

describe("an ingest that does not end", () => {
  const ROWS = 700;
  const report = () =>
    csv(
      ...[0, 1, 2].map(file =>
        Array.from({ length: ROWS }, (_, n) =>
          line(`${file}/${Math.floor(n / 2)}`, n, { versionId: `v${n}` }),
        ),
      ),
    );

  test("goes on where it stopped, wherever it was killed, and ends in the same rows", async () => {
    const whole = newIntake();
    expect(await counted(whole, report())).toMatchObject({ new: 3 * ROWS, failed: 0 });
    await fc.assert(
      fc.asyncProperty(fc.nat(3 * ROWS - 1), async killedAfter => {
        let left = killedAfter;
        const killed = new Error("killed");
        const world = newIntake(async ({ call }) => {
          if (call !== "write" && call !== "transact") return undefined;
          left -= 1;
          if (left < 0) throw killed;
          return undefined;
        });
        // Gone without a word: S3 hears nothing of it either.
        const put = world.objects.put.bind(world.objects);
        world.objects.put = request => (left < 0 ? Promise.reject(killed) : put(request));
        const first = await ingestReport(world.intake, report()).catch((error: unknown) => error);
        expect(first).toBe(killed);
        left = Number.POSITIVE_INFINITY;
        expect(await ingestReport(world.intake, report())).toMatchObject({ outcome: "busy" });
        world.clock.advance(RUN_LEASE_MS + 1);
        expect(await ingestReport(world.intake, report())).toMatchObject({ outcome: "completed" });
        expect(JSON.stringify(world.store.snapshot())).toBe(JSON.stringify(whole.store.snapshot()));
      }),
      { numRuns: 4 * RUNS },
    );
  });

  test("stopped, it says so, and the next one begins right there", async () => {
    const world = newIntake();
    let pieces = 0;
    const stopped = await ingestReport(world.intake, report(), {
      isStopping: () => pieces >= 8,
      onProgress: () => {
        pieces += 1;
      },
    });
    if (stopped.outcome !== "stopped") throw new Error(`Expected it to stop, got ${stopped.outcome}`);
    const { records } = stopped.tally.counts;
    expect(records).toBeGreaterThan(ROWS);
    expect(await ingestReport(world.intake, report())).toMatchObject({
      outcome: "completed",
      start: { file: Math.floor(records / ROWS), row: records % ROWS },
      tally: { counts: { records: 3 * ROWS - records, new: 3 * ROWS - records } },
    });
    expect((await collect(listRuns(world.intake.runs, "ingest"))).map(({ status }) => status)).toEqual([
      "stopped",
      "completed",
    ]);
  });

  test("stopped while the checksums are compared, it has done nothing", async () => {
    const world = newIntake();
    const stopped = await ingestReport(world.intake, report(), { isStopping: () => true });
    expect(stopped).toMatchObject({ outcome: "stopped", tally: { counts: { records: 0 } } });
    expect(world.store.snapshot()).toEqual([]);
  });

  test("does not seem dead while files are opened and compared with their checksums", async () => {
    const world = newIntake();
    const { sources, ...rest } = report();
    const statuses: string[] = [];
    const linger = async (): Promise<void> => {
      world.clock.advance(RUN_LEASE_MS * 0.4);
      for (const { status } of await collect(listRuns(world.intake.runs, "ingest"))) statuses.push(status);
    };
    const slow = (source: Source): Source => ({
      ...source,
      async *stream() {
        for await (const piece of source.stream()) {
          await linger();
          yield piece;
        }
      },
    });
    const open = async (key: string) => {
      await linger();
      const source = await sources.open(key);
      return source && slow(source);
    };
    await counted(world, { ...rest, sources: { ...sources, open } });
    expect(statuses.length).toBeGreaterThan(9);
    expect(new Set(statuses)).toEqual(new Set(["running"]));
  });

  test("stopped, without checksums it begins anew: the files may be others by now", async () => {
    const world = newIntake();
    const data = gzipSync(Array.from({ length: 1200 }, (_, n) => line(`k${n}`, n)).join(""));
    const manifest = {
      destinationBucket: "any",
      fileFormat: "CSV",
      fileSchema: SCHEMA,
      files: [{ key: "f" }],
    };
    const bare = () => inlineReport(manifest, memorySources({ f: data }));
    let pieces = 0;
    const first = await ingestReport(world.intake, bare(), {
      isStopping: () => pieces >= 1,
      onProgress: () => {
        pieces += 1;
      },
    });
    if (first.outcome !== "stopped") throw new Error(`Expected it to stop, got ${first.outcome}`);
    const { records } = first.tally.counts;
    expect(records).toBeGreaterThan(0);
    expect(await ingestReport(world.intake, bare())).toMatchObject({
      outcome: "completed",
      start: { file: 0, row: 0 },
      tally: { counts: { records: 1200, new: 1200 - records, known: records } },
    });
  });

  test("a state that a crash left behind is written by the next ingest", async () => {
    const world = newIntake();
    await counted(world, csv([line("a", 1), line("b", 2)]));
    const before = world.store.snapshot();
    await world.store.write({ delete: { PK: "KEY#a", SK: "STATE" } });
    expect(await counted(world, csv([line("a", 1), line("b", 2)]))).toMatchObject({
      new: 0,
      known: 2,
      states: 1,
    });
    expect(world.store.snapshot()).toEqual(before);
  });

  test("what the table keeps refusing is named, and comes first the next time", async () => {
    let isRefusing = true;
    const world = newIntake(async call => {
      const isOfKey = "writes" in call && JSON.stringify(call.writes).includes("0/300");
      return isOfKey && isRefusing ? { instead: { outcome: "conflict", reason: "throttled" } } : undefined;
    });
    const failed = await ingestReport(world.intake, report());
    expect(failed).toMatchObject({
      outcome: "failed",
      tally: { troubles: [{ bucket: "bucket", key: "0/300", versionId: "v600", reason: "throttled" }, {}] },
    });
    isRefusing = false;
    const again = await ingestReport(world.intake, report());
    expect(again).toMatchObject({ outcome: "completed", tally: { counts: { new: 2, failed: 0 } } });
    expect("start" in again && again.start.row).toBeGreaterThan(0);
    expect("start" in again && again.start.row).toBeLessThanOrEqual(600);
  });
});

describe("reports that lack something", () => {
  const NO_VERSIONS = "csv_inventory_no_version_manifest.json";

  test("without version ids are taken for null versions", async () => {
    const world = newIntake();
    expect(await counted(world, await openReportFile(fixturePath(NO_VERSIONS)))).toMatchObject({ new: 2 });
    expect(current(await rowsOf(world, "inventory-test/key1"), REAL_BUCKET)).toBe("C~");
  });

  test("without version ids are left out where the object has versions", async () => {
    const world = newIntake();
    await counted(world, await openReportFile(fixturePath("csv_inventory_manifest.json")));
    const before = world.store.snapshot();
    expect(await counted(world, await openReportFile(fixturePath(NO_VERSIONS)))).toMatchObject({
      new: 0,
      known: 1,
      ambiguous: 1,
    });
    expect(world.store.snapshot()).toEqual(before);
  });

  test("without any time are refused", async () => {
    const world = newIntake();
    const bare = reportOf({ format: "CSV", schema: "Bucket, Key", files: [gzipSync('"bucket","key"\n')] });
    await expect(ingestReport(world.intake, bare)).rejects.toThrow(UndatedReport);
    expect(world.store.snapshot()).toEqual([]);
  });

  test("a manifest that is none is named", async () => {
    await expect(openReportFile(fixturePath("csv_inventory.csv.gz"))).rejects.toThrow(InvalidManifest);
  });
});

test("two ingests of one report at once: one runs", async () => {
  const world = newIntake();
  const report = () => csv([line("a", 1)]);
  const ends = await Promise.all([1, 2, 3].map(() => ingestReport(world.intake, report())));
  expect(ends.map(({ outcome }) => outcome).sort()).toEqual(["busy", "busy", "completed"]);
});
