import { describe, expect, it } from "vitest";
import { projectBatch } from "../../../src/ledger/project.ts";
import { MemoryStore, type StoreFault, type StoreHook } from "../../../src/local/memory-store.ts";
import { parseNotification } from "../../../src/tracking/notification.ts";
import { parsePatch } from "../../../src/tracking/query/json-patch.ts";
import { patchAttributes } from "../../../src/tracking/query/patch-attributes.ts";
import { readState, refreshState } from "../../../src/tracking/refresh-state.ts";
import { track } from "../../../src/tracking/track.ts";
import { GATE_TABLE, openGates } from "../../support/gates.ts";
import { freshTable } from "../../support/tables.ts";
import { observation } from "../notation.ts";
import { definition, ROLES, rows } from "../tracking-rows.ts";
import { putStates, stateOf } from "./states.ts";

const adding = (value: unknown) => parsePatch(JSON.stringify([{ op: "add", path: "/list/-", value }]));
const red = parsePatch('[{"op":"add","path":"/team","value":"red"}]');

const inMemory = (hook?: StoreHook) => ({ store: new MemoryStore(definition, hook), rows });

describe("patching", () => {
  it("changes the attributes and the revision, and nothing else", async () => {
    const table = inMemory();
    const state = stateOf("key", { attributes: { n: 1 } });
    await putStates(table.store, [state]);
    expect(await patchAttributes(table, "key", red)).toEqual({
      outcome: "patched",
      attributes: { n: 1, team: "red" },
    });
    expect(await readState(table, "key")).toEqual({
      ...state,
      attributes: { n: 1, team: "red" },
      revision: 2,
    });
    expect(await patchAttributes(table, "key", red)).toMatchObject({ outcome: "unchanged" });
    const cleared = await patchAttributes(table, "key", parsePatch('[{"op":"remove","path":""}]'));
    expect(cleared).toEqual({ outcome: "patched", attributes: {} });
    const { attributes: _, ...rest } = state;
    expect(await readState(table, "key")).toEqual({ ...rest, revision: 3 });
  });

  it("comes back from DynamoDB as it went in", async () => {
    const table = { store: await freshTable(definition), rows };
    await putStates(table.store, [stateOf("key")]);
    const attributes = {
      empty: {},
      list: [[], null, true, -0.25, 9_007_199_254_740_991, 1e-7],
      "né.w ~/": "\u{1F600}",
      text: "",
    };
    const patch = parsePatch(JSON.stringify([{ op: "add", path: "", value: attributes }]));
    expect(await patchAttributes(table, "key", patch)).toMatchObject({ outcome: "patched" });
    expect((await readState(table, "key"))?.attributes).toEqual(attributes);
    expect(await patchAttributes(table, "key", patch)).toMatchObject({ outcome: "unchanged" });
  });

  it("refuses what does not fit, and leaves the row alone", async () => {
    const table = inMemory();
    await putStates(table.store, [stateOf("key")]);
    const before = table.store.snapshot();
    expect(await patchAttributes(table, "key", adding(1))).toMatchObject({ outcome: "refused" });
    expect(await patchAttributes(table, "other", red)).toEqual({ outcome: "unknown" });
    expect(await patchAttributes(table, "key", red, () => false)).toEqual({ outcome: "unwanted" });
    expect(table.store.snapshot()).toEqual(before);
  });

  it("of many at once is done once each", async () => {
    const table = inMemory();
    await putStates(table.store, [stateOf("key", { attributes: { list: [] } })]);
    const outcomes = await Promise.all(
      [0, 1, 2, 3, 4, 5, 6, 7].map(value => patchAttributes(table, "key", adding(value))),
    );
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(Array(8).fill("patched"));
    const { list = [] } = ((await readState(table, "key"))?.attributes ?? {}) as { list?: number[] };
    expect(list.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  const faultOnce = (fault: StoreFault): StoreHook => {
    let writes = 0;
    return async ({ call }) => {
      if (call !== "write") return undefined;
      writes += 1;
      // The first puts the state that is patched.
      return writes === 2 ? fault : undefined;
    };
  };

  it.each<[string, StoreFault]>([
    ["an answer that got lost", { answer: { outcome: "unknown", reason: "timeout" } }],
    ["a write that got lost", { instead: { outcome: "unknown", reason: "timeout" } }],
    ["a conflict", { instead: { outcome: "conflict", reason: "throttled" } }],
  ])("after %s is done once", async (_name, fault) => {
    const table = inMemory(faultOnce(fault));
    await putStates(table.store, [stateOf("key", { attributes: { list: [] } })]);
    expect(await patchAttributes(table, "key", adding(1))).toMatchObject({ outcome: "patched" });
    expect((await readState(table, "key"))?.attributes).toEqual({ list: [1] });
  });

  it("does not guess what became of a lost answer once another patch is in the way", async () => {
    let writes = 0;
    const other = stateOf("key", { attributes: { list: [7] }, revision: 3 });
    const table = inMemory(async ({ call }) => {
      if (call === "write") writes += 1;
      if (call === "write" && writes === 2) return { answer: { outcome: "unknown", reason: "timeout" } };
      if (call === "get" && writes === 2) await putStates(table.store, [other]);
      return undefined;
    });
    await putStates(table.store, [stateOf("key", { attributes: { list: [] } })]);
    const outcome = await patchAttributes(table, "key", adding(1));
    expect(outcome).toEqual({ outcome: "failed", reason: "timeout; it may have been done" });
    expect(await readState(table, "key")).toEqual(other);
  });

  it("gives up on a table that keeps refusing", async () => {
    let writes = 0;
    const table = inMemory(async ({ call }) => {
      if (call !== "write") return undefined;
      writes += 1;
      return writes === 1 ? undefined : { instead: { outcome: "conflict", reason: "throttled" } };
    });
    await putStates(table.store, [stateOf("key")]);
    expect(await patchAttributes(table, "key", red)).toEqual({ outcome: "failed", reason: "throttled" });
  });
});

describe("attributes", () => {
  it("follow a key through the buckets, and through its end", async () => {
    const table = inMemory();
    const seen = async (token: string, bucket: string) => {
      await track(table, [observation(token, { bucket })]);
      await refreshState(table, "key", ROLES);
      return await readState(table, "key");
    };
    await seen("C1@v1", "bucket");
    await patchAttributes(table, "key", red);
    expect(await seen("C2@a1", "archive")).toMatchObject({ lifecycle: "ARCHIVED", attributes });
    expect(await seen("X3@m", "bucket")).toMatchObject({ lifecycle: "ARCHIVED", attributes });
    expect(await seen("X4@m", "archive")).toMatchObject({ lifecycle: "GONE", attributes });
  });

  const attributes = { team: "red" };
  const open = (hook?: StoreHook) => {
    const gates = openGates(new MemoryStore(GATE_TABLE, hook));
    const project = async (body: string) => {
      expect((await projectBatch(gates.ledger, [{ id: "1", body }], () => 60_000)).size).toBe(0);
    };
    return { ...gates, project, patch: (key: string) => patchAttributes(gates.ledger, key, red) };
  };

  it("are kept when a follow-up is parked, released and decided", async () => {
    const { ledger, put, project, patch } = open();
    await project(await put("return_a", {}));
    expect(await patch("return_a.event")).toMatchObject({ outcome: "patched" });
    expect(await readState(ledger, "return_a.event")).toMatchObject({ lifecycle: "PARKED", attributes });
    await project(await put("coin_a", { gate: "g1", coins: 3 }));
    expect(await readState(ledger, "return_a.event")).toMatchObject({ lifecycle: "ACCEPTED", attributes });
  });

  it("are kept by a commit that they came in the way of", async () => {
    let isPatched = false;
    const { ledger, put, project, patch } = open(async ({ call }) => {
      const key = "coin_a.event";
      if (call !== "transact" || isPatched || (await readState(ledger, key)) === undefined) return undefined;
      isPatched = true;
      await patch(key);
      return undefined;
    });
    const body = await put("coin_a", { gate: "g1", coins: 3 });
    const parsed = parseNotification(body);
    const [seen] = parsed.outcome === "observations" ? parsed.observations : [];
    if (seen === undefined) throw new Error("Expected a notification of the request");
    await track(ledger, [seen]);
    await refreshState(ledger, seen.key, ledger.roles);
    await project(body);
    expect(isPatched).toBe(true);
    expect(await readState(ledger, seen.key)).toMatchObject({ lifecycle: "ACCEPTED", attributes });
  });
});
