import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryStore, type StoreFault, type StoreHook } from "../../src/local/memory-store.ts";
import { parseNotification } from "../../src/tracking/notification.ts";
import type { Observation } from "../../src/tracking/observation.ts";
import { readObservations, readState, refreshState, stateWrite } from "../../src/tracking/refresh-state.ts";
import { judgedState, observedState } from "../../src/tracking/state.ts";
import { type TrackingTable, track } from "../../src/tracking/track.ts";
import { type Operation, s3Oracle } from "../support/s3-oracle.ts";
import { freshTable } from "../support/tables.ts";
import { at, current, literal, observation, rowsOf } from "./notation.ts";
import { definition, ROLES, rows } from "./tracking-rows.ts";

const RUNS = Number(process.env.RUNS ?? "1");

const inMemory = (before?: StoreHook): TrackingTable & { readonly store: MemoryStore } => ({
  store: new MemoryStore(definition, before),
  rows,
});

const outcomesOf = async (table: TrackingTable, observations: readonly Observation[]) =>
  (await track(table, observations)).map(({ outcome }) => outcome);

/** Delivers until everything is recorded, as a queue does. */
const deliver = async (table: TrackingTable, observations: readonly Observation[]) => {
  let left = observations;
  for (let deliveries = 0; left.length > 0; deliveries += 1) {
    if (deliveries === 50) throw new Error("Still failing after 50 deliveries");
    const tracked = await track(table, left);
    left = tracked.filter(({ outcome }) => outcome === "failed").map(each => each.observation);
  }
  for (let refreshes = 0; refreshes < 50; refreshes += 1)
    if ((await refreshState(table, "key", ROLES)).outcome !== "failed") return;
  throw new Error("Still failing after 50 refreshes");
};

describe("recording observations", () => {
  it("writes a row each, once, in the batch's order", async () => {
    const table = inMemory();
    expect(await outcomesOf(table, literal("D2 C1 C1"))).toEqual(["recorded", "recorded"]);
    expect(await readObservations(table, "key")).toEqual(rowsOf(literal("C1 C1 D2")));
  });

  it("counts further deliveries, copies within a batch included", async () => {
    const table = inMemory();
    await track(table, literal("C1"));
    expect(await outcomesOf(table, literal("C1 C1 D2"))).toEqual(["duplicate", "recorded"]);
    expect((await readObservations(table, "key")).map(({ duplicates }) => duplicates)).toEqual([2, 0]);
  });

  it("keeps the time of the first delivery", async () => {
    const table = inMemory();
    await track(table, literal("C1"), { receivedAt: at(50) });
    await track(table, literal("C1"), { receivedAt: at(60) });
    expect(await readObservations(table, "key")).toMatchObject([{ receivedAt: at(50), duplicates: 1 }]);
  });

  it("writes neither states nor events without meaning", async () => {
    const table = inMemory();
    const acl = observation("C~+1", { kind: "ignored", event: "ObjectAcl:Put" });
    expect(await outcomesOf(table, [acl, ...literal("C1")])).toEqual(["ignored", "recorded"]);
    expect(table.store.snapshot().map(({ SK }) => SK)).toEqual([
      `OBJECT#bucket#null#${"1".padStart(32, "0")}#C`,
    ]);
  });

  it("a picture taken again writes nothing", async () => {
    const table = inMemory();
    const picture = observation("C~+5", { source: "listing", event: "listing", eTag: "e" });
    await track(table, [picture]);
    const before = table.store.snapshot();
    expect(await outcomesOf(table, [picture, picture])).toEqual(["duplicate"]);
    expect(table.store.snapshot()).toEqual(before);
  });

  const answeredOnce = (fault: StoreFault): StoreHook => {
    let isFirst = true;
    return async call => {
      if (call.call !== "write" || !isFirst) return undefined;
      isFirst = false;
      return fault;
    };
  };

  it.each<[string, StoreFault]>([
    ["an answer that got lost", { answer: { outcome: "unknown", reason: "timeout" } }],
    ["a write that got lost", { instead: { outcome: "unknown", reason: "timeout" } }],
    ["a conflict", { instead: { outcome: "conflict", reason: "throttled" } }],
  ])("%s does not count as a duplicate", async (_name, fault) => {
    const table = inMemory(answeredOnce(fault));
    expect(await outcomesOf(table, literal("C1"))).toEqual(["recorded"]);
    expect(await readObservations(table, "key")).toEqual(rowsOf(literal("C1")));
  });

  it("a table that keeps refusing fails the observation, and only reports it", async () => {
    const table = inMemory(async call =>
      call.call === "write" ? { instead: { outcome: "conflict", reason: "throttled" } } : undefined,
    );
    expect(await track(table, literal("C1"))).toMatchObject([{ outcome: "failed", reason: "throttled" }]);
    expect(await outcomesOf(inMemory(), literal("C1"))).toEqual(["recorded"]);
  });

  it("an error of the store travels up untouched", async () => {
    const lost = new Error("network");
    const table = inMemory(async () => {
      throw lost;
    });
    await expect(track(table, literal("C1"))).rejects.toBe(lost);
  });
});

