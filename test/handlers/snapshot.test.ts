import { expect, test } from "vitest";
import { bankTable } from "../../src/app.ts";
import { createSnapshotHandler } from "../../src/handlers/snapshot.ts";
import { MemoryStore } from "../../src/local/memory-store.ts";
import { openBank } from "../support/bank-on-this-machine.ts";

test("the scheduled function takes a snapshot and reports it; refused, it fails so that its alarm tells", async () => {
  const bank = openBank(new MemoryStore(bankTable));
  const body = { EventTimeStamp: 1_700_000_000, TargetAccount: "700", CustomerNumber: "9", Amount: "1.00" };
  await bank.put("cash_deposit_a.event", JSON.stringify({ ...body, Verified: true }));
  await bank.idle();
  const handler = createSnapshotHandler(bank.app);
  const report = await handler();
  expect(report).toEqual({
    id: expect.stringMatching(/^\d{4}-/),
    streams: 1,
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  const bucket = bank.topology.buckets.decisions;
  expect((await bank.cloud.objects.list({ bucket, prefix: "snap/" })).objects.map(({ key }) => key)).toEqual([
    `snap/${report.id.slice(0, 10)}/${report.id}/manifest.json`,
    `snap/${report.id.slice(0, 10)}/${report.id}/part-0001.ndjson.gz`,
  ]);
  await bank.cloud.objects.put({ bucket, key: "epoch/000002", body: "" });
  await expect(handler()).rejects.toThrow("a restore has begun");
  await bank.close();
});
