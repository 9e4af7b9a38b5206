import { describe, expect, test } from "vitest";
import { configureBucket } from "../../../src/local/s3/buckets.ts";
import { type CrawlScope, crawlBucket } from "../../../src/replay/crawl/crawl-bucket.ts";
import { listRuns, RUN_LEASE_MS } from "../../../src/replay/runs/run-record.ts";
import { readObservations } from "../../../src/tracking/refresh-state.ts";
import { currentView } from "../../../src/tracking/views.ts";
import { observation } from "../../tracking/notation.ts";
import { newIntake, notify } from "../ingest/intake.ts";
import { collect } from "../inventory/reports.ts";

type World = ReturnType<typeof newIntake>;

const put = (world: World, key: string, body = key, bucket = "plain") =>
  world.objects.put({ bucket, key, body });

const crawl = async (world: World, scope: CrawlScope = { bucket: "plain", prefix: "" }) => {
  const end = await crawlBucket(world.intake, scope);
  if (end.outcome === "busy") throw new Error("Expected no other crawl");
  return { outcome: end.outcome, start: end.start, ...end.tally.counts };
};

const currentOf = async (world: World, key: string, bucket = "plain") =>
  currentView(await readObservations(world.intake.table, key), bucket);

describe("filemanager vectors", () => {
  test("K1: what nobody knew is recorded", async () => {
    const world = newIntake();
    await put(world, "key");
    await put(world, "key1");
    expect(await crawl(world)).toMatchObject({ outcome: "completed", records: 2, new: 2, states: 2 });
    expect(await currentOf(world, "key1")).toMatchObject({ state: "object", latest: { source: "listing" } });
  });

  test("K2: what is known is not written", async () => {
    const world = newIntake();
    await put(world, "key");
    await crawl(world);
    await put(world, "key1");
    world.writes();
    expect(await crawl(world)).toMatchObject({ new: 1, known: 1, states: 1 });
    expect(await crawl(world)).toMatchObject({ new: 0, known: 2, states: 0 });
    expect(await readObservations(world.intake.table, "key")).toHaveLength(1);
  });

  test("K3: another content, time or class is told, and is current", async () => {
    const world = newIntake();
    await notify(world, [observation("C1", { bucket: "plain", key: "key", eTag: "old" })]);
    await put(world, "key", "new content");
    expect(await crawl(world)).toMatchObject({ new: 1 });
    const known = await currentOf(world, "key");
    expect(known?.latest).toMatchObject({ source: "listing", sizeBytes: 11 });
    world.clock.advance(5000);
    await world.objects.put({ bucket: "plain", key: "key", body: "new content", storageClass: "GLACIER_IR" });
    expect(await crawl(world)).toMatchObject({ new: 1 });
    expect(await currentOf(world, "key")).toMatchObject({ storageClass: "GLACIER_IR" });
  });

  test("K5: what the listing lacks is left as it is", async () => {
    const world = newIntake();
    await notify(world, [observation("C1", { bucket: "plain", key: "key2" })]);
    await put(world, "key");
    expect(await crawl(world)).toMatchObject({ records: 1 });
    expect(await currentOf(world, "key2")).toMatchObject({ state: "object" });
  });
});

test("all versions are told, with delete markers, and which is current", async () => {
  const world = newIntake();
  for (const body of ["1", "22", "333"]) {
    await put(world, "a", body, "new");
    world.clock.advance(1000);
  }
  await put(world, "b", "gone", "new");
  world.clock.advance(1000);
  await world.objects.delete({ bucket: "new", key: "b" });
  expect(await crawl(world, { bucket: "new", prefix: "" })).toMatchObject({ records: 5, new: 5 });
  expect(await currentOf(world, "a", "new")).toMatchObject({ latest: { sizeBytes: 3 } });
  expect(await currentOf(world, "b", "new")).toBeUndefined();
});

