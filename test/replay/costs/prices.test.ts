import { expect, test } from "vitest";
import { bundleCosts } from "../../../src/replay/costs/bundle-costs.ts";
import { requestCost, storagePerMonth, transitionCost } from "../../../src/replay/costs/prices.ts";

const MILLION = 1_000_000;

test.each([
  ["STANDARD", 0.022],
  ["GLACIER", 0.289],
  ["DEEP_ARCHIVE", 0.207],
] as const)("a million objects of 1 KB in %s cost %d dollars a month", (storageClass, dollars) => {
  expect(storagePerMonth({ objects: MILLION, bytes: MILLION * 1024, storageClass })).toBeCloseTo(dollars, 3);
});

test.each([
  ["GLACIER", 15.4],
  ["DEEP_ARCHIVE", 9.8],
] as const)("%s is cheaper than STANDARD above %d KB an object", (storageClass, kb) => {
  const month = (bytes: number, of: typeof storageClass | "STANDARD") =>
    storagePerMonth({ objects: 1, bytes, storageClass: of });
  for (const [share, isCheaper] of [
    [0.99, false],
    [1.01, true],
  ] as const)
    expect(month(kb * share * 1024, storageClass) < month(kb * share * 1024, "STANDARD")).toBe(isCheaper);
});

test("a million of each request, and of each transition", () => {
  expect(requestCost({ reads: MILLION, writes: 0 })).toBeCloseTo(0.4, 6);
  expect(requestCost({ reads: 0, writes: MILLION })).toBeCloseTo(5, 6);
  expect(transitionCost({ objects: MILLION, storageClass: "GLACIER" })).toBeCloseTo(30, 6);
  expect(transitionCost({ objects: MILLION, storageClass: "DEEP_ARCHIVE" })).toBeCloseTo(50, 6);
});

test("bundling is measured and scaled: reads twice, one transition for a thousand, no overhead to speak of", () => {
  const measured = {
    records: 1000,
    requestBytes: 300_000,
    parts: { objects: 1, bytes: 250_000 },
    coldParts: { objects: 1, bytes: 250_000 },
    indices: { objects: 3, bytes: 60_000 },
    tagged: 0,
  };
  const [standard, cold, bundled] = bundleCosts(measured, "GLACIER");
  expect(standard).toMatchObject({ objects: MILLION, bytes: 300 * MILLION, once: 0 });
  expect(cold?.once).toBeCloseTo(30, 6);
  // Reads: 2 * 1,000 records, 2 * 4 objects; writes: 4 objects and a listing; one transition; each times a thousand.
  expect(bundled?.once).toBeCloseTo(0.4 * 2.008 + 5 * 0.005 + 30 * 0.001, 6);
  expect(bundled?.objects).toBe(4000);
  expect(bundled?.perMonth).toBeLessThan(cold?.perMonth ?? 0);
  expect(bundleCosts({ ...measured, records: 0 }, "GLACIER")).toEqual([]);
  const tagged = bundleCosts({ ...measured, tagged: 1000 }, "GLACIER")[2];
  expect((tagged?.once ?? 0) - (bundled?.once ?? 0)).toBeCloseTo(0.8 + 5, 6);
});
