import { describe, expect, test } from "vitest";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { configureBucket, createBucket } from "../../../src/local/s3/buckets.ts";
import { LocalObjectStore } from "../../../src/local/s3/local-object-store.ts";
import { createS3 } from "../../../src/local/s3/s3.ts";
import { seededRandom } from "../../../src/local/seeded-random.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { readControl, setControl } from "../../../src/replay/control/control.ts";
import { haltGuard, LOOK_EVERY_MS } from "../../../src/replay/control/halt-guard.ts";

const opened = () => {
  const clock = new ManualClock(Date.parse("2026-05-06T22:44:22Z"));
  const s3 = createS3({ clock, random: seededRandom(1), deliver: () => {} });
  createBucket(s3, "decisions");
  configureBucket(s3, "decisions", { versioning: "enabled" });
  const local = new LocalObjectStore(s3);
  let lists = 0;
  const objects: ObjectStore = Object.assign(Object.create(null), {
    put: (request: Parameters<ObjectStore["put"]>[0]) => local.put(request),
    get: (address: Parameters<ObjectStore["get"]>[0]) => local.get(address),
    list: (request: Parameters<ObjectStore["list"]>[0]) => {
      lists += 1;
      return local.list({ ...request, limit: 2 });
    },
  });
  return { objects, bucket: "decisions", clock, lists: () => lists };
};

const halted = { state: "halted", reason: "wrong fees" } as const;
const running = { state: "running", reason: "fees are right again" } as const;

describe("the control objects", () => {
  test("begin with a system that runs, and keep who asked for what", async () => {
    const place = opened();
    expect(await readControl(place)).toMatchObject({ number: 0, state: "running" });
    expect(await setControl(place, running)).toMatchObject({ outcome: "already" });
    const record = { number: 1, ...halted, at: "2026-05-06T22:44:22.000Z" };
    expect(await setControl(place, halted)).toEqual({ outcome: "changed", record });
    expect(await setControl(place, { ...halted, reason: "again" })).toEqual({ outcome: "already", record });
    expect(await readControl(place)).toEqual(record);
    expect(await setControl(place, running)).toMatchObject({ outcome: "changed", record: { number: 2 } });
    expect(await place.objects.get({ bucket: "decisions", key: "control/000001" })).toBeDefined();
  });

  test("count by the highest number, over pages, however much was read before", async () => {
    const place = opened();
    for (let turn = 0; turn < 12; turn += 1) await setControl(place, turn % 2 === 0 ? halted : running);
    const newest = await readControl(place);
    expect(newest).toMatchObject({ number: 12, state: "running" });
    expect(await readControl(place, newest)).toEqual(newest);
    expect(await readControl(place, { ...newest, number: 7, state: "halted" })).toEqual(newest);
  });

  test("of several who ask at once one changes the state, and the others are told", async () => {
    const place = opened();
    const asked = await Promise.all(
      Array.from({ length: 5 }, (_, i) => setControl(place, { ...halted, reason: `by ${i}` })),
    );
    expect(asked.filter(({ outcome }) => outcome === "changed")).toHaveLength(1);
    expect(new Set(asked.map(({ record }) => record.reason)).size).toBe(1);
  });

  test("that are none are named", async () => {
    const place = opened();
    for (const body of ['{"state":"dancing"}', "null"]) {
      await place.objects.put({ bucket: "decisions", key: "control/000001", body });
      await expect(readControl(place)).rejects.toThrow("control/000001");
    }
  });
});

describe("the guard of a function", () => {
  test("asks at the first call, then now and then, and each time while halted", async () => {
    const place = opened();
    const isHalted = haltGuard(place);
    expect([await isHalted(), await isHalted(), place.lists()]).toEqual([false, false, 1]);
    await setControl(place, halted);
    expect(await isHalted()).toBe(false);
    place.clock.advance(LOOK_EVERY_MS);
    expect([await isHalted(), await isHalted()]).toEqual([true, true]);
    await setControl(place, running);
    expect(await isHalted()).toBe(false);
  });

  test("asks at once where the clock was moved back, and when it is new", async () => {
    const place = opened();
    const isHalted = haltGuard(place);
    expect(await isHalted()).toBe(false);
    await setControl(place, halted);
    place.clock.advance(-86_400_000);
    expect(await isHalted()).toBe(true);
    expect(await haltGuard(place)()).toBe(true);
  });
});
