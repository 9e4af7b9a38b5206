import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { createBucket } from "../../../src/local/s3/buckets.ts";
import { LocalObjectStore } from "../../../src/local/s3/local-object-store.ts";
import { createS3 } from "../../../src/local/s3/s3.ts";
import { seededRandom } from "../../../src/local/seeded-random.ts";
import { type Begun, beginRun, CHECKPOINT_EVERY_MS, RunTakenOver } from "../../../src/replay/runs/run.ts";
import { highestUnder, numbered } from "../../../src/replay/runs/run-keys.ts";
import { listRuns, RUN_LEASE_MS, type RunPlace } from "../../../src/replay/runs/run-record.ts";

const BUCKET = "decisions";
const RUNS = Number(process.env.RUNS ?? "1");

/** The bucket of decisions, to which nobody writes twice under one key. */
const newPlace = () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const s3 = createS3({ clock, random: seededRandom(1) });
  createBucket(s3, BUCKET);
  const objects = new LocalObjectStore(s3);
  return { objects, bucket: BUCKET, clock, epoch: 1 };
};

const keysIn = async ({ objects }: RunPlace): Promise<readonly string[]> =>
  (await objects.list({ bucket: BUCKET })).objects.map(({ key }) => key);

const begin = (place: RunPlace, subject = "a bucket", kind = "crawl"): Promise<Begun<number>> =>
  beginRun<number>(place, { kind, subject, what: { subject } });

const running = async (place: RunPlace, subject?: string) => {
  const begun = await begin(place, subject);
  if (begun.outcome !== "begun") throw new Error(`Expected the run to begin, since ${begun.since} one runs`);
  return begun;
};

const all = async (place: RunPlace, kind?: string, subject?: string) => {
  const runs = [];
  for await (const run of listRuns(place, kind, subject)) runs.push(run);
  return runs;
};

describe("one run at a time", () => {
  test("the second is busy until the first has ended", async () => {
    const place = newPlace();
    const { run } = await running(place);
    place.clock.advance(60_000);
    await run.checkpoint(7);
    expect(await begin(place)).toEqual({
      outcome: "busy",
      since: "2026-01-01T00:00:00.000Z",
      lastSeen: "2026-01-01T00:01:00.000Z",
    });
    await run.end("completed", { objects: 3 });
    expect(await running(place)).toMatchObject({ run: { number: 2 } });
  });

  test("another subject and another kind do not mind", async () => {
    const place = newPlace();
    await running(place, "a");
    expect(await running(place, "a/b")).toMatchObject({ run: { number: 1 } });
    expect(await begin(place, "a", "ingest")).toMatchObject({ outcome: "begun", run: { number: 1 } });
  });

  test("of many that begin at once one does", async () => {
    const place = newPlace();
    const begun = await Promise.all(Array.from({ length: 8 }, () => begin(place)));
    expect(begun.map(({ outcome }) => outcome).sort()).toEqual([
      "begun",
      ...Array.from({ length: 7 }, () => "busy"),
    ]);
  });

  test("writes every object once, under keys in order", async () => {
    const place = newPlace();
    const { run } = await running(place, "a.b/c ~");
    await run.checkpoint(1);
    place.clock.advance(CHECKPOINT_EVERY_MS);
    await run.checkpoint(2);
    await run.end("completed", {});
    const prefix = "run/crawl/a%2Eb%2Fc%20%7E/000001";
    expect(await keysIn(place)).toEqual([
      `${prefix}/at/000001`,
      `${prefix}/at/000002`,
      `${prefix}/begun`,
      `${prefix}/ended`,
    ]);
    const { versions } = await place.objects.listVersions({ bucket: BUCKET });
    expect(versions).toHaveLength(4);
  });
});

