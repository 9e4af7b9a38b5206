import { describe, expect, it } from "vitest";
import { readCatalogue } from "../../src/ledger/catalogue.ts";
import { repairStream } from "../../src/ledger/repair.ts";
import { isoInstant } from "../../src/ports/clock.ts";
import type { RestoreWish } from "../../src/replay/restore/plan.ts";
import { type Restoring, restore } from "../../src/replay/restore/restore.ts";
import { checkHeads } from "../../src/replay/restore/survivors.ts";
import type { Store, Write } from "../../src/table/store.ts";
import { openWorld, type World } from "../replay/restore/world.ts";
import { GATE_TABLE, rows } from "../support/gates.ts";

// Two restores at once, as seeds of the simulation found them: the one that was slow must not undo the other.

const open = async () => {
  const world = openWorld({ definition: GATE_TABLE, ledger: gates => gates }, 1, 0);
  const feed = async (name: string, body: object): Promise<void> => {
    const message = await world.put(`${name}.event`, JSON.stringify(body));
    expect(await world.deliver(await world.worker(), [message])).toEqual([]);
  };
  await feed("coin_a", { gate: "g1", coins: 3 });
  await world.clock.sleep(60_000);
  const wish: RestoreWish = {
    from: { kind: "pitr", at: isoInstant(world.clock.now()) },
    ...{ marginMs: 1_000, reason: "test", isInstead: false },
  };
  await world.clock.sleep(2_000);
  return { world, feed, wish };
};

/** A restore that has looked at everything, and waits while `meanwhile` happens. */
const slowly = async (world: World, meanwhile: () => Promise<void>): Promise<Restoring> => {
  const restoring = await world.restoring(undefined);
  return { ...restoring, consumers: { ...restoring.consumers, halt: meanwhile } };
};

const headOf = async (world: World, stream: string) => {
  const { store } = await world.worker();
  const [item] = await store.get([rows.head.key({ stream })]);
  return item && rows.head.read(item);
};

const stateOf = async (world: World, key: string) => {
  const { store } = await world.worker();
  const [item] = await store.get([rows.state.key({ key })]);
  return item && rows.state.read(item);
};

describe("a restore that another one has overtaken", () => {
  it("gives up where the same one was completed, and leaves the live table alone", async () => {
    const { world, feed, wish } = await open();
    const slow = await slowly(world, async () => {
      await restore(await world.restoring(undefined), wish);
      await feed("push_b", { gate: "g1" });
    });
    await expect(restore(slow, wish)).rejects.toThrow("completed by another process");
    expect(await headOf(world, "g1")).toMatchObject({ sequence: 2, epoch: 2, state: { coins: 2 } });
  });

  it("is refused where what it would seal is over, so that nothing that was told is lost", async () => {
    const { world, feed, wish } = await open();
    const slow = await slowly(world, async () => {
      await restore(await world.restoring(undefined), wish);
      await feed("push_b", { gate: "g1" });
    });
    const other: RestoreWish = {
      ...wish,
      from: { kind: "pitr", at: isoInstant(world.clock.now() - 30_000) },
      isInstead: true,
    };
    // A marker stands, so that the slow one begins the epoch after the next.
    const cutOff = await world.restoring(undefined, step => {
      if (step === "base") throw new Error("switched off");
    });
    await expect(restore(cutOff, wish)).rejects.toThrow("switched off");
    await expect(restore(slow, other)).rejects.toThrow("completed after this one was planned");
    expect(await headOf(world, "g1")).toMatchObject({ sequence: 2, epoch: 2, state: { coins: 2 } });
  });

  it.each(["catalogue", "state"])("brings no %s back to a table that is live", async kind => {
    const { world, feed, wish: near } = await open();
    // The base lacks a row, as a torn one may.
    await (await world.worker()).store.write({ delete: rows.state.key({ key: "coin_a.event" }) });
    const from = { kind: "pitr", at: isoInstant(world.clock.now() + 1_000) } as const;
    const wish: RestoreWish = { ...near, from, marginMs: 120_000 };
    await world.clock.sleep(2_000);
    let isMet = false;
    const meanwhile = async (): Promise<void> => {
      isMet = true;
      await restore(await world.restoring(undefined), wish);
      await feed("push_b", { gate: "g1" });
      const ledger = await world.worker();
      await repairStream(ledger, "g1");
      const state = await stateOf(world, "coin_a.event");
      if (state) await ledger.store.write({ put: rows.state.item({ ...state, revision: 7 }) });
    };
    const restoring = await world.restoring(undefined);
    const late = (store: Store): Store => {
      const orMeanwhile = async (writes: readonly Write[]): Promise<void> => {
        const isIt = writes.some(write => "put" in write && write.put.__edb_e__ === kind);
        if (isIt && !isMet) await meanwhile();
      };
      return {
        get: keys => store.get(keys),
        query: query => store.query(query),
        scan: request => store.scan(request),
        write: write => orMeanwhile([write]).then(() => store.write(write)),
        transact: writes => orMeanwhile(writes).then(() => store.transact(writes)),
        putAll: items => orMeanwhile(items.map(put => ({ put }))).then(() => store.putAll(items)),
      };
    };
    const tables = {
      ...restoring.tables,
      open: async (name: string) => late(await restoring.tables.open(name)),
    };
    const end = await restore({ ...restoring, tables }, wish).catch((error: Error) => error.name);
    if (kind === "catalogue") expect(end).toBe("RestoreTakenOver");
    expect(isMet).toBe(true);
    const ledger = await world.worker();
    expect(await readCatalogue(ledger, "g1")).toBeUndefined();
    expect(await stateOf(world, "coin_a.event")).toMatchObject({ revision: 7, decision: { epoch: 1 } });
    expect(await headOf(world, "g1")).toMatchObject({ sequence: 2, epoch: 2, state: { coins: 2 } });
  });

  it("takes no head back that is of the new epoch", async () => {
    const { world, wish } = await open();
    await restore(await world.restoring(undefined), wish);
    const ledger = await world.worker();
    const head = { sequence: 7, hash: "f", prevHash: "e", epoch: 2, parkedCount: 0, open: [] };
    await expect(
      checkHeads(ledger, new Map([["g1", head]]), { streams: new Map(), lines: new Map() }),
    ).rejects.toThrow("completed by another process");
  });
});
