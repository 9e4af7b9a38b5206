import { describe, expect, test } from "vitest";
import { livePointers } from "../../../src/ledger/live.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import { nothingToReplay } from "../../../src/replay/replay/replay.ts";
import { EpochOver } from "../../../src/replay/replay/replay-errors.ts";
import { makeBase } from "../../../src/replay/restore/base.ts";
import { haltReason, isHaltOver } from "../../../src/replay/restore/halted-for.ts";
import { planRestore, type RestoreWish } from "../../../src/replay/restore/plan.ts";
import { putMarker, restore } from "../../../src/replay/restore/restore.ts";
import { RestoreRefused, RestoreTakenOver } from "../../../src/replay/restore/restore-errors.ts";
import { takeSnapshot } from "../../../src/replay/snapshot/take-snapshot.ts";
import { DECISIONS } from "../../support/gates.ts";
import { openBank } from "../verify/bank-with-past.ts";

type Bank = ReturnType<typeof openBank>;

const wishFrom = (from: RestoreWish["from"]): RestoreWish => ({
  from,
  marginMs: 1_000,
  reason: "test",
  isInstead: false,
});

const opened = async () => {
  const bank = openBank();
  await bank.deposit("a", "700", 5);
  await bank.world.clock.sleep(10_000);
  return bank;
};

/** Two restores are planned at once; the second goes live, and the first leaves its marker all the same. */
const overtaken = async ({ world }: Bank) => {
  const wish = wishFrom({ kind: "pitr", at: isoInstant(world.clock.now() - 1_000) });
  const { ledger, table } = await world.restoring(undefined);
  const { plan } = await planRestore(ledger, table, wish);
  await restore(await world.restoring(undefined), wish);
  await expect(putMarker(ledger, { ...plan, epoch: 3, table: "daybook-000003" })).rejects.toThrow(
    /--instead/,
  );
  return wish;
};

describe("a restore that was given up", () => {
  test("is not gone on with once another epoch is live, but begun anew", async () => {
    const bank = await opened();
    const wish = await overtaken(bank);
    const error: unknown = await restore(await bank.world.restoring(undefined), wish).catch(each => each);
    expect(error).toBeInstanceOf(RestoreRefused);
    expect(String(error)).toMatch(/epoch 2 went live since .*--instead/);
    const { pointer } = await restore(await bank.world.restoring(undefined), { ...wish, isInstead: true });
    expect(pointer.epoch).toBe(4);
  });

  test("leaves a halt that the one begun instead undoes, unlike one by hand or of a restore under way", async () => {
    const { world } = await opened();
    const place = { objects: world.objects, bucket: DECISIONS };
    const halted = (epoch: number, sealed: number) => isHaltOver(place, haltReason({ epoch, sealed }));
    expect(await halted(2, 1)).toBe(false);
    await restore(
      await world.restoring(undefined),
      wishFrom({ kind: "pitr", at: isoInstant(world.clock.now()) }),
    );
    expect((await livePointers(place)).at(-1)?.epoch).toBe(2);
    // Also of one to a later epoch: what it was to end is over.
    expect([await halted(2, 1), await halted(3, 1), await halted(3, 2)]).toEqual([true, true, false]);
    expect(await isHaltOver(place, "wrong fees")).toBe(false);
  });

  test("does not put a snapshot's heads over those of the table that went live", async () => {
    const { world, deposit } = await opened();
    const taken = await takeSnapshot(await world.worker());
    if (taken.outcome !== "taken") throw new Error(taken.reason);
    const { ledger, table, tables } = await world.restoring(undefined);
    const wish = wishFrom({ kind: "snapshot", id: taken.manifest.id });
    const { plan } = await planRestore(ledger, table, wish);
    await restore(await world.restoring(undefined), wish);
    await deposit("b", "700", 5);
    const rows = (): string => JSON.stringify(world.tables.get(plan.table)?.snapshot());
    const before = rows();
    await expect(makeBase(ledger, tables, plan)).rejects.toBeInstanceOf(RestoreTakenOver);
    expect(rows()).toBe(before);
  });

  test("is no reason for a replay to say that all is repaired", async () => {
    const bank = await opened();
    const worker = await bank.world.worker();
    expect(await nothingToReplay(worker)).toBe("first");
    await overtaken(bank);
    await expect(nothingToReplay(worker)).rejects.toBeInstanceOf(EpochOver);
  });
});
