import { describe, expect, it } from "vitest";
import { readCatalogue } from "../../../src/ledger/catalogue.ts";
import { livePointers, repairedAt } from "../../../src/ledger/live.ts";
import { LIVE_REPAIR_DECISIONS_MAX, openStream, repairStream } from "../../../src/ledger/repair.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import { manifestKey } from "../../../src/replay/manifest/manifest.ts";
import { manifestLines, manifestsUpTo, readManifest } from "../../../src/replay/manifest/read-manifest.ts";
import type { RestoreWish } from "../../../src/replay/restore/plan.ts";
import { recordedRestore } from "../../../src/replay/restore/recorded.ts";
import { restore } from "../../../src/replay/restore/restore.ts";
import { STEPS } from "../../../src/replay/restore/steps.ts";
import { takeSnapshot } from "../../../src/replay/snapshot/take-snapshot.ts";
import type { Store } from "../../../src/table/store.ts";
import { DECISIONS, GATE_TABLE, rows } from "../../support/gates.ts";
import { openWorld, Trouble, type World } from "./world.ts";

const wishFor = (at: string, rest: Partial<RestoreWish> = {}): RestoreWish => ({
  from: { kind: "pitr", at },
  marginMs: 1_000,
  reason: "test",
  isInstead: false,
  ...rest,
});

/** Gates with a coin each, the newest of them a moment ago, and the instant before that. */
const open = async () => {
  const world = openWorld({ definition: GATE_TABLE, ledger: gates => gates }, 1, 0);
  const feed = async (name: string, body: object): Promise<void> => {
    const message = await world.put(`${name}.event`, JSON.stringify(body));
    expect(await world.deliver(await world.worker(), [message])).toEqual([]);
  };
  await feed("coin_a", { gate: "g1", coins: 3 });
  await world.clock.sleep(60_000);
  const at = isoInstant(world.clock.now());
  await world.clock.sleep(2_000);
  await feed("coin_b", { gate: "g2", coins: 5 });
  const place = { objects: world.objects, bucket: DECISIONS };
  return { ...world, world, feed, at, place };
};

/** A table whose indexes show nothing yet. */
const lagging = (store: Store): Store => ({
  get: keys => store.get(keys),
  write: one => store.write(one),
  transact: writes => store.transact(writes),
  putAll: items => store.putAll(items),
  query: async query => (query.index === undefined ? store.query(query) : { items: [] }),
  scan: request => store.scan(request),
});

const headOf = async (world: World, stream: string) => {
  const { store } = await world.worker();
  const [item] = await store.get([rows.head.key({ stream })]);
  return item && rows.head.read(item);
};

const everything = async (world: World): Promise<readonly string[]> => {
  const { objects } = await world.objects.list({ bucket: DECISIONS });
  return objects.map(({ key, eTag }) => `${key} ${eTag}`);
};

