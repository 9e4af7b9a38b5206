import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { MemoryStore } from "../../src/local/memory-store.ts";
import { keyText } from "../../src/table/storable.ts";
import type { Condition, Item, Key, Query, Store, Write } from "../../src/table/store.ts";
import { freshTable } from "../support/tables.ts";
import { contractTable } from "./store.contract.ts";

/** `RUNS=10` makes ten times as many runs. */
const RUNS = 40 * Number(process.env.RUNS ?? 1);

const PARTITIONS = ["p", "q"];
const SORTS = ["1", "10", "2", "é", "😀"];
const GROUPS = ["g", "h"];

let dynamo: Store;
let run = 0;

beforeAll(async () => {
  dynamo = await freshTable(contractTable);
});

test("both backends answer the same to the same writes, and end up holding the same", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(call(), { minLength: 1, maxLength: 12 }), queries(), async (calls, asked) => {
      run += 1;
      const memory = new MemoryStore(contractTable);
      for (const writes of calls) {
        const own = writes.map(write => inRun(write, run));
        expect(await send(dynamo, own)).toEqual(await send(memory, own));
      }
      for (const query of asked)
        expect(await readAll(dynamo, queryInRun(query, run))).toEqual(
          await readAll(memory, queryInRun(query, run)),
        );
      for (const partition of PARTITIONS)
        expect(await readAll(dynamo, { partition: `${run}${partition}` })).toEqual(
          await readAll(memory, { partition: `${run}${partition}` }),
        );
    }),
    { numRuns: RUNS },
  );
});

const key = () => fc.record({ PK: fc.constantFrom(...PARTITIONS), SK: fc.constantFrom(...SORTS) });

const item = () =>
  fc
    .record(
      {
        key: key(),
        n: fc.integer({ min: 0, max: 1 }),
        Group: fc.constantFrom(...GROUPS),
        Owner: fc.constantFrom(...GROUPS),
        Work: fc.constantFrom(...GROUPS),
        Since: fc.constantFrom(...SORTS),
        // Without what JSON cannot say of numbers: doubles beyond DynamoDB's range and unsafe integers.
        any: fc.oneof(
          fc.string({ unit: "grapheme" }),
          fc.integer(),
          fc.boolean(),
          fc.constant(null),
          fc.array(fc.nat()),
        ),
      },
      { requiredKeys: ["key"] },
    )
    .map(({ key: { PK, SK }, ...rest }): Item => ({ PK, SK, ...rest }));

const condition = (): fc.Arbitrary<Condition> =>
  fc.oneof(
    fc.constant<Condition>({ absent: true }),
    fc.record({ equals: fc.record({ n: fc.integer({ min: 0, max: 1 }) }, { requiredKeys: [] }) }),
  );

const write = (): fc.Arbitrary<Write> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ put: item(), if: fc.option(condition(), { nil: undefined }) }) },
    fc.record({ delete: key(), if: fc.option(condition(), { nil: undefined }) }),
    fc.record({ check: key(), if: condition() }),
  );

// One write goes alone, several go as a transaction; two on one item are refused by both before they are sent.
const call = () =>
  fc.uniqueArray(write(), { minLength: 1, maxLength: 5, selector: each => keyText(subject(each)) });

const queries = () =>
  fc.array(
    fc.record({
      ofWork: fc.boolean(),
      partition: fc.constantFrom(...GROUPS, ...PARTITIONS),
      from: fc.constantFrom(undefined, ...SORTS),
      to: fc.constantFrom(undefined, ...SORTS),
      newestFirst: fc.boolean(),
      limit: fc.constantFrom(undefined, 1, 2),
    }),
    { maxLength: 4 },
  );

const send = (store: Store, writes: readonly Write[]) => {
  const [only] = writes;
  return writes.length === 1 && only !== undefined ? store.write(only) : store.transact(writes);
};

const subject = (each: Write): Key => {
  if ("put" in each) return each.put;
  return "delete" in each ? each.delete : each.check;
};

// Each run has partitions of its own, in the table and in the indexes, so that one table serves them all.
const inRun = (each: Write, at: number): Write => {
  const own = <K extends Key>(from: K): K => ({ ...from, PK: `${at}${from.PK}` });
  if ("check" in each) return { ...each, check: own(each.check) };
  if ("delete" in each) return { ...each, delete: own(each.delete) };
  const named = (["Group", "Owner", "Work"] as const).flatMap(name =>
    each.put[name] === undefined ? [] : [[name, `${at}${each.put[name]}`]],
  );
  return { ...each, put: { ...own(each.put), ...Object.fromEntries(named) } };
};

type Asked = Omit<Query, "index"> & { readonly ofWork: boolean };

const queryInRun = ({ ofWork, ...query }: Asked, at: number): Query => ({
  ...query,
  partition: `${at}${query.partition}`,
  ...(ofWork && { index: { name: "WorkIdx", partition: "Work", sort: "Since" } }),
});

/** More pages than the ten items of a run can fill. */
const PAGES_MAX = 15;

// Items with equal index keys come in an order that DynamoDB does not promise: compared by sort key, then as a set.
const readAll = async (store: Store, query: Query) => {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await store.query({ ...query, cursor });
    items.push(...found.items);
    cursor = found.cursor;
    if (cursor === undefined) break;
  }
  const sort = query.index?.sort ?? "SK";
  return { order: items.map(each => each[sort]), items: new Set(items) };
};
