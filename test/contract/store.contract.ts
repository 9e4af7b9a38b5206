import { describe, expect, test } from "vitest";
import type { TableDefinition } from "../../src/table/definition.ts";
import { itemBytes } from "../../src/table/size.ts";
import type { Item, Query, Store, Write, WriteOutcome } from "../../src/table/store.ts";

/** The table of the contract: an index with a sort key of its own, one sorted by the table's, one without. */
export const contractTable: TableDefinition = {
  indexes: [
    { name: "GroupIdx", partition: "Group" },
    { name: "OwnerIdx", partition: "Owner", sort: "SK" },
    { name: "WorkIdx", partition: "Work", sort: "Since" },
  ],
};

/** More pages than any test here fills. */
const PAGES_MAX = 50;

/** What every backend of `Store` has to do. `makeStore` gives an empty one over `contractTable` each time. */
export const storeContract = (name: string, makeStore: () => Promise<Store>): void => {
  describe(`${name} as a store`, () => {
    describe("single writes", () => {
      test("stores an item and reads it back in the order asked for, duplicates and absent ones included", async () => {
        const store = await makeStore();
        const item = row("a", "1", { text: "", list: [1, "x", null, { deep: true }], half: 0.5, map: {} });
        expect(await store.write({ put: item })).toEqual(COMMITTED);
        const other = { PK: "a", SK: "2" };
        expect(await store.get([other, item, item])).toEqual([undefined, item, item]);
        expect(await store.get([])).toEqual([]);
      });

      test("leaves out undefined attributes, at any depth", async () => {
        const store = await makeStore();
        await store.write({ put: row("a", "1", { gone: undefined, map: { gone: undefined, kept: 1 } }) });
        const [item] = await store.get([{ PK: "a", SK: "1" }]);
        expect(Object.keys(item ?? {}).sort()).toEqual(["PK", "SK", "map"]);
        expect(item?.map).toEqual({ kept: 1 });
      });

      test("replaces the whole item", async () => {
        const store = await makeStore();
        await store.write({ put: row("a", "1", { first: 1 }) });
        await store.write({ put: row("a", "1", { second: 2 }) });
        expect(await store.get([{ PK: "a", SK: "1" }])).toEqual([row("a", "1", { second: 2 })]);
      });

      test("does not share state with the caller", async () => {
        const store = await makeStore();
        const inner = { n: 1 };
        await store.write({ put: row("a", "1", { inner }) });
        inner.n = 2;
        expect(await store.get([{ PK: "a", SK: "1" }])).toEqual([row("a", "1", { inner: { n: 1 } })]);
      });

      test("deletes, and deleting what is absent is no error", async () => {
        const store = await makeStore();
        await store.write({ put: row("a", "1") });
        expect(await store.write({ delete: { PK: "a", SK: "1" } })).toEqual(COMMITTED);
        expect(await store.write({ delete: { PK: "a", SK: "1" } })).toEqual(COMMITTED);
        expect(await store.get([{ PK: "a", SK: "1" }])).toEqual([undefined]);
      });

      test.each<[string, Item | undefined, Write, boolean]>([
        ["absent holds of nothing", undefined, { put: row("a", "1"), if: { absent: true } }, true],
        ["absent fails of something", row("a", "1"), { put: row("a", "1"), if: { absent: true } }, false],
        ["equals fails of nothing", undefined, { put: row("a", "1"), if: { equals: { n: 1 } } }, false],
        ["equals holds", row("a", "1", { n: 1 }), { put: row("a", "1"), if: { equals: { n: 1 } } }, true],
        [
          "equals fails by value",
          row("a", "1", { n: 1 }),
          { put: row("a", "1"), if: { equals: { n: 2 } } },
          false,
        ],
        [
          "equals fails by type",
          row("a", "1", { n: 1 }),
          { put: row("a", "1"), if: { equals: { n: "1" } } },
          false,
        ],
        [
          "equals fails by null",
          row("a", "1", { n: null }),
          { put: row("a", "1"), if: { equals: { n: 0 } } },
          false,
        ],
        ["equals fails by absence", row("a", "1"), { put: row("a", "1"), if: { equals: { n: 1 } } }, false],
        [
          "equals wants them all",
          row("a", "1", { n: 1, m: 1 }),
          { put: row("a", "1"), if: { equals: { n: 1, m: 2 } } },
          false,
        ],
        [
          "equals takes reserved words and odd names",
          row("a", "1", { status: "x", "a.b#c": true }),
          { put: row("a", "1"), if: { equals: { status: "x", "a.b#c": true } } },
          true,
        ],
        [
          "equals nothing holds of something",
          row("a", "1"),
          { put: row("a", "1"), if: { equals: {} } },
          true,
        ],
        ["equals nothing fails of nothing", undefined, { put: row("a", "1"), if: { equals: {} } }, false],
        [
          "a conditional delete is refused",
          row("a", "1", { n: 1 }),
          { delete: { PK: "a", SK: "1" }, if: { equals: { n: 2 } } },
          false,
        ],
        [
          "a conditional delete happens",
          row("a", "1", { n: 1 }),
          { delete: { PK: "a", SK: "1" }, if: { equals: { n: 1 } } },
          true,
        ],
        ["a check holds", row("a", "1"), { check: { PK: "a", SK: "1" }, if: { equals: {} } }, true],
        ["a check fails", row("a", "1"), { check: { PK: "a", SK: "1" }, if: { absent: true } }, false],
      ])("%s", async (_, before, write, happens) => {
        const store = await makeStore();
        if (before !== undefined) await store.write({ put: before });
        expect(await store.write(write)).toEqual(happens ? COMMITTED : refused(0));
        const [after] = await store.get([{ PK: "a", SK: "1" }]);
        expect(after).toEqual(happens ? result(write, before) : before);
      });
    });

    describe("transactions", () => {
      test("does all of it", async () => {
        const store = await makeStore();
        await store.write({ put: row("a", "old") });
        const outcome = await store.transact([
          { put: row("a", "new"), if: { absent: true } },
          { delete: { PK: "a", SK: "old" } },
          { check: { PK: "b", SK: "none" }, if: { absent: true } },
        ]);
        expect(outcome).toEqual(COMMITTED);
        expect(await keysOf(store, { partition: "a" })).toEqual(["new"]);
      });

      test("does none of it and names every write whose condition failed", async () => {
        const store = await makeStore();
        await store.write({ put: row("a", "1", { n: 1 }) });
        const outcome = await store.transact([
          { put: row("a", "0") },
          { put: row("a", "1"), if: { absent: true } },
          { delete: { PK: "b", SK: "1" } },
          { check: { PK: "a", SK: "2" }, if: { equals: { n: 1 } } },
        ]);
        expect(outcome).toEqual(refused(1, 3));
        expect(await store.get([{ PK: "a", SK: "0" }])).toEqual([undefined]);
      });

      test("judges conditions by the state before the transaction", async () => {
        const store = await makeStore();
        const outcome = await store.transact([
          { put: row("a", "1") },
          { check: { PK: "a", SK: "2" }, if: { absent: true } },
          { put: row("a", "3"), if: { absent: true } },
        ]);
        expect(outcome).toEqual(COMMITTED);
      });

      test("lets exactly one of several racing transactions win", async () => {
        const store = await makeStore();
        await store.write({ put: row("a", "HEAD", { sequence: 0 }) });
        const racers = Array.from({ length: 8 }, (_, at) =>
          store.transact([
            { put: row("a", "HEAD", { sequence: 1, winner: at }), if: { equals: { sequence: 0 } } },
            { put: row("a", `LINE#${at}`), if: { absent: true } },
          ]),
        );
        const outcomes = await Promise.all(racers);
        const winners = outcomes.flatMap(({ outcome }, at) => (outcome === "committed" ? [at] : []));
        expect(winners).toHaveLength(1);
        expect(outcomes.map(({ outcome }) => outcome).filter(isLost)).toHaveLength(7);
        expect(await keysOf(store, { partition: "a" })).toEqual(["HEAD", `LINE#${winners[0]}`]);
        expect((await store.get([{ PK: "a", SK: "HEAD" }]))[0]?.winner).toBe(winners[0]);
      });

      test("lets exactly one of several racing single writes win", async () => {
        const store = await makeStore();
        const outcomes = await Promise.all(
          Array.from({ length: 8 }, (_, at) =>
            store.write({ put: row("a", "1", { at }), if: { absent: true } }),
          ),
        );
        expect(outcomes.filter(({ outcome }) => outcome === "committed")).toHaveLength(1);
      });

      test("takes a hundred writes and throws on one more, on none, and on two on one item", async () => {
        const store = await makeStore();
        const hundred = Array.from({ length: 100 }, (_, at): Write => ({ put: row("a", `${at}`) }));
        expect(await store.transact(hundred)).toEqual(COMMITTED);
        await expect(store.transact([...hundred, { put: row("b", "1") }])).rejects.toThrow("100");
        await expect(store.transact([])).rejects.toThrow("0");
        await expect(
          store.transact([{ put: row("b", "1") }, { check: { PK: "b", SK: "1" }, if: { absent: true } }]),
        ).rejects.toThrow("b 1");
        expect(await store.get([{ PK: "b", SK: "1" }])).toEqual([undefined]);
      });

      test("takes 3.5 MB and throws above 4 MB", async () => {
        const store = await makeStore();
        const big = (count: number) =>
          Array.from(
            { length: count },
            (_, at): Write => ({ put: row("a", `${at}`, { x: "x".repeat(350_000) }) }),
          );
        expect(await store.transact(big(10))).toEqual(COMMITTED);
        await expect(store.transact(big(12))).rejects.toThrow();
      });
    });

    describe("puts of many", () => {
      test("puts all of them, whatever was there", async () => {
        const store = await makeStore();
        await store.write({ put: row("a", "7", { old: true }) });
        const items = Array.from({ length: 130 }, (_, at) => row("a", `${at}`, { at, gone: undefined }));
        expect(await store.putAll(items)).toEqual(COMMITTED);
        const found = await all(store, { partition: "a" });
        expect(found.map(item => item.at).sort()).toEqual(items.map(item => item.at).sort());
        expect(await store.get([{ PK: "a", SK: "7" }])).toEqual([row("a", "7", { at: 7 })]);
      });

      test("is safe to repeat, and has nothing to do for none", async () => {
        const store = await makeStore();
        const items = Array.from({ length: 30 }, (_, at) => row("a", `${at}`));
        expect(await store.putAll(items)).toEqual(COMMITTED);
        expect(await store.putAll(items)).toEqual(COMMITTED);
        expect(await all(store, { partition: "a" })).toHaveLength(30);
        expect(await store.putAll([])).toEqual(COMMITTED);
      });

      test("shows in the indexes", async () => {
        const store = await makeStore();
        await store.putAll([row("a", "1", { Owner: "o" }), row("b", "2", { Owner: "o" })]);
        const owner = { index: { name: "OwnerIdx", partition: "Owner", sort: "SK" }, partition: "o" };
        expect(await keysOf(store, owner)).toEqual(["1", "2"]);
      });

      test.each<[string, readonly Item[]]>([
        ["two items of one key, though far apart", [row("a", "1"), ...numbered(40), row("a", "1", { n: 1 })]],
        ["an item over 400 KB", [...numbered(40), row("a", "1", { x: "x".repeat(400 * 1024) })]],
        ["an empty key", [...numbered(40), row("a", "")]],
      ])("throws on %s, before it writes anything", async (_, items) => {
        const store = await makeStore();
        await expect(store.putAll(items)).rejects.toThrow();
        expect((await store.scan({ segment: 0, segments: 1 })).items).toEqual([]);
      });

      test("takes 25 items of 400 KB", async () => {
        const store = await makeStore();
        const items = numbered(25).map(item => {
          const room = 400 * 1024 - itemBytes({ ...item, x: "" });
          return { ...item, x: "x".repeat(room) };
        });
        expect(await store.putAll(items)).toEqual(COMMITTED);
        expect(await all(store, { partition: "n" })).toHaveLength(25);
      });
    });

    describe("limits", () => {
      test("takes an item of exactly 400 KB and throws above", async () => {
        const store = await makeStore();
        const room = 400 * 1024 - itemBytes(row("a", "1", { x: "" }));
        const fits = row("a", "1", { x: "x".repeat(room) });
        expect(await store.write({ put: fits })).toEqual(COMMITTED);
        expect(await store.get([fits])).toEqual([fits]);
        await expect(store.write({ put: row("a", "1", { x: "x".repeat(room + 1) }) })).rejects.toThrow();
      });

      test("counts bytes of UTF-8, not characters", async () => {
        const store = await makeStore();
        await expect(store.write({ put: row("a", "1", { x: "ü".repeat(205_000) }) })).rejects.toThrow();
      });

      test("takes keys of 2,048 and 1,024 bytes and throws above", async () => {
        const store = await makeStore();
        const longest = row("é".repeat(1024), "é".repeat(512));
        expect(await store.write({ put: longest })).toEqual(COMMITTED);
        expect(await store.get([longest])).toEqual([longest]);
        await expect(store.write({ put: row(`${longest.PK}x`, "1") })).rejects.toThrow("2048");
        await expect(store.write({ put: row("a", `${longest.SK}x`) })).rejects.toThrow("1024");
      });

      test("throws on empty keys", async () => {
        const store = await makeStore();
        await expect(store.write({ put: row("", "1") })).rejects.toThrow("PK");
        await expect(store.write({ delete: { PK: "a", SK: "" } })).rejects.toThrow("SK");
      });

      test.each([
        ["an empty index key", { Owner: "" }],
        ["an index key that is no text", { Owner: 1 }],
        ["an overlong sort key of an index", { Work: "w", Since: "x".repeat(1025) }],
        ["an overlong partition key of an index", { Owner: "x".repeat(2049) }],
        ["an unsafe integer", { n: 2 ** 53 }],
        ["no number", { n: Number.NaN }],
        ["a number too close to 0", { n: 1e-131 }],
        ["an infinite number", { deep: [{ n: Number.POSITIVE_INFINITY }] }],
      ])("throws on %s", async (_, attributes) => {
        const store = await makeStore();
        await expect(store.write({ put: row("a", "1", attributes) })).rejects.toThrow();
        await expect(store.transact([{ put: row("a", "1", attributes) }])).rejects.toThrow();
        expect(await store.get([{ PK: "a", SK: "1" }])).toEqual([undefined]);
      });

      test("keeps the largest safe integers and odd doubles exactly", async () => {
        const store = await makeStore();
        const item = row("a", "1", {
          max: Number.MAX_SAFE_INTEGER,
          min: Number.MIN_SAFE_INTEGER,
          third: 1 / 3,
        });
        await store.write({ put: item });
        expect(await store.get([item])).toEqual([item]);
      });

      test("reads a hundred keys at once, though they pass 16 MB, and throws on one more", async () => {
        const store = await makeStore();
        const keys = Array.from({ length: 100 }, (_, at) => ({ PK: "a", SK: `${at}` }));
        const size = 180_000;
        for (let first = 0; first < 100; first += 20)
          await store.transact(
            keys.slice(first, first + 20).map(key => ({ put: { ...key, x: "x".repeat(size) } })),
          );
        const items = await store.get(keys);
        expect(items.map(item => [item?.SK, String(item?.x).length])).toEqual(
          keys.map(key => [key.SK, size]),
        );
        await expect(store.get([...keys, { PK: "b", SK: "1" }])).rejects.toThrow("100");
        expect(await store.get([...keys, ...keys])).toHaveLength(200);
      });
    });

    describe("queries", () => {
      const sortKeys = ["A", "B#1", "B#10", "B#2", "C", "é", "\uffee", "😀"];
      const filled = async (): Promise<Store> => {
        const store = await makeStore();
        for (const SK of [...sortKeys].reverse()) await store.write({ put: row("p", SK) });
        await store.write({ put: row("q", "other") });
        return store;
      };

      test("gives one partition in the order of UTF-8 bytes, either way", async () => {
        const store = await filled();
        expect(await keysOf(store, { partition: "p" })).toEqual(sortKeys);
        expect(await keysOf(store, { partition: "p", newestFirst: true })).toEqual([...sortKeys].reverse());
        expect(await keysOf(store, { partition: "none" })).toEqual([]);
      });

      test.each<[string, Partial<Query>, readonly string[]]>([
        ["from on", { from: "B#2" }, ["B#2", "C", "é", "\uffee", "😀"]],
        ["up to", { to: "B#10" }, ["A", "B#1", "B#10"]],
        ["between", { from: "B#", to: "B#~" }, ["B#1", "B#10", "B#2"]],
        ["above the surrogates", { from: "\uffef" }, ["😀"]],
        ["the wrong way round", { from: "C", to: "B" }, []],
        ["from the empty text", { from: "", to: "A" }, ["A"]],
        ["to the empty text", { to: "" }, []],
        ["between, newest first", { from: "B#1", to: "C", newestFirst: true }, ["C", "B#2", "B#10", "B#1"]],
      ])("gives a range: %s", async (_, range, expected) => {
        const store = await filled();
        expect(await keysOf(store, { partition: "p", ...range })).toEqual(expected);
        expect(await keysOf(store, { partition: "p", ...range, limit: 2 })).toEqual(expected);
      });

      test("pages by limit with cursors that outlive deletes and inserts", async () => {
        const store = await filled();
        const first = await store.query({ partition: "p", limit: 3 });
        expect(first.items.map(item => item.SK)).toEqual(["A", "B#1", "B#10"]);
        await store.write({ delete: { PK: "p", SK: "B#10" } });
        await store.write({ put: row("p", "B#11") });
        await store.write({ put: row("p", "0") });
        const rest = await store.query({ partition: "p", cursor: first.cursor });
        expect(rest.items.map(item => item.SK)).toEqual(["B#11", "B#2", "C", "é", "\uffee", "😀"]);
        expect(rest.cursor).toBeUndefined();
      });

      test("ends a page at 1 MB", async () => {
        const store = await makeStore();
        for (let at = 0; at < 5; at += 1)
          await store.write({ put: row("p", `${at}`, { x: "x".repeat(300_000) }) });
        const first = await store.query({ partition: "p" });
        expect(first.items).toHaveLength(4);
        expect(await keysOf(store, { partition: "p" })).toEqual(["0", "1", "2", "3", "4"]);
      });

      test("throws on a limit below one and on a cursor that is none", async () => {
        const store = await filled();
        await expect(store.query({ partition: "p", limit: 0 })).rejects.toThrow("limit");
        await expect(store.query({ partition: "p", cursor: "nonsense" })).rejects.toThrow("cursor");
        for (const nowhere of [{ partition: "empty" }, { partition: "p", from: "2", to: "1" }])
          await expect(store.query({ ...nowhere, cursor: "nonsense" })).rejects.toThrow("cursor");
      });
    });

    describe("indexes", () => {
      const work = (range: Partial<Query> = {}): Query => ({
        index: { name: "WorkIdx", partition: "Work", sort: "Since" },
        partition: "todo",
        ...range,
      });

      test("holds an item only while it has all attributes of the index", async () => {
        const store = await makeStore();
        await store.write({ put: row("a", "1", { Work: "todo", Since: "2" }) });
        await store.write({ put: row("a", "2", { Work: "todo" }) });
        await store.write({ put: row("a", "3", { Since: "1" }) });
        await store.write({ put: row("b", "4", { Work: "todo", Since: "1", other: "kept" }) });
        expect(await keysOf(store, work())).toEqual(["4", "1"]);
        expect((await store.query(work({ limit: 1 }))).items[0]?.other).toBe("kept");
        await store.write({ put: row("b", "4", { Work: "done", Since: "1" }) });
        await store.write({ put: row("a", "2", { Work: "todo", Since: "3" }) });
        await store.write({ delete: { PK: "a", SK: "1" } });
        expect(await keysOf(store, work())).toEqual(["2"]);
      });

      test("orders, ranges and pages by the sort key of the index", async () => {
        const store = await makeStore();
        for (const at of [3, 1, 4, 2, 5])
          await store.write({ put: row(`p${9 - at}`, `${at}`, { Work: "todo", Since: `t${at}` }) });
        expect(await keysOf(store, work({ limit: 2 }))).toEqual(["1", "2", "3", "4", "5"]);
        expect(await keysOf(store, work({ limit: 2, newestFirst: true }))).toEqual(["5", "4", "3", "2", "1"]);
        expect(await keysOf(store, work({ from: "t2", to: "t3~" }))).toEqual(["2", "3"]);
      });

      test("gives every one of many items with equal index keys exactly once", async () => {
        const store = await makeStore();
        for (let at = 0; at < 7; at += 1)
          await store.write({ put: row(`p${at}`, "1", { Work: "todo", Since: "same", Group: "g" }) });
        const byWork = await all(store, work({ limit: 2 }));
        expect(byWork.map(item => item.PK).sort()).toEqual(["p0", "p1", "p2", "p3", "p4", "p5", "p6"]);
        const group = { index: { name: "GroupIdx", partition: "Group" }, partition: "g", limit: 2 };
        expect((await all(store, group)).map(item => item.PK).sort()).toEqual(
          byWork.map(item => item.PK).sort(),
        );
      });

      test("takes the table's own sort key where the definition says so", async () => {
        const store = await makeStore();
        for (const SK of ["b", "a", "c"]) await store.write({ put: row(`p${SK}`, SK, { Owner: "o" }) });
        const owner = { index: { name: "OwnerIdx", partition: "Owner", sort: "SK" }, partition: "o" };
        expect(await keysOf(store, owner)).toEqual(["a", "b", "c"]);
        expect(await keysOf(store, { ...owner, from: "b" })).toEqual(["b", "c"]);
      });

      test("throws on a range over an index without a sort key and on an unknown index", async () => {
        const store = await makeStore();
        const group = { index: { name: "GroupIdx", partition: "Group" }, partition: "g" };
        await expect(store.query({ ...group, from: "a" })).rejects.toThrow("GroupIdx");
        await expect(
          store.query({ index: { name: "NoIdx", partition: "No" }, partition: "g" }),
        ).rejects.toThrow();
      });
    });

    test("scans every item exactly once over segments and pages", async () => {
      const store = await makeStore();
      const keys = Array.from({ length: 30 }, (_, at) => `${at}`);
      for (const at of keys) await store.write({ put: row(`p${at}`, "1", { x: "x".repeat(100_000) }) });
      const seen: string[] = [];
      for (const segment of [0, 1]) {
        let cursor: string | undefined;
        for (let page = 0; page < PAGES_MAX; page += 1) {
          const { items, cursor: next } = await store.scan({ segment, segments: 2, cursor });
          seen.push(...items.map(item => item.PK));
          cursor = next;
          if (cursor === undefined) break;
        }
        expect(cursor).toBeUndefined();
      }
      expect(seen.sort()).toEqual(keys.map(at => `p${at}`).sort());
    });
  });
};

const COMMITTED = { outcome: "committed" };
const refused = (...failed: number[]): WriteOutcome => ({ outcome: "refused", failed });
const isLost = (outcome: WriteOutcome["outcome"]): boolean => outcome === "refused" || outcome === "conflict";

const row = (PK: string, SK: string, attributes: Omit<Item, "PK" | "SK"> = {}): Item => ({
  PK,
  SK,
  ...attributes,
});

const numbered = (count: number): readonly Item[] =>
  Array.from({ length: count }, (_, at) => row("n", `${at}`));

const result = (write: Write, before: Item | undefined): Item | undefined => {
  if ("put" in write) return write.put;
  return "delete" in write ? undefined : before;
};

const all = async (store: Store, query: Query): Promise<readonly Item[]> => {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await store.query({ ...query, cursor });
    items.push(...found.items);
    cursor = found.cursor;
    if (cursor === undefined) return items;
  }
  throw new Error(`Expected at most ${PAGES_MAX} pages`);
};

const keysOf = async (store: Store, query: Query): Promise<readonly string[]> =>
  (await all(store, query)).map(item => item.SK);
