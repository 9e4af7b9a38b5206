import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../src/local/seeded-random.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { bundleDay } from "../../../src/replay/bundle/make-bundle.ts";
import { readBundle } from "../../../src/replay/bundle/read-bundle.ts";
import { verifyBundle } from "../../../src/replay/bundle/verify-bundle.ts";
import {
  contentsOf,
  DAY,
  DAY_START_MS,
  type Days,
  fillDay,
  openDays,
  rewritten,
  SMALL,
} from "./decided-days.ts";
import { Crash, crashing, hooked } from "./faulty-objects.ts";

const RUNS = Number(process.env.RUNS ?? 1);
const COUNT = 20;

const run = async (days: Days, objects: ObjectStore) => {
  const outcome = await bundleDay(days.place(objects), DAY, { limits: SMALL });
  if (outcome.outcome !== "bundled") throw new Error(`Expected ${DAY} to be over`);
  return outcome;
};

/** Runs and dies at a call, before or after it happened. */
const runAndDie = async (days: Days, number: number, when: "before" | "after"): Promise<boolean> => {
  try {
    await run(days, crashing(days.objects, { number, when }));
    return false;
  } catch (error) {
    if (error instanceof Crash) return true;
    throw error;
  }
};

const callsOf = async (): Promise<number> => {
  const days = openDays();
  await fillDay(days, COUNT);
  let calls = 0;
  await run(
    days,
    hooked(days.objects, call => {
      calls = Math.max(calls, call.number);
    }),
  );
  return calls;
};

/** Every decision of the day is in one bundle, once; all of them are verified, and no object was written twice. */
const expectWhole = async (days: Days, originals: ReadonlyMap<string, string>): Promise<void> => {
  const { bundles } = await run(days, days.objects);
  const texts: string[] = [];
  for await (const record of readBundle(days.objects, days.buckets.archive, DAY))
    texts.push(JSON.stringify(record));
  expect(texts.sort()).toEqual([...originals.values()].sort());
  for (const name of bundles) expect((await verifyBundle(days.place(), name)).differences).toEqual([]);
  expect(rewritten(days)).toEqual([]);
};

test("a run that dies at any call, before or after it happened, is finished by the next: the same objects", async () => {
  const whole = openDays();
  await fillDay(whole, COUNT);
  await run(whole, whole.objects);
  const expected = await contentsOf(whole, whole.buckets.archive);
  expect(expected.size).toBeGreaterThan(6);
  const calls = await callsOf();
  expect(calls).toBeGreaterThan(COUNT);
  for (let number = 1; number <= calls; number += 1) {
    for (const when of ["before", "after"] as const) {
      const days = openDays();
      await fillDay(days, COUNT);
      expect(await runAndDie(days, number, when)).toBe(true);
      await run(days, days.objects);
      expect(await contentsOf(days, days.buckets.archive), `${when} call ${number}`).toEqual(expected);
      expect(rewritten(days)).toEqual([]);
    }
  }
});

test("crash after crash, decisions coming late in between: each is in one bundle, once", async () => {
  const crashes = fc.array(
    fc.record({
      number: fc.integer({ min: 1, max: 90 }),
      when: fc.constantFrom("before" as const, "after" as const),
      late: fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(crashes, async deaths => {
      const days = openDays();
      const originals = await fillDay(days, COUNT);
      for (const { number, when, late } of deaths) {
        await runAndDie(days, number, when);
        if (late === undefined || originals.size > COUNT + 3) continue;
        const { name, text } = await days.decide(`cash_deposit_r00000${late}x.event`, `${originals.size}`, {
          decidedMs: DAY_START_MS + late,
          isReused: true,
        });
        originals.set(name, text);
      }
      await expectWhole(days, originals);
    }),
    { numRuns: 20 * RUNS },
  );
});

describe("several at once", () => {
  /** Lets every call wait for a random while, in turns of the event loop, so that runs meet anywhere. */
  const interleaved = (objects: ObjectStore, seed: number): ObjectStore => {
    const random = seededRandom(seed);
    return hooked(objects, async () => {
      for (let turns = Math.floor(random.next() * 12); turns > 0; turns -= 1) await Promise.resolve();
    });
  };

  test("make one bundle, the same that one alone makes", async () => {
    const alone = openDays();
    await fillDay(alone, COUNT);
    await run(alone, alone.objects);
    const expected = await contentsOf(alone, alone.buckets.archive);
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 2, max: 3 }), async (seed, workers) => {
        const days = openDays();
        await fillDay(days, COUNT);
        const outcomes = await Promise.all(
          Array.from({ length: workers }, (_, n) => run(days, interleaved(days.objects, seed + n))),
        );
        for (const { bundles } of outcomes) expect(bundles).toEqual(outcomes[0]?.bundles);
        expect(await contentsOf(days, days.buckets.archive)).toEqual(expected);
        expect(rewritten(days)).toEqual([]);
      }),
      { numRuns: 15 * RUNS },
    );
  });

  test("that do not see the same decisions lose none and double none", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 4 }),
        async (seed, at) => {
          const days = openDays();
          const originals = await fillDay(days, COUNT);
          let published = 0;
          const disturbed = hooked(interleaved(days.objects, seed), async ({ number, when }) => {
            if (when !== "before" || !at.includes(number)) return;
            published += 1;
            const key = `cash_deposit_r00000${10 + ((number * 7) % 25)}y${published}.event`;
            const late = await days.decide(key, `late ${published}`, { decidedMs: DAY_START_MS + number });
            originals.set(late.name, late.text);
          });
          await Promise.all([run(days, disturbed), run(days, interleaved(days.objects, seed + 1))]);
          await expectWhole(days, originals);
        },
      ),
      { numRuns: 25 * RUNS },
    );
  });
});
