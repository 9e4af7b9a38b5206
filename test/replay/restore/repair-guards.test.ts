import { describe, expect, it } from "vitest";
import { nameOfRecord } from "../../../src/ledger/publish.ts";
import { parseRecord } from "../../../src/ledger/record.ts";
import { repairStream } from "../../../src/ledger/repair.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import { manifestLines, manifestsUpTo } from "../../../src/replay/manifest/read-manifest.ts";
import { restore } from "../../../src/replay/restore/restore.ts";
import { verifyDecisions } from "../../../src/replay/verify/verify-decisions.ts";
import { DECISIONS, GATE_TABLE, rows } from "../../support/gates.ts";
import { openWorld, Trouble, type World } from "./world.ts";

/** Of the margin that reaches the first decision, and of one that does not. */
const [WIDE_MS, NARROW_MS] = [120_000, 1_000];

/** A gate with a coin, an instant, and two pushes since. */
const open = async () => {
  const world = openWorld({ definition: GATE_TABLE, ledger: gates => gates }, 1, 0);
  await feed(world, "coin_a", { gate: "g1", coins: 5 });
  await world.clock.sleep(60_000);
  const at = isoInstant(world.clock.now());
  await world.clock.sleep(2_000);
  await feed(world, "push_b", { gate: "g1" });
  await feed(world, "push_c", { gate: "g1" });
  return { world, at };
};

const feed = async (world: World, name: string, body: object): Promise<string> => {
  const message = await world.put(`${name}.event`, JSON.stringify(body));
  expect(await world.deliver(await world.worker(), [message])).toEqual([]);
  return message;
};

const restoreTo = async (world: World, at: string, marginMs: number) =>
  restore(await world.restoring(undefined), {
    from: { kind: "pitr", at },
    marginMs,
    reason: "test",
    isInstead: false,
  });

const headOf = async (world: World, stream = "g1") => {
  const { store } = await world.worker();
  const [item] = await store.get([rows.head.key({ stream })]);
  return item && rows.head.read(item);
};

const expectEqual = async (world: World): Promise<void> => {
  const { faults, differences } = await verifyDecisions(await world.worker());
  expect({ faults, differences }).toEqual({ faults: [], differences: [] });
};

describe("a repair refuses a head off the chain, and moves nothing", () => {
  it.each([
    ["among the catalogued decisions", WIDE_MS, 1, "has another decision at 1 than was sealed"],
    ["before them", NARROW_MS, 1, "cannot go on from 1 to 2"],
    ["behind the last of them", NARROW_MS, 4, "stands at 4, beyond what was sealed"],
    ["at the last of them", NARROW_MS, 3, "has another decision at 3 than was sealed"],
  ])("%s", async (_, marginMs, sequence, why) => {
    const { world, at } = await open();
    await restoreTo(world, at, marginMs);
    const ledger = await world.worker();
    const [item] = await ledger.store.get([rows.head.key({ stream: "g1" })]);
    if (item === undefined) throw new Error("Expected the head of g1");
    await ledger.store.write({ put: { ...item, sequence, hash: "f".repeat(64) } });
    const before = world.storeOf(ledger.table).snapshot();
    await expect(repairStream(ledger, "g1")).rejects.toThrow(why);
    expect(world.storeOf(ledger.table).snapshot()).toEqual(before);
    // Nor does a worker judge on it.
    const message = await world.put("push_d.event", JSON.stringify({ gate: "g1" }));
    expect(await world.deliver(ledger, [message])).toEqual([message]);
    expect(
      world
        .storeOf(ledger.table)
        .snapshot()
        .filter(each => each.PK === "g1"),
    ).toEqual(before.filter(each => each.PK === "g1"));
  });
});

describe("a head of an older epoch", () => {
  it("is not judged on before its stream is repaired", async () => {
    const { world, at } = await open();
    await restoreTo(world, at, NARROW_MS);
    expect(await headOf(world)).toMatchObject({ sequence: 1, epoch: 1, state: { coins: 5 } });
    await feed(world, "push_d", { gate: "g1" });
    expect(await headOf(world)).toMatchObject({ sequence: 4, epoch: 2, state: { coins: 2, pushes: 3 } });
    await world.repair("g1");
    await expectEqual(world);
  });

  it("is brought to the end of its chain by a repair", async () => {
    const { world, at } = await open();
    await restoreTo(world, at, NARROW_MS);
    expect(await repairStream(await world.worker(), "g1")).toMatchObject({ outcome: "repaired" });
    expect(await headOf(world)).toMatchObject({ sequence: 3, epoch: 2, state: { coins: 3, pushes: 2 } });
    await expectEqual(world);
  });
});

describe("a decision that was committed and never published", () => {
  it("survives where its head does: it is published, sealed, and not made again", async () => {
    const { world } = await open();
    const message = await world.put("push_s.event", JSON.stringify({ gate: "g1" }));
    const worker = await world.worker();
    const objects = new Proxy(worker.objects, {
      get: (real, name) => {
        const member = Reflect.get(real, name, real);
        if (name !== "put") return typeof member === "function" ? member.bind(real) : member;
        return async () => {
          throw new Trouble("killed");
        };
      },
    });
    expect(await world.deliver({ ...worker, objects }, [message])).toEqual([message]);
    const survivor = await headOf(world);
    expect(survivor).toMatchObject({ sequence: 4, epoch: 1 });
    const name = nameOfRecord(parseRecord(survivor?.last ?? "", "the head"));
    expect(await world.objects.head({ bucket: DECISIONS, key: name })).toBeUndefined();

    await world.clock.sleep(2_000);
    await restoreTo(world, isoInstant(world.clock.now()), NARROW_MS);
    const place = { objects: world.objects, bucket: DECISIONS };
    const [manifest] = await manifestsUpTo(place, 2);
    if (manifest === undefined) throw new Error("Expected a manifest");
    const names = (await Array.fromAsync(manifestLines(place, manifest))).map(line => line.name);
    expect(names).toContain(name);
    expect(names).toHaveLength(4);
    // Its message comes again, as nobody acknowledged it.
    expect(await world.deliver(await world.worker(), [message])).toEqual([]);
    expect(await headOf(world)).toMatchObject({ sequence: 4, hash: survivor?.hash });
    const { objects: anew } = await world.objects.list({ bucket: DECISIONS, prefix: "dec/000002/" });
    expect(anew).toEqual([]);
    await world.repair("g1");
    await expectEqual(world);
  });
});