describe("refreshing a state", () => {
  it("writes what the rows tell, once", async () => {
    const table = inMemory();
    await track(table, literal("C1@v1"));
    expect(await refreshState(table, "key", ROLES)).toMatchObject({
      outcome: "written",
      state: { revision: 1 },
    });
    expect(await refreshState(table, "key", ROLES)).toMatchObject({
      outcome: "unchanged",
      state: { revision: 1 },
    });
    await track(table, literal("X2@m"));
    expect(await refreshState(table, "key", ROLES)).toMatchObject({
      outcome: "written",
      state: { revision: 2, lifecycle: "GONE" },
    });
  });

  it("of a key never seen writes nothing", async () => {
    const table = inMemory();
    expect(await refreshState(table, "key", ROLES)).toEqual({ outcome: "unknown" });
    expect(table.store.snapshot()).toEqual([]);
  });

  it.each([
    ["nothing was written before", false],
    ["a state was there", true],
  ])("keeps a judgement that is written while it runs: %s", async (_name, isWrittenBefore) => {
    const [seen] = literal("C1@v1");
    if (seen === undefined) throw new Error("Expected an observation");
    const decision = { digest: "d", outcome: "accepted", epoch: 1, decidedAt: at(9), legs: [] } as const;
    let isRaced = false;
    const table: ReturnType<typeof inMemory> = inMemory(async call => {
      if (call.call !== "query" || isRaced || !isReady) return undefined;
      isRaced = true;
      const previous = await readState(table, "key");
      const judged = judgedState({ previous, observation: seen, judgement: { decision }, roles: ROLES });
      expect(await table.store.write(stateWrite(rows, previous, judged))).toEqual({ outcome: "committed" });
      return undefined;
    });
    let isReady = false;
    await track(table, [seen]);
    if (isWrittenBefore) await refreshState(table, "key", ROLES);
    await track(table, [observation("C2@a1", { bucket: "archive" })]);
    isReady = true;
    await refreshState(table, "key", ROLES);
    expect(isRaced).toBe(true);
    expect(await readState(table, "key")).toMatchObject({ decision, lifecycle: "ARCHIVED" });
  });

  it("reads all pages of a key with many rows", async () => {
    const table = inMemory();
    const eTag = "e".repeat(1000);
    const many = Array.from({ length: 2500 }, (_, index) => observation(`C${index + 1}`, { eTag }));
    await track(table, many);
    expect(await readObservations(table, "key")).toHaveLength(2500);
    const refreshed = await refreshState(table, "key", ROLES);
    expect(refreshed.outcome === "written" && refreshed.state.buckets.bucket?.time).toBe(many.at(-1)?.time);
  });
});

