import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import type { Store } from "../../../src/table/store.ts";
import { recentTimeOf } from "../../../src/tracking/entities.ts";
import { entriesOf, type ObjectEntry } from "../../../src/tracking/query/entry.ts";
import type { ObjectFilter } from "../../../src/tracking/query/filter.ts";
import {
  countObjects,
  GATHERED_MAX,
  listObjects,
  matchingKeys,
  type ObjectPage,
  type ObjectQuery,
} from "../../../src/tracking/query/find-objects.ts";
import { InvalidQuery } from "../../../src/tracking/query/invalid-query.ts";
import { comparePlaces, placeOf, SORTS, type Sort } from "../../../src/tracking/query/order.ts";
import { DAYS_MAX, DEFAULT_DAYS } from "../../../src/tracking/query/range.ts";
import type { ObjectState } from "../../../src/tracking/state.ts";
import { freshTable } from "../../support/tables.ts";
import { definition, rows } from "../tracking-rows.ts";
import { gone, onDay, present, putStates, stateOf } from "./states.ts";

const NOW = Date.parse(onDay(10));

const page = async (store: Store, query: Partial<ObjectQuery>, now = NOW): Promise<ObjectPage> => {
  const found = await listObjects({ store, rows }, { filter: {}, sort: "-time", limit: 100, ...query }, now);
  if (found.outcome !== "page") throw new Error(`Expected a page, got ${found.outcome}`);
  return found;
};

const memoryOf = async (states: readonly ObjectState[]): Promise<MemoryStore> => {
  const store = new MemoryStore(definition);
  await putStates(store, states);
  return store;
};

const keysOf = (entries: readonly ObjectEntry[]) => entries.map(({ key }) => key);
const nameOf = ({ key, bucket }: ObjectEntry) => JSON.stringify([key, bucket]);

const keysFound = async (store: Store, filter: ObjectFilter) =>
  keysOf((await page(store, { filter, sort: "key" })).entries);

/** All pages of a query, one after the other; `between` runs after each. */
const allPages = async (
  store: Store,
  query: Pick<ObjectQuery, "filter" | "sort" | "limit">,
  between: (pages: number) => Promise<void> = async () => {},
) => {
  const entries: ObjectEntry[] = [];
  let cursor: string | undefined;
  for (let pages = 1; pages < 200; pages += 1) {
    const found = await page(store, { ...query, cursor });
    expect(found.entries.length).toBeLessThanOrEqual(query.limit);
    entries.push(...found.entries);
    await between(pages);
    cursor = found.cursor;
    if (cursor === undefined) return entries;
  }
  throw new Error("Expected the pages to end");
};

/** Keys that share prefixes and places in an order, a long one and the short one made to look like it among them. */
const LONG = "l".repeat(1_000);
const LIKE_LONG = recentTimeOf({ observedAt: "", key: LONG }).slice(1);

const someState = fc
  .record({
    key: fc.oneof(fc.constantFrom("a", "b", "b.", LONG, LIKE_LONG, "\u{FFFF}", "\u{10000}"), fc.uuid()),
    day: fc.integer({ min: 1, max: 4 }),
    ms: fc.constantFrom(0, 0, 1, 999),
    sizes: fc.array(fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }), {
      minLength: 1,
      maxLength: 3,
    }),
  })
  .map(({ key, day, ms, sizes }) =>
    stateOf(key, {
      observedAt: onDay(day, ms),
      buckets: Object.fromEntries(
        sizes.map((sizeBytes, i) => [
          `bucket-${i}`,
          sizeBytes === undefined ? gone() : present({ sizeBytes }),
        ]),
      ),
    }),
  );

const someStates = (maxLength: number) =>
  fc.uniqueArray(someState, { maxLength, selector: ({ key }) => key });

const wholeOf = (states: readonly ObjectState[], sort: Sort) =>
  states
    .flatMap(entriesOf)
    .sort((left, right) => comparePlaces(placeOf(left, sort), placeOf(right, sort), sort));

