import { beforeEach, describe, expect, test } from "vitest";
import type { Clock } from "../../../src/ports/clock.ts";
import { ObjectFrozen } from "../../../src/ports/object-store.ts";
import { findInBundle } from "../../../src/replay/bundle/find-in-bundle.ts";
import { bundleDay } from "../../../src/replay/bundle/make-bundle.ts";
import { listBundles, readBundle } from "../../../src/replay/bundle/read-bundle.ts";
import { verifyBundle } from "../../../src/replay/bundle/verify-bundle.ts";
import { type ThawCounts, thaw, thawAndWait } from "../../../src/replay/thaw/thaw.ts";
import { DAY, DAY_MS, type Days, fillDay, openDays } from "../bundle/decided-days.ts";

const HOUR_MS = 3_600_000;
const ASK = { days: 3, tier: "Bulk" } as const;
const PART = `bundle/${DAY}/1/0001.ndjson.gz`;

let days: Days;
beforeEach(async () => {
  days = openDays();
  await fillDay(days, 200);
  await bundleDay(days.place(), DAY);
  days.clock.advance(4 * DAY_MS);
  days.cloud.runDue();
});

const bundles = (of: Days) => ({ bucket: of.buckets.archive, prefixes: ["bundle/"] });
const classOf = async (key: string) =>
  (await days.objects.head({ bucket: days.buckets.archive, key }))?.storageClass;

const readAll = async (): Promise<number> => {
  let records = 0;
  for await (const _ of readBundle(days.objects, days.buckets.archive, DAY)) records += 1;
  return records;
};

describe("a bundle of four days ago", () => {
  test("is cold, and says which object is; what lists and finds is not", async () => {
    expect(await classOf(PART)).toBe("GLACIER");
    expect(await classOf(`bundle-index/${DAY}/1/0001.ndjson.gz`)).toBe("STANDARD");
    expect(await classOf(`bundle-index/${DAY}/1/manifest.json`)).toBe("STANDARD");
    for await (const { records } of listBundles(days.objects, days.buckets.archive))
      expect(records).toBe(200);
    await expect(readAll()).rejects.toThrow(ObjectFrozen);
    await expect(readAll()).rejects.toThrow(PART);
    await expect(verifyBundle(days.place(), { day: DAY, number: 1 })).rejects.toThrow(ObjectFrozen);
    await expect(findInBundle(days.place(), DAY, "cash_deposit_r0000001.event")).rejects.toThrow(
      ObjectFrozen,
    );
  });

  test("is asked for once, becomes readable in time, and cold again after its days", async () => {
    const ask = () => thaw(days.objects, bundles(days), ASK);
    const none: ThawCounts = { notCold: 0, readable: 0, restoring: 0, asked: 0 };
    expect(await ask()).toEqual({ ...none, asked: 1 });
    expect(await ask()).toEqual({ ...none, restoring: 1 });
    days.clock.advance(12 * HOUR_MS);
    expect(await ask()).toEqual({ ...none, readable: 1 });
    expect(await readAll()).toBe(200);
    expect((await verifyBundle(days.place(), { day: DAY, number: 1 })).differenceCount).toBe(0);
    days.clock.advance(5 * DAY_MS);
    await expect(readAll()).rejects.toThrow(ObjectFrozen);
    expect(await ask()).toEqual({ ...none, asked: 1 });
  });

  test("is waited for by the clock, telling how far it is", async () => {
    // Whoever waits moves the time on: nobody else does here.
    const clock: Clock = { now: () => days.clock.now(), sleep: async ms => days.clock.advance(ms) };
    const told: ThawCounts[] = [];
    const begunMs = clock.now();
    const counts = await thawAndWait({ objects: days.objects, clock }, bundles(days), ASK, each => {
      told.push(each);
    });
    expect(counts).toEqual({ notCold: 0, readable: 1, restoring: 0, asked: 0 });
    expect(told[0]).toMatchObject({ asked: 1 });
    expect(told[1]).toMatchObject({ asked: 0, restoring: 1 });
    const hours = (clock.now() - begunMs) / HOUR_MS;
    expect(hours).toBeGreaterThanOrEqual(12);
    expect(hours).toBeLessThan(12.1);
    expect(await readAll()).toBe(200);
  });

  test("is given up after three days, if it never becomes readable", async () => {
    const clock: Clock = { now: () => days.clock.now(), sleep: async () => {} };
    const counts = await thawAndWait({ objects: days.objects, clock }, bundles(days), ASK, () => {});
    expect(counts).toMatchObject({ readable: 0, restoring: 1 });
  });

  test("only what is selected is asked for, and what is warm is counted as such", async () => {
    const { objects, buckets } = days;
    const cold = { bucket: buckets.archive, storageClass: "DEEP_ARCHIVE" } as const;
    await objects.put({ ...cold, key: "old/a", body: "a" });
    await objects.put({ ...cold, key: "old/b", body: "b" });
    await objects.put({ bucket: buckets.archive, key: "old/c", body: "c" });
    expect(await thaw(objects, { bucket: buckets.archive, prefixes: ["old/"] }, ASK)).toMatchObject({
      notCold: 1,
      asked: 2,
    });
    expect(await thaw(objects, bundles(days), ASK)).toMatchObject({ asked: 1, restoring: 0 });
    expect(await thaw(objects, { bucket: buckets.archive, prefixes: ["none/"] }, ASK)).toMatchObject({
      asked: 0,
    });
  });
});

test("a bundle so small that the cold class would cost more stays warm", async () => {
  const small = openDays();
  await fillDay(small, 10);
  await bundleDay(small.place(), DAY);
  small.clock.advance(4 * DAY_MS);
  small.cloud.runDue();
  expect(await thaw(small.objects, bundles(small), ASK)).toEqual({
    notCold: 1,
    readable: 0,
    restoring: 0,
    asked: 0,
  });
});

test("asking S3 again, or for what is warm, is an answer", async () => {
  const { objects, buckets } = days;
  const address = { bucket: buckets.archive, key: PART };
  expect(await objects.restore(address, 1, "Bulk")).toBe("asked");
  expect(await objects.restore(address, 1, "Bulk")).toBe("ongoing");
  expect(await objects.restore({ ...address, key: `bundle-index/${DAY}/1/manifest.json` }, 1, "Bulk")).toBe(
    "warm",
  );
  days.clock.advance(DAY_MS);
  days.cloud.runDue();
  expect(await objects.restore(address, 9, "Bulk")).toBe("asked");
});