describe("a restore", () => {
  it("leaves ready what has no decision since the margin, and gates the rest", async () => {
    const { world, at, feed, restoring } = await open();
    const done = await restore(await restoring(undefined), wishFor(at));
    expect(done).toMatchObject({ gated: 1, catalogued: 1, pointer: { epoch: 2, table: "daybook-000002" } });
    const ledger = await world.worker();
    expect(await openStream(ledger, "g1")).toMatchObject({ outcome: "whole" });
    await feed("push_c", { gate: "g1" });
    expect(await headOf(world, "g1")).toMatchObject({ sequence: 2, epoch: 2, state: { coins: 2 } });
    expect(await headOf(world, "g2")).toBeUndefined();
    await feed("push_d", { gate: "g2" });
    expect(await headOf(world, "g2")).toMatchObject({ sequence: 2, epoch: 2, state: { coins: 4 } });
    expect(await repairStream(ledger, "g2")).toMatchObject({ outcome: "repaired", decisions: 1 });
    expect(await readCatalogue(ledger, "g2")).toBeUndefined();
    expect(await repairStream(ledger, "g2")).toMatchObject({ outcome: "whole" });
    expect(await repairedAt({ objects: world.objects, bucket: DECISIONS }, 2)).toBeUndefined();
  });

  it.each(STEPS)("killed at %s and started again ends with the same manifest and pointer", async step => {
    const { world, at, restoring, place } = await open();
    const onStep = (now: string): void => {
      if (now === step) throw new Trouble(step);
    };
    await expect(restore(await restoring(undefined, onStep), wishFor(at))).rejects.toBeInstanceOf(Trouble);
    const before = await readManifest(place, 2);
    if (step === "resume") {
      expect((await livePointers(place)).map(({ epoch }) => epoch)).toEqual([2]);
      return;
    }
    const done = await restore(await restoring(undefined), wishFor(at));
    expect(done.gated).toBe(1);
    if (before) expect(await readManifest(place, 2)).toEqual(before);
    expect(await livePointers(place)).toEqual([done.pointer]);
    expect((await world.worker()).epoch).toBe(2);
  });

  it("to something else is refused while one is unfinished, unless it is to come instead", async () => {
    const { world, at, restoring } = await open();
    const onStep = (now: string): void => {
      if (now === "collect") throw new Trouble(now);
    };
    await expect(restore(await restoring(undefined, onStep), wishFor(at))).rejects.toBeInstanceOf(Trouble);
    const other = isoInstant(Date.parse(at) - 10_000);
    const found = await everything(world);
    await expect(restore(await restoring(undefined), wishFor(other))).rejects.toThrow("--instead");
    expect(await everything(world)).toEqual(found);
    const done = await restore(await restoring(undefined), wishFor(other, { isInstead: true }));
    expect(done.pointer).toMatchObject({ epoch: 3, table: "daybook-000003" });
    const { sealed, decisions } =
      (await readManifest({ objects: world.objects, bucket: DECISIONS }, 3)) ?? {};
    expect({ sealed, decisions }).toEqual({ sealed: 1, decisions: 2 });
  });

  it("of two at once one says that the other runs", async () => {
    const { at, restoring } = await open();
    const both = await Promise.allSettled([
      recordedRestore(await restoring(undefined), wishFor(at), { isTakeOver: false }),
      recordedRestore(await restoring(undefined), wishFor(at), { isTakeOver: false }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const [loser] = both.flatMap(each => (each.status === "rejected" ? [each.reason] : []));
    expect(String(loser)).toContain("Another restore runs");
  });

  it("from a snapshot goes on from its heads, and S3 fills in the rest", async () => {
    const { world, feed, restoring } = await open();
    const taken = await takeSnapshot(await world.worker());
    if (taken.outcome !== "taken") throw new Error(taken.reason);
    await feed("push_c", { gate: "g1" });
    const wish = { ...wishFor(""), from: { kind: "snapshot", id: taken.manifest.id } as const };
    const done = await restore(await restoring(undefined), wish);
    expect(done).toMatchObject({ gated: 2, catalogued: 3 });
    expect(await headOf(world, "g1")).toMatchObject({ sequence: 1, epoch: 1 });
    await feed("push_d", { gate: "g1" });
    expect(await headOf(world, "g1")).toMatchObject({ sequence: 3, epoch: 2, state: { coins: 1 } });
    for (const stream of ["g1", "g2"]) await world.repair(stream);
    const lines = await (await world.worker()).store.query({ partition: "g1", from: "TURN#", to: "TURN#~" });
    expect(lines.items).toHaveLength(3);
  });

  it("from a snapshot needs no index of heads, which lags behind what was put just now", async () => {
    const { world, restoring } = await open();
    const taken = await takeSnapshot(await world.worker());
    if (taken.outcome !== "taken") throw new Error(taken.reason);
    const wish = { ...wishFor(""), from: { kind: "snapshot", id: taken.manifest.id } as const };
    const parts = await restoring(undefined);
    const create = async (name: string): Promise<Store> => lagging(await parts.tables.create(name));
    const done = await restore({ ...parts, tables: { ...parts.tables, create } }, wish);
    expect(done).toMatchObject({ gated: 2, catalogued: 2 });
    for (const stream of ["g1", "g2"]) {
      await world.repair(stream);
      expect(await headOf(world, stream)).toMatchObject({ epoch: 2 });
    }
  });

  it("refuses an instant outside the window and a damaged manifest, and changes nothing", async () => {
    const { world, at, restoring, place } = await open();
    await restore(await restoring(undefined), wishFor(at));
    await world.clock.sleep(5_000);
    const [manifest] = await manifestsUpTo(place, 2);
    const key = manifest?.parts[0]?.key ?? "";
    await world.objects.put({ bucket: DECISIONS, key, body: "other" });
    const found = await everything(world);
    const now = isoInstant(world.clock.now());
    await expect(restore(await restoring(undefined), wishFor(now))).rejects.toThrow("another SHA-256");
    await world.objects.delete({ bucket: DECISIONS, key: manifestKey(2) });
    await expect(restore(await restoring(undefined), wishFor(now))).rejects.toThrow("is missing");
    const born = "2001-01-01T00:00:00.000Z";
    expect(await everything(world)).toEqual(found.filter(each => !each.startsWith(manifestKey(2))));
    const fresh = await open();
    for (const instant of [born, isoInstant(fresh.clock.now() + 60_000)]) {
      const before = await everything(fresh.world);
      await expect(restore(await fresh.restoring(undefined), wishFor(instant))).rejects.toThrow(
        /was not there before|in the future/,
      );
      expect(await everything(fresh.world)).toEqual(before);
    }
  });

  it("tells a head that no manifest lists, and moves nothing", async () => {
    const { world, at, restoring } = await open();
    const store = world.storeOf("daybook");
    const [item] = await store.get([rows.head.key({ stream: "g1" })]);
    if (item === undefined) throw new Error("Expected a head");
    // As if two more decisions had been made, of which nobody knows.
    await store.write({ put: { ...item, sequence: 3, hash: "f".repeat(64) } });
    await world.clock.sleep(2_000);
    const now = isoInstant(world.clock.now());
    await expect(restore(await restoring(undefined), wishFor(now))).rejects.toThrow("g1 stands at 3");
    expect(at < now).toBe(true);
    expect((await world.worker()).epoch).toBe(1);
  });
});

describe("a manifest", () => {
  it("is read as it was written", async () => {
    const { at, restoring, place } = await open();
    const { manifest } = await restore(await restoring(undefined), wishFor(at));
    const [sealed] = await manifestsUpTo(place, 2);
    if (sealed === undefined) throw new Error("Expected a manifest");
    const lines = await Array.fromAsync(manifestLines(place, sealed));
    expect(lines.map(({ name }) => name)).toEqual(["dec/000001/coin_a.event", "dec/000001/coin_b.event"]);
    expect(manifest).toMatchObject({ decisions: 2, void: [] });
    expect(LIVE_REPAIR_DECISIONS_MAX).toBeGreaterThan(1);
  });
});