describe("pages", () => {
  const query = fc.record({
    sort: fc.constantFrom(...SORTS),
    limit: fc.integer({ min: 1, max: 12 }),
  });

  it("together are the whole, in order", async () => {
    await fc.assert(
      fc.asyncProperty(someStates(25), query, async (states, { sort, limit }) => {
        const store = await memoryOf(states);
        const entries = await allPages(store, { filter: { presence: "all" }, sort, limit });
        expect(entries).toEqual(wholeOf(states, sort));
      }),
      { numRuns: 60 },
    );
  });

  it("repeat nothing and leave out nothing that was there all along, whatever is added between them", async () => {
    await fc.assert(
      fc.asyncProperty(someStates(30), fc.nat(), query, async (states, seed, { sort, limit }) => {
        const early = states.filter((_, i) => (seed >> (i % 20)) % 2 === 0);
        const late = states.filter(state => !early.includes(state));
        const store = await memoryOf(early);
        const entries = await allPages(store, { filter: { presence: "all" }, sort, limit }, async pages => {
          await putStates(store, late.slice((pages - 1) * 3, pages * 3));
        });
        const names = entries.map(nameOf);
        expect(new Set(names).size).toBe(names.length);
        expect(names).toEqual(expect.arrayContaining(wholeOf(early, sort).map(nameOf)));
        expect(entries).toEqual(wholeOf(states, sort).filter(entry => names.includes(nameOf(entry))));
      }),
      { numRuns: 60 },
    );
  });

  it("are the same on DynamoDB", async () => {
    const states = Array.from({ length: 40 }, (_, i) =>
      stateOf([LONG, LIKE_LONG][i] ?? `key-${(i * 7) % 40}`, {
        observedAt: onDay(1 + (i % 2), i % 3),
        buckets: { a: present({ sizeBytes: i % 5 }), ...(i % 4 === 0 && { b: gone() }) },
      }),
    );
    const [early, late] = [states.slice(0, 34), states.slice(34)];
    const store = await freshTable(definition);
    await putStates(store, early);
    // Few days: each is sixteen requests.
    const filter: ObjectFilter = { presence: "all", since: onDay(1), until: onDay(2, 999) };
    for (const sort of ["-time", "time", "size"] as const) {
      const entries = await allPages(store, { filter, sort, limit: 25 });
      expect(entries).toEqual(wholeOf(early, sort));
    }
    const entries = await allPages(store, { filter, sort: "-time", limit: 11 }, async pages => {
      await putStates(store, late.slice(pages - 1, pages));
    });
    const names = entries.map(nameOf);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(wholeOf(early, "-time").map(nameOf)));
  });

  it("keep apart keys that share a place in the index, in one shard or in two", async () => {
    const states = Array.from({ length: 40 }, (_, i) => `${i}`.padEnd(1_000, "l")).flatMap(long => {
      const like = recentTimeOf({ observedAt: "", key: long }).slice(1);
      return [stateOf(long), stateOf(like)];
    });
    const store = await memoryOf(states);
    for (const sort of ["time", "-time"] as const) {
      const entries = await allPages(store, { filter: {}, sort, limit: 7 });
      expect(keysOf(entries)).toEqual(keysOf(wholeOf(states, sort)));
    }
  });

  it("end with the last entry, also where that fills a page", async () => {
    const store = await memoryOf(["a", "b"].map(key => stateOf(key)));
    for (const sort of SORTS) expect((await page(store, { sort, limit: 2 })).cursor).toBeUndefined();
  });

  it("go on where the first page began to look, however late the next is asked for", async () => {
    const states = [1, 2, 3].map(day => stateOf(`on-${day}`, { observedAt: onDay(day) }));
    const store = await memoryOf(states);
    const now = Date.parse(onDay(1 + DEFAULT_DAYS));
    const first = await page(store, { limit: 2 }, now);
    expect([keysOf(first.entries), first.from]).toEqual([["on-3", "on-2"], onDay(1)]);
    const muchLater = now + 30 * 86_400_000;
    const second = await page(store, { limit: 2, cursor: first.cursor }, muchLater);
    expect([keysOf(second.entries), second.cursor]).toEqual([["on-1"], undefined]);
    expect((await page(store, {}, muchLater)).entries).toEqual([]);
  });

  it("of another query are refused, and of none", async () => {
    const store = await memoryOf(["a", "b", "c"].map(key => stateOf(key)));
    const filter: ObjectFilter = { keys: ["a", "b"], lifecycles: [] };
    const { cursor } = await page(store, { limit: 1, filter });
    expect(cursor).toBeDefined();
    expect(keysOf((await page(store, { cursor, filter: { keys: ["b", "a"] } })).entries)).toEqual(["a"]);
    for (const other of [
      { filter, sort: "time" as const },
      { filter: { keys: ["a"] } },
      { filter: { ...filter, ignoreCase: true } },
    ])
      await expect(page(store, { ...other, cursor })).rejects.toThrow("another query");
    for (const bad of ["", "x", "e30", Buffer.from("[1]").toString("base64url")])
      await expect(page(store, { filter, cursor: bad })).rejects.toThrow(InvalidQuery);
  });
});

