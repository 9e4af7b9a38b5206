import { expect, test } from "vitest";
import { MemoryStore, type StoreCall, type StoreFault } from "../../src/local/memory-store.ts";
import type { WriteOutcome } from "../../src/table/store.ts";

const table = { indexes: [{ name: "WorkIdx", partition: "Work", sort: "Since" }] };
const item = { PK: "a", SK: "1", Work: "todo", Since: "1", inner: { n: 1 } };
const lost: WriteOutcome = { outcome: "unknown", reason: "lost" };

test("shows each call to the hook before it happens, and happens or not as the hook says", async () => {
  const calls: StoreCall["call"][] = [];
  const faults: (StoreFault | undefined)[] = [{ instead: lost }, { answer: lost }, undefined, undefined];
  const store = new MemoryStore(table, async ({ call }) => {
    calls.push(call);
    return call === "write" || call === "transact" ? faults.shift() : undefined;
  });
  expect(await store.write({ put: item })).toEqual(lost);
  expect(await store.get([item])).toEqual([undefined]);
  expect(await store.transact([{ put: item }])).toEqual(lost);
  expect(await store.get([item])).toEqual([item]);
  const again = [{ put: { ...item, inner: 2 }, if: { absent: true } }] as const;
  expect(await store.transact(again)).toEqual({ outcome: "refused", failed: [0] });
  await store.query({ partition: "a" });
  await store.scan({ segment: 0, segments: 1 });
  expect(calls).toEqual(["write", "get", "transact", "get", "transact", "query", "scan"]);
});

test("puts many in requests of 25, each of which the hook may spoil", async () => {
  const items = Array.from({ length: 60 }, (_, at) => ({ PK: "a", SK: `${at}` }));
  const sizes: number[] = [];
  const store = new MemoryStore(table, async call => {
    if (call.call !== "putAll") return undefined;
    sizes.push(call.writes.length);
    return sizes.length === 2 ? { answer: lost } : undefined;
  });
  expect(await store.putAll(items)).toEqual(lost);
  expect((await store.query({ partition: "a" })).items).toHaveLength(50);
  expect(await store.putAll(items)).toEqual({ outcome: "committed" });
  expect(sizes).toEqual([25, 25, 25, 25, 10]);
});

test("judges conditions after the hook let the call go on", async () => {
  let go: () => void = () => {};
  const gate = new Promise<undefined>(resolve => {
    go = () => resolve(undefined);
  });
  const store = new MemoryStore(table, async call =>
    call.call === "write" && call.writes.some(write => write.if !== undefined) ? await gate : undefined,
  );
  const late = store.write({ put: item, if: { absent: true } });
  await store.write({ put: item });
  go();
  expect(await late).toEqual({ outcome: "refused", failed: [0] });
});

test("comes back from a snapshot as it was, indexes included", async () => {
  const store = new MemoryStore(table);
  await store.write({ put: item });
  const snapshot = store.snapshot();
  await store.write({ delete: item });
  await store.write({ put: { PK: "b", SK: "1", Work: "todo", Since: "2" } });
  store.restore(snapshot);
  const work = { index: { name: "WorkIdx", partition: "Work", sort: "Since" }, partition: "todo" };
  expect((await store.query(work)).items).toEqual([item]);
  expect(store.snapshot()).toEqual(snapshot);
});

test("hands out items that cannot be changed", async () => {
  const store = new MemoryStore(table);
  await store.write({ put: item });
  const [found] = await store.get([item]);
  expect(Object.isFrozen(found) && Object.isFrozen(found?.inner)).toBe(true);
});
