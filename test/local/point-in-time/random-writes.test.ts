import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import { memoryPointInTime } from "../../../src/local/point-in-time/over-memory.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import type { PointInTime, RestoreTableRequest } from "../../../src/ports/point-in-time.ts";
import { subjectOf } from "../../../src/table/size.ts";
import { keyText } from "../../../src/table/storable.ts";
import type { Item, Store, Write } from "../../../src/table/store.ts";
import { contents, DEFINITION, sorted, startedPast } from "./tables-with-past.ts";

const START = Date.UTC(2026, 4, 6, 12);
const MORE = Number(process.env.RUNS ?? 1);
const RUNS = 30 * MORE;
/** Each restore is a table made and removed, which is what takes the time. More runs restore to every second there is. */
const RESTORES_PER_RUN = 1;
const WITHIN_MS = 2000;

const key = fc.record({ PK: fc.constantFrom("a", "b"), SK: fc.constantFrom("1", "2", "3") });
const write: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(key, fc.nat(99), fc.constantFrom("todo", "done")).map(([at, n, Work]) => ({
      put: { ...at, n, Work, Since: `${n}`, deep: { empty: {}, list: [n, null, [], ""], third: n / 3 } },
    })),
  },
  key.map(at => ({ delete: at })),
);
const step = fc.record({
  waitMs: fc.constantFrom(0, 1, 300, 700, 1000, 90_000),
  writes: fc.uniqueArray(write, { minLength: 1, maxLength: 3, selector: each => keyText(subjectOf(each)) }),
});
const story = fc.record({
  steps: fc.array(step, { minLength: 2, maxLength: 8 }),
  seed: fc.nat(),
  /** Which of the seconds are restored to, where not all are. */
  chosen: fc.array(fc.nat(), { minLength: RESTORES_PER_RUN, maxLength: RESTORES_PER_RUN }),
});

type State = { readonly atMs: number; readonly items: readonly Item[] };

const clock = new ManualClock(START);
let ours: Awaited<ReturnType<typeof startedPast>>;
beforeAll(async () => {
  ours = await startedPast(clock);
});
afterAll(() => ours.close());

let made = 0;

test("random writes come back as they were at any second, torn ones item by item, and as the model has it", async () => {
  await fc.assert(
    fc.asyncProperty(story, async ({ steps, seed, chosen }) => {
      clock.set(Math.ceil(clock.now() / 1000) * 1000);
      made += 1;
      const table = `${ours.prefix}${made}`;
      const store = await ours.tables.create(table);
      await ours.past.caughtUp();
      const model = modelOf(table);
      const states: State[] = [{ atMs: clock.now(), items: [] }];
      for (const { waitMs, writes } of steps) {
        clock.advance(waitMs);
        for (const each of [store, model.store])
          expect((await each.transact(writes)).outcome).toBe("committed");
        await ours.past.caughtUp();
        states.push({ atMs: clock.now(), items: sorted(model.store.snapshot()) });
      }
      clock.advance(1000);
      const seconds = secondsOf(states);
      const tables = [table];
      const both = async (request: Omit<RestoreTableRequest, "table" | "to">) => {
        const to = `${table}-${tables.length}`;
        tables.push(to);
        const theirs = await restored(model.pointInTime, { table, to, ...request }, model.open);
        const got = await restored(ours.past, { table, to, ...request }, ours.tables.open);
        expect(got).toEqual(theirs);
        return got;
      };
      for (const atMs of chosenOf(seconds, chosen))
        expect(await both({ at: isoInstant(atMs) })).toEqual(stateAt(states, atMs));
      for (const atMs of seconds) expect(sorted(model.store.asOf(atMs))).toEqual(stateAt(states, atMs));
      const atMs = seconds.at(-1) ?? START;
      const torn = await both({ at: isoInstant(atMs), torn: { seed, withinMs: WITHIN_MS } });
      expectEachFromItsPast(torn, states, atMs);
      for (const each of tables) await ours.tables.delete(each);
    }),
    { numRuns: RUNS },
  );
});

const modelOf = (table: string) => {
  const make = () => new MemoryStore(DEFINITION, undefined, clock);
  const store = make();
  const tables = new Map([[table, store]]);
  return {
    store,
    pointInTime: memoryPointInTime({ tables, make, clock }),
    open: (name: string) => tables.get(name),
  };
};

/** The seconds around every change: right before, at, and right after it. None before the first, the birth. */
const secondsOf = (states: readonly State[]): readonly number[] => {
  const around = states.flatMap(({ atMs }) => [
    Math.floor(atMs / 1000) * 1000,
    Math.ceil(atMs / 1000) * 1000,
  ]);
  return [...new Set(around)].sort((a, b) => a - b);
};

const chosenOf = (seconds: readonly number[], chosen: readonly number[]): readonly number[] =>
  MORE > 1 ? seconds : [...new Set(chosen.map(each => seconds[each % seconds.length] ?? START))];

const stateAt = (states: readonly State[], atMs: number): readonly Item[] =>
  states.findLast(state => state.atMs <= atMs)?.items ?? [];

const restored = async (
  pointInTime: PointInTime,
  request: RestoreTableRequest,
  open: (table: string) => Store | undefined,
): Promise<readonly Item[]> => {
  const outcome = await pointInTime.restore(request);
  expect(outcome).toEqual({ outcome: "restored", table: request.to, at: request.at, wasThere: false });
  const store = open(request.to);
  return store === undefined ? [] : await contents(store);
};

/** Each item is as it was at some time between `WITHIN_MS` before the instant and the instant. */
const expectEachFromItsPast = (items: readonly Item[], states: readonly State[], atMs: number): void => {
  const first = Math.max(
    0,
    states.findLastIndex(state => state.atMs <= atMs - WITHIN_MS),
  );
  const possible = states.slice(first).filter(state => state.atMs <= atMs);
  const named = (all: readonly Item[], name: string) => all.find(item => keyText(item) === name);
  for (const name of new Set(states.flatMap(state => state.items.map(keyText))))
    expect(possible.map(state => named(state.items, name) ?? null)).toContainEqual(
      named(items, name) ?? null,
    );
};
