import fc from "fast-check";
import { expect, test } from "vitest";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import { cutter } from "../../../src/local/point-in-time/cut.ts";
import { tornInstant } from "../../../src/local/point-in-time/torn.ts";
import { keyText } from "../../../src/table/storable.ts";

test("a cut ends after the last time at or before the instant, wherever the clock went meanwhile", () => {
  const times = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 });
  fc.assert(
    fc.property(times, fc.integer({ min: -1, max: 10 }), (timesMs, atMs) => {
      expect(cutter(timesMs)(atMs)).toBe(timesMs.findLastIndex(each => each <= atMs) + 1);
    }),
  );
});

test("a tear is the same for the same seed, within its bound, and differs from item to item", () => {
  const torn = { seed: 7, withinMs: 500 };
  const instants = Array.from({ length: 400 }, (_, at) => tornInstant(`item ${at}`, 10_000, torn));
  expect(instants).toEqual(instants.map((_, at) => tornInstant(`item ${at}`, 10_000, torn)));
  expect(Math.min(...instants)).toBeGreaterThanOrEqual(9_500);
  expect(Math.max(...instants)).toBe(10_000);
  const whole = instants.filter(each => each === 10_000).length;
  expect(whole).toBeGreaterThan(120);
  expect(whole).toBeLessThan(280);
  expect(new Set(instants).size).toBeGreaterThan(50);
  expect(instants).not.toEqual(
    instants.map((_, at) => tornInstant(`item ${at}`, 10_000, { ...torn, seed: 8 })),
  );
});

test("a torn restore gives each item as of an instant of its own, so that some lack their last write", async () => {
  const clock = new ManualClock(0);
  const store = new MemoryStore({ indexes: [] }, undefined, clock);
  const keys = Array.from({ length: 90 }, (_, at) => ({ PK: "a", SK: `${at}` }));
  for (let n = 0; n < 10; n += 1) {
    clock.set(1000 + n * 100);
    await store.transact(keys.map(key => ({ put: { ...key, n } })));
  }
  const torn = { seed: 3, withinMs: 450 };
  const items = store.asOf(1900, torn);
  for (const item of items)
    expect(item.n).toBe(Math.floor((tornInstant(keyText(item), 1900, torn) - 1000) / 100));
  expect(new Set(items.map(({ n }) => n))).toEqual(new Set([4, 5, 6, 7, 8, 9]));
  expect(new Set(store.asOf(1900).map(({ n }) => n))).toEqual(new Set([9]));
});

test("a model without a clock knows no past", () => {
  const store = new MemoryStore({ indexes: [] });
  expect(store.bornAtMs).toBeUndefined();
  expect(() => store.asOf(0)).toThrow("clock");
});