describe("what is looked through", () => {
  it("is the last weeks unless said otherwise, and what is named whenever it was", async () => {
    const old = onDay(10 - DEFAULT_DAYS - 1);
    const store = await memoryOf([
      stateOf("new", { observedAt: onDay(9) }),
      stateOf("old", { observedAt: old }),
    ]);
    const byDefault = await page(store, {});
    expect([keysOf(byDefault.entries), byDefault.from]).toEqual([["new"], onDay(10 - DEFAULT_DAYS)]);
    expect(await keysFound(store, { since: old })).toEqual(["new", "old"]);
    expect(await keysFound(store, { until: old })).toEqual(["old"]);
    expect(await keysFound(store, { keys: ["old", "*w"], since: old })).toEqual(["new", "old"]);
    const named = await page(store, { filter: { keys: ["old", "old", "none"] } });
    expect(keysOf(named.entries)).toEqual(["old"]);
    expect(named).not.toHaveProperty("from");
    expect(await keysFound(store, { keys: ["OLD"], ignoreCase: true, since: old })).toEqual(["old"]);
    expect(await keysFound(store, { keys: ["old"], since: onDay(9) })).toEqual([]);
  });

  it("reads named keys without the index", async () => {
    const calls: string[] = [];
    const store = new MemoryStore(definition, async ({ call }) => {
      calls.push(call);
      return undefined;
    });
    await putStates(store, [stateOf("a*b")]);
    expect(await keysFound(store, { keys: [String.raw`a\*b`] })).toEqual(["a*b"]);
    expect(calls).toEqual(["write", "get"]);
  });

  it("has an end, and begins before it", async () => {
    const store = await memoryOf([]);
    const since = new Date(NOW - (DAYS_MAX + 2) * 86_400_000).toISOString();
    await expect(page(store, { filter: { since } })).rejects.toThrow(`at most ${DAYS_MAX} days`);
    await expect(page(store, { filter: { since: onDay(3), until: onDay(2) } })).rejects.toThrow(InvalidQuery);
    expect((await page(store, { filter: { since: onDay(20) } })).entries).toEqual([]);
    expect((await page(store, { filter: { until: "9999-12-31T23:59:59.999Z" } })).entries).toEqual([]);
  });
});