describe("a run that did not end", () => {
  test("is abandoned after the lease, and the next goes on from its last checkpoint", async () => {
    const place = newPlace();
    const { run: first, from } = await running(place);
    expect(from).toBeUndefined();
    await first.checkpoint(1);
    place.clock.advance(CHECKPOINT_EVERY_MS);
    await first.checkpoint(2);
    await first.checkpoint(3);
    place.clock.advance(RUN_LEASE_MS);
    expect(await begin(place)).toMatchObject({ outcome: "busy" });
    place.clock.advance(1);
    const { run: second, from: second_ } = await running(place);
    expect([second.number, second_]).toEqual([2, 2]);
    // Even if it dies before its own first checkpoint.
    place.clock.advance(RUN_LEASE_MS + 1);
    expect((await running(place)).from).toBe(2);
  });

  test("is not gone on from once the table began another life", async () => {
    const place = newPlace();
    const { run } = await running(place);
    await run.checkpoint(7);
    await run.end("stopped", {});
    expect(await begin({ ...place, epoch: 2 })).toMatchObject({ outcome: "begun", run: { number: 2 } });
    const [record] = await Array.fromAsync(listRuns(place, "crawl"));
    expect(record).toMatchObject({ number: 1, epoch: 1, at: 7 });
    place.clock.advance(RUN_LEASE_MS + 1);
    expect((await running({ ...place, epoch: 2 })).from).toBeUndefined();
  });

  test("notices that another took over, and stops", async () => {
    const place = newPlace();
    const { run } = await running(place);
    place.clock.advance(RUN_LEASE_MS + 1);
    await running(place);
    await expect(run.checkpoint(1)).rejects.toThrow(RunTakenOver);
    await expect(run.checkpoint(1)).resolves.toBeUndefined();
  });

  test("does not count as dead while it tells of itself", async () => {
    const place = newPlace();
    const { run } = await running(place);
    for (let minutes = 0; minutes < 60; minutes += 10) {
      place.clock.advance(10 * 60_000);
      await run.checkpoint(minutes);
      expect(await begin(place)).toMatchObject({ outcome: "busy" });
    }
  });

  test.each(["failed", "stopped"] as const)("but %s goes on at its very last place", async outcome => {
    const place = newPlace();
    const { run } = await running(place);
    await run.checkpoint(1);
    await run.checkpoint(2);
    await run.end(outcome, {});
    expect((await running(place)).from).toBe(2);
  });

  test("and one that was completed is begun anew", async () => {
    const place = newPlace();
    const { run } = await running(place);
    await run.checkpoint(2);
    await run.end("completed", {});
    expect(await running(place)).not.toHaveProperty("from");
  });
});

test("checkpoints are as rare as they should be", async () => {
  const place = newPlace();
  const { run } = await running(place);
  for (let ms = 0; ms < 100_000; ms += 100) {
    await run.checkpoint(ms);
    place.clock.advance(100);
  }
  const checkpoints = (await keysIn(place)).filter(key => key.includes("/at/"));
  expect(checkpoints).toHaveLength(100_000 / CHECKPOINT_EVERY_MS);
});

describe("the list of runs", () => {
  test("tells of each what it was, how far it came and how it ended", async () => {
    const place = newPlace();
    const { run } = await running(place, "x");
    await run.checkpoint(5);
    await run.end("failed", { failed: 1 });
    const { run: second } = await running(place, "x");
    await second.checkpoint(6);
    place.clock.advance(RUN_LEASE_MS + 1);
    await running(place, "x");
    await running(place, "y");
    const at = "2026-01-01T00:00:00.000Z";
    const what = { subject: "x" };
    const told = { kind: "crawl", subject: "x", what, epoch: 1, begunAt: at, lastSeen: at };
    expect(await all(place, "crawl", "x")).toEqual([
      { ...told, number: 1, status: "failed", at: 5, summary: { failed: 1 } },
      { ...told, number: 2, status: "abandoned", at: 6 },
      {
        ...told,
        number: 3,
        status: "running",
        at: 6,
        begunAt: expect.any(String),
        lastSeen: expect.any(String),
      },
    ]);
    expect((await all(place)).map(({ subject, number }) => [subject, number])).toEqual([
      ["x", 1],
      ["x", 2],
      ["x", 3],
      ["y", 1],
    ]);
    expect(await all(place, "ingest")).toEqual([]);
  });

  test("keeps apart whatever subjects there are", async () => {
    const subject = fc.oneof(
      fc.string({ unit: "binary", maxLength: 20 }),
      fc.constantFrom("", ".", "..", "~", "a/000001", "x".repeat(3000), `${"x".repeat(3000)}y`),
    );
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(subject, { maxLength: 6 }), async subjects => {
        const place = newPlace();
        for (const each of subjects) await running(place, each);
        expect((await all(place)).map(each => each.subject).sort()).toEqual([...subjects].sort());
        for (const each of subjects) expect(await all(place, "crawl", each)).toHaveLength(1);
      }),
      { numRuns: 30 * RUNS },
    );
  });
});

test("the highest number is found whatever is missing below it", async () => {
  const number = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 999_999 }));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(number, { maxLength: 12 }), async numbers => {
      const place = newPlace();
      for (const each of numbers)
        await place.objects.put({ bucket: BUCKET, key: `${numbered("p/", each)}/begun`, body: "" });
      await place.objects.put({ bucket: BUCKET, key: "p", body: "" });
      await place.objects.put({ bucket: BUCKET, key: "q/999999", body: "" });
      expect(await highestUnder(place, "p/")).toBe(Math.max(0, ...numbers));
    }),
    { numRuns: 200 * RUNS },
  );
});