test("a prefix leaves the others out", async () => {
  const world = newIntake();
  for (const key of ["a/1", "a/2", "b/1"]) await put(world, key);
  expect(await crawl(world, { bucket: "plain", prefix: "a/" })).toMatchObject({ records: 2 });
  expect(await readObservations(world.intake.table, "b/1")).toEqual([]);
  expect(await collect(listRuns(world.intake.runs, "crawl", "plain"))).toMatchObject([
    { status: "completed", what: { bucket: "plain", prefix: "a/" }, summary: { records: 2, new: 2 } },
  ]);
});

/** How often a state was written depends on where a page ended. */
const rowsText = (world: World): string =>
  JSON.stringify(world.store.snapshot(), (name, value) => (name === "revision" ? undefined : value));

describe("several pages", () => {
  const KEYS = 900;
  const filled = async (world: World): Promise<void> => {
    for (let n = 0; n < KEYS; n += 1) {
      await put(world, `k${String(n).padStart(4, "0")}`, "1", "new");
      world.clock.advance(1000);
      await put(world, `k${String(n).padStart(4, "0")}`, "2", "new");
    }
    // More versions than a page has, under one key.
    for (let n = 0; n < 1100; n += 1) await put(world, "many", String(n), "new");
  };
  const scope = { bucket: "new", prefix: "" };

  test("a crawl that died goes on behind the last key that was whole, and ends in the same rows", async () => {
    const whole = newIntake();
    await filled(whole);
    expect(await crawl(whole, scope)).toMatchObject({ records: 2 * KEYS + 1100, new: 2 * KEYS + 1100 });
    for (const diesAtPage of [2, 3]) {
      const world = newIntake();
      await filled(world);
      const list = world.objects.listVersions.bind(world.objects);
      let pages = 0;
      world.objects.listVersions = request => {
        pages += 1;
        world.clock.advance(20_000);
        return pages === diesAtPage ? Promise.reject(new Error("network")) : list(request);
      };
      await expect(crawlBucket(world.intake, scope)).rejects.toThrow("network");
      const again = await crawl(world, scope);
      expect(again.start.after).toBe(diesAtPage === 2 ? "k0498" : "k0899");
      expect(rowsText(world)).toBe(rowsText(whole));
    }
  });

  test("two crawls of a bucket at once: one is busy; of two buckets: both run", async () => {
    const world = newIntake();
    await put(world, "key");
    const outcomes = async (...buckets: readonly string[]) => {
      const ends = buckets.map(bucket => crawlBucket(world.intake, { bucket, prefix: "" }));
      return (await Promise.all(ends)).map(({ outcome }) => outcome).sort();
    };
    expect(await outcomes("plain", "plain")).toEqual(["busy", "completed"]);
    expect(await outcomes("plain", "new")).toEqual(["completed", "completed"]);
  });

  test("a crawl that is silent for too long leaves the bucket to the next", async () => {
    const world = newIntake();
    await filled(world);
    const list = world.objects.listVersions.bind(world.objects);
    let second: ReturnType<typeof crawl> | undefined;
    world.objects.listVersions = async request => {
      if (second === undefined) {
        world.clock.advance(RUN_LEASE_MS + 1);
        second = crawl(world, scope);
        await second;
      }
      return list(request);
    };
    await expect(crawlBucket(world.intake, scope)).rejects.toThrow("silent for so long");
    expect(await second).toMatchObject({ outcome: "completed" });
    const runs = await collect(listRuns(world.intake.runs, "crawl"));
    expect(runs.map(({ status }) => status)).toEqual(["abandoned", "completed"]);
  });
});

test("an unversioned bucket that becomes one with versions is told right", async () => {
  const world = newIntake();
  await put(world, "key", "null version");
  configureBucket(world.s3, "plain", { versioning: "enabled" });
  world.clock.advance(1000);
  await put(world, "key", "a version");
  await crawl(world);
  expect(await currentOf(world, "key")).toMatchObject({ latest: { sizeBytes: 9 } });
});