describe("filters", () => {
  const states = [
    stateOf("a.event", {
      lifecycle: "ARCHIVED",
      observedAt: onDay(2),
      buckets: {
        new: gone(onDay(4)),
        archive: present({ storageClass: "GLACIER", time: onDay(4), restore: { isOngoing: false } }),
      },
      attributes: { team: "red", n: 1 },
    }),
    stateOf("b.event", {
      observedAt: onDay(3),
      buckets: { new: present({ versionId: "v2", sizeBytes: 20, eTag: "E2", time: onDay(3) }) },
      attributes: { team: "blue", n: "1" },
    }),
    stateOf("c.txt", {
      lifecycle: "GONE",
      observedAt: onDay(4),
      buckets: { new: gone(onDay(5)), archive: present({ restore: { isOngoing: true }, time: onDay(6) }) },
    }),
  ];

  it.each<[ObjectFilter, readonly string[]]>([
    [{}, ["a.event@archive", "b.event@new", "c.txt@archive"]],
    [{ presence: "gone" }, ["a.event@new", "c.txt@new"]],
    [{ presence: "all", buckets: ["new"] }, ["a.event@new", "b.event@new", "c.txt@new"]],
    [{ buckets: ["arch*"] }, ["a.event@archive", "c.txt@archive"]],
    [{ keys: ["*.event"] }, ["a.event@archive", "b.event@new"]],
    [{ keys: ["*.txt", "b*"] }, ["b.event@new", "c.txt@archive"]],
    [{ keys: ["?.EVENT"], ignoreCase: true }, ["a.event@archive", "b.event@new"]],
    [{ keys: ["event"] }, []],
    [{ versionIds: ["v2"] }, ["b.event@new"]],
    [{ eTags: ["E2"] }, ["b.event@new"]],
    [{ eTags: ["e2"] }, []],
    [{ storageClasses: ["GLACIER*"] }, ["a.event@archive"]],
    [{ lifecycles: ["GONE", "ARCHIVED"] }, ["a.event@archive", "c.txt@archive"]],
    [{ lifecycles: ["ARCHIVED"], keys: ["c*"] }, []],
    [{ sizeBytesMin: 20 }, ["b.event@new"]],
    [{ sizeBytesMax: 19, presence: "all" }, ["a.event@archive", "c.txt@archive"]],
    [{ sizeBytesMin: 10, sizeBytesMax: 10 }, ["a.event@archive", "c.txt@archive"]],
    [{ since: onDay(3) }, ["b.event@new", "c.txt@archive"]],
    [{ until: onDay(2) }, ["a.event@archive"]],
    [{ changedSince: onDay(4) }, ["a.event@archive", "c.txt@archive"]],
    [{ changedUntil: onDay(4), presence: "all" }, ["a.event@archive", "a.event@new", "b.event@new"]],
    [{ restores: ["restored"] }, ["a.event@archive"]],
    [{ restores: ["ongoing"] }, ["c.txt@archive"]],
    [{ restores: ["none"] }, ["b.event@new"]],
    [{ attributes: ["n=1"] }, ["a.event@archive", "b.event@new"]],
    [{ attributes: ["team=red", "team=b*"] }, ["a.event@archive", "b.event@new"]],
    [{ attributes: ["team=red", "n=2"] }, []],
    [{ attributes: ["team=red", "n=?"] }, ["a.event@archive"]],
  ])("%j", async (filter, expected) => {
    const store = await memoryOf(states);
    const { entries } = await page(store, { filter, sort: "key" });
    expect(entries.map(({ key, bucket }) => `${key}@${bucket}`)).toEqual(expected);
    expect((await countObjects({ store, rows }, filter, NOW)).count).toBe(expected.length);
    const found = await matchingKeys({ store, rows }, filter, NOW);
    expect(found.outcome === "keys" && found.keys.toSorted()).toEqual([
      ...new Set(expected.map(name => name.slice(0, name.indexOf("@")))),
    ]);
  });

  it("that cannot be read are refused", async () => {
    const store = await memoryOf([]);
    for (const filter of [{ buckets: ["a\\b"] }, { attributes: ["x"] }])
      await expect(page(store, { filter })).rejects.toThrow(InvalidQuery);
  });
});

it("too many matches to be sorted are refused, and listed by time", async () => {
  const store = new MemoryStore(definition);
  const buckets = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`bucket-${i}`, present()]));
  await putStates(
    store,
    Array.from({ length: 100 }, (_, i) => stateOf(`key-${i}`, { buckets })),
  );
  const query: ObjectQuery = { filter: {}, sort: "size", limit: 1 };
  expect(await listObjects({ store, rows }, query, NOW)).toEqual({ outcome: "too many", max: GATHERED_MAX });
  expect((await page(store, { sort: "time", limit: 1_000 })).entries).toHaveLength(1_000);
  expect((await countObjects({ store, rows }, {}, NOW)).count).toBe(10_100);
});
