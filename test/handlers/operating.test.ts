import { afterEach, describe, expect, test } from "vitest";
import { bankTable } from "../../src/app.ts";
import { createIngestHandler } from "../../src/handlers/ingest.ts";
import { createOverdueHandler } from "../../src/handlers/overdue.ts";
import { createReconcileHandler } from "../../src/handlers/reconcile.ts";
import { createReplayHandler } from "../../src/handlers/replay.ts";
import { createVerifyHandler } from "../../src/handlers/verify.ts";
import { AdjustableClock } from "../../src/local/adjustable-clock.ts";
import { MemoryStore } from "../../src/local/memory-store.ts";
import { type BankOnThisMachine, openBank } from "../support/bank-on-this-machine.ts";

const LONG_MS = 900_000;
const HOUR_MS = 3_600_000;

let bank: BankOnThisMachine;
afterEach(() => bank.close());

const newMetrics = () => {
  const values: Record<string, number> = {};
  const count = (name: string, value: number): void => {
    values[name] = value;
  };
  return { values, count };
};

const deposit = (name: string) =>
  bank.put(
    `cash_deposit_${name}.event`,
    JSON.stringify({
      EventTimeStamp: 1_700_000_000,
      TargetAccount: "700",
      CustomerNumber: "9",
      Amount: "1.00",
      Verified: true,
    }),
  );

describe("what waits too long", () => {
  test("is counted as soon as it has waited for longer than people are patient", async () => {
    const clock = new AdjustableClock();
    // Decided, and nobody places.
    bank = openBank(new MemoryStore(bankTable), { clock });
    await deposit("a");
    await bank.idle();
    const metrics = newMetrics();
    const handler = createOverdueHandler(bank.app, metrics);
    expect(await handler({})).toEqual({ undecided: 0, unplaced: 0, untagged: 0 });
    clock.set(clock.now() + 7 * HOUR_MS);
    expect(await handler({})).toEqual({ undecided: 0, unplaced: 1, untagged: 0 });
    clock.set(clock.now() + 5 * 24 * HOUR_MS);
    await handler({});
    expect(metrics.values).toEqual({ UndecidedOverdue: 0, UnplacedOverdue: 1, UntaggedOverdue: 1 });
  });
});

describe("the scheduled functions", () => {
  test("find a bank that is in order in order, and count it", async () => {
    bank = openBank(new MemoryStore(bankTable), { placers: 1 });
    await deposit("a");
    await bank.idle();
    const metrics = newMetrics();
    expect(await createVerifyHandler(bank.app, metrics)()).toEqual({ decisions: 1, streams: 1, wrong: 0 });
    expect(metrics.values).toEqual({ ChainMismatch: 0 });
  });

  test("count what the table has otherwise than S3", async () => {
    const store = new MemoryStore(bankTable);
    bank = openBank(store);
    await deposit("a");
    await bank.idle();
    const { rows } = bank.app.ledger;
    const [head] = await store.get([rows.head.key({ stream: "700" })]);
    if (head === undefined) throw new Error("Expected a head");
    await store.write({ put: { ...head, hash: "0".repeat(64) } });
    const metrics = newMetrics();
    await createVerifyHandler(bank.app, metrics)();
    expect(metrics.values.ChainMismatch).toBe(1);
  });

  test("do not reconcile where nobody could be told", async () => {
    bank = openBank(new MemoryStore(bankTable));
    const handler = createReconcileHandler(bank.app, newMetrics());
    await expect(handler(() => LONG_MS)).rejects.toThrow("DAYBOOK_OBJECTS_TOPIC");
  });

  test("tell again what nobody was told of", async () => {
    const objectsTopic = "arn:aws:sns:eu-central-1:000000000000:objects";
    bank = openBank(new MemoryStore(bankTable), { config: { objectsTopic } });
    await deposit("a");
    await bank.idle();
    const metrics = newMetrics();
    const { isComplete } = await createReconcileHandler(bank.app, metrics)(() => LONG_MS);
    expect(isComplete).toBe(true);
    expect(metrics.values).toMatchObject({ ReconcileLost: 0, ReconcileUndecided: 0 });
    const stopped = await createReconcileHandler(bank.app, metrics)(() => 0);
    expect(stopped.isComplete).toBe(false);
  });

  test("have nothing to replay in the first epoch", async () => {
    bank = openBank(new MemoryStore(bankTable));
    const handler = createReplayHandler(bank.app);
    expect(await handler({ step: "list" }, () => LONG_MS)).toEqual({ pieces: [] });
  });
});

describe("rows of an inventory", () => {
  const row = (key: string, versionId: string) => ({
    Bucket: bank.topology.buckets.newEvents,
    Key: key,
    VersionId: versionId,
    IsLatest: "true",
    IsDeleteMarker: "false",
    Size: "12",
    LastModifiedDate: "2026-01-02T03:04:05.000Z",
    ETag: "0cc175b9c0f1b6a831c399e269772661",
    StorageClass: "STANDARD",
  });

  test("are taken in once, and those whose key might be encoded are left to the listing", async () => {
    bank = openBank(new MemoryStore(bankTable), { handlers: 0 });
    const handler = createIngestHandler(bank.app);
    const Items = [row("cash_deposit_a.event", "v1"), row("a+b.event", "v2"), row("a%2Bb.event", "v3")];
    expect(await handler({ Items })).toEqual({ new: 1, known: 0, failed: 0, unclear: 2 });
    expect(await handler({ Items })).toEqual({ new: 0, known: 1, failed: 0, unclear: 2 });
  });
});