const operation = fc.constantFrom<Operation>(
  { type: "put" },
  { type: "put" },
  { type: "delete" },
  { type: "expire" },
  { type: "deleteVersion", nth: 0 },
  { type: "deleteVersion", nth: 1 },
);

const observedHistory = (versioning: "off" | "enabled" | "suspended", operations: readonly Operation[]) => {
  const oracle = s3Oracle({ bucket: "bucket", key: "key", versioning, spell: [3, 141, 59] });
  for (const next of operations) oracle.apply(next);
  const read = parseNotification(JSON.stringify({ Records: oracle.notifications }));
  return { oracle, observations: read.outcome === "observations" ? read.observations : [] };
};

const fault = fc.option(
  fc.constantFrom<StoreFault>(
    { instead: { outcome: "conflict", reason: "throttled" } },
    { instead: { outcome: "unknown", reason: "timeout" } },
    { answer: { outcome: "unknown", reason: "timeout" } },
  ),
  { freq: 4, nil: undefined },
);

describe("concurrent writers", () => {
  it("converge to S3's truth, whatever their interleaving, duplicates and faults", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("off" as const, "enabled" as const, "suspended" as const),
        fc.array(operation, { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(fc.nat(2)),
        fc.infiniteStream(fault),
        fc.scheduler(),
        async (versioning, operations, writers, faults, scheduler) => {
          const { oracle, observations } = observedHistory(versioning, operations);
          const table = inMemory(async call => {
            await scheduler.schedule(Promise.resolve());
            return call.call === "write" ? faults.next().value : undefined;
          });
          const delivered = [...observations, ...observations.slice(0, 2)];
          const shares: Observation[][] = [[], [], []];
          for (const each of delivered) shares[writers.next().value ?? 0]?.push(each);
          await scheduler.waitFor(Promise.all(shares.map(share => deliver(table, share))));

          const found = await scheduler.waitFor(readObservations(table, "key"));
          const state = await scheduler.waitFor(readState(table, "key"));
          const withoutCounter = (all: typeof found) => all.map(row => ({ ...row, duplicates: 0 }));
          expect(withoutCounter(found)).toEqual(withoutCounter(rowsOf(observations)));
          const expected = observedState({ previous: undefined, key: "key", rows: found, roles: ROLES });
          expect(state && { ...state, revision: 1 }).toEqual(expected);
          expect(state?.inEventBucket ?? false).toBe(oracle.current() !== undefined);
        },
      ),
      { numRuns: 200 * RUNS },
    );
  });

  it("count every further delivery when nothing fails", async () => {
    const table = inMemory();
    await Promise.all(Array.from({ length: 5 }, () => track(table, literal("C1"))));
    expect(await readObservations(table, "key")).toMatchObject([{ duplicates: 4 }]);
  });
});

describe("on DynamoDB Local", () => {
  const pairs: readonly (readonly [string, string, string])[] = [
    ["E9", "C1 C2", "C2"],
    ["E10", "C1 D2", "none"],
    ["E1", "C1@v1 C2@v2 D3@v2", "C1@v1"],
  ];
  it("E9, E10: concurrent writers leave one answer", { timeout: 60_000 }, async () => {
    const table = { store: await freshTable(definition), rows };
    for (const [id, story, expected] of pairs) {
      const observations = literal(story, { key: id });
      await Promise.all(
        [...observations, ...observations].map(async each => {
          await track(table, [each]);
          await refreshState(table, id, ROLES);
        }),
      );
      const found = await readObservations(table, id);
      expect(found).toEqual(rowsOf([...observations, ...observations]));
      expect(current(found)).toBe(expected);
      const state = await readState(table, id);
      expect(state?.inEventBucket).toBe(expected !== "none");
      expect((await refreshState(table, id, ROLES)).outcome).toBe("unchanged");
    }
  });
});
