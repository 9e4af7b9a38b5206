import type { SQSEvent } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { bankTable, tableRows } from "../../src/app.ts";
import { createProjectHandler } from "../../src/handlers/project.ts";
import { sqsEvent } from "../../src/local/lambda/sqs-event.ts";
import { MemoryStore, type StoreFault } from "../../src/local/memory-store.ts";
import { receiveMessages } from "../../src/local/sqs/sqs.ts";
import { openBank } from "../support/bank-on-this-machine.ts";

const AT = Math.floor(Date.now() / 1000) - 1_000;
const incoming = (fields: object = {}) =>
  JSON.stringify({ EventTimeStamp: AT, TargetAccount: "100010", Amount: "1.00", ...fields });

const envelope = (message: string): string =>
  JSON.stringify({
    Type: "Notification",
    MessageId: "m",
    TopicArn: "arn:aws:sns:eu-central-1:000000000000:objects",
    Subject: "Amazon S3 Notification",
    Message: message,
    Timestamp: "2026-05-06T22:44:22.000Z",
  });

/** A bank nobody polls for: the test takes the messages itself and calls the function. */
const open = async () => {
  const table: { written: number; fault?: StoreFault | undefined } = { written: 0 };
  const store = new MemoryStore(bankTable, async call => {
    if (!("writes" in call)) return undefined;
    table.written += call.writes.filter(write => !("check" in write)).length;
    return call.call === "transact" ? table.fault : undefined;
  });
  const bank = openBank(store, { handlers: 0 });
  const queue = bank.topology.queues.project;
  const take = (): SQSEvent => sqsEvent(queue.arn, receiveMessages(bank.cloud.sqs, queue.name, { max: 10 }));
  const handler = createProjectHandler(bank.app);
  while (take().Records.length > 0); // The test events of the buckets' configurations.
  const stateOf = async (key: string) => {
    const [item] = await store.get([tableRows.state.key({ key })]);
    return item && tableRows.state.read(item);
  };
  const opening = { TargetAccount: "100010", CustomerNumber: "1", Amount: "1.00", Verified: true };
  await bank.put("cash_deposit_open.event", JSON.stringify({ EventTimeStamp: AT, ...opening }));
  await handler(take());
  return { ...bank, table, take, handler, stateOf };
};

describe("one batch of ten messages", () => {
  it("accepts five, refuses four with their codes and keeps them, acknowledges the test event, returns none", async () => {
    const bank = await open();
    const puts: Record<string, string> = {
      "incoming_payment_bad1.event": "this is no JSON",
      "loan_bad2.event": incoming(),
      "incoming_payment_bad3.event": incoming({ Reference: "x".repeat(70_000) }),
      "incoming_payment_bad4.event": incoming().replace("{", '{"Amount":"9.00",'),
      ...Object.fromEntries([1, 2, 3, 4, 5].map(n => [`incoming_payment_good${n}.event`, incoming()])),
    };
    for (const [key, body] of Object.entries(puts)) await bank.put(key, body);
    const event = bank.take();
    const [first, ...rest] = event.Records;
    if (first === undefined || rest.length !== 8)
      throw new Error(`Expected nine messages, got ${event.Records.length}`);
    const last = rest[7];
    if (last === undefined) throw new Error("Expected a ninth message");
    last.body = envelope(last.body);
    const test = {
      ...first,
      messageId: "test",
      body: JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent" }),
    };

    expect(await bank.handler({ Records: [...event.Records, test] })).toEqual({ batchItemFailures: [] });

    const codes = async (keys: readonly string[]) =>
      Promise.all(
        keys
          .map(async key => (await bank.stateOf(key))?.decision)
          .map(async each => (await each)?.code ?? (await each)?.outcome),
      );
    expect(await codes(Object.keys(puts))).toEqual([
      "MALFORMED_JSON",
      "UNKNOWN_EVENT_TYPE",
      "OBJECT_TOO_LARGE",
      "DUPLICATE_JSON_KEY",
      ...Array(5).fill("accepted"),
    ]);
    for (const [key, body] of Object.entries(puts)) {
      const kept = await bank.cloud.objects.get({ bucket: bank.topology.buckets.newEvents, key });
      expect(Buffer.from(kept?.body ?? []).toString()).toBe(body);
    }
    const published = await bank.cloud.objects.list({
      bucket: bank.topology.buckets.decisions,
      prefix: "dec/",
    });
    expect(published.objects.length).toBe(10);
  });

  it("fails an unparseable body alone", async () => {
    const bank = await open();
    await bank.put("incoming_payment_good.event", incoming());
    const event = bank.take();
    const [good] = event.Records;
    if (good === undefined) throw new Error("Expected a message");
    const bad = { ...good, messageId: "bad", body: "<xml/>" };
    expect(await bank.handler({ Records: [bad, good] })).toEqual({
      batchItemFailures: [{ itemIdentifier: "bad" }],
    });
    expect((await bank.stateOf("incoming_payment_good.event"))?.decision?.outcome).toBe("accepted");
  });

  it("reports every message when the time is used up, and decides them the next time", async () => {
    const bank = await open();
    await bank.put("incoming_payment_good.event", incoming());
    const event = bank.take();
    // Every transaction meets another one: somebody else is always faster.
    bank.table.fault = { instead: { outcome: "conflict", reason: "TransactionConflict" } };
    const context = { getRemainingTimeInMillis: () => 10_000 } as Parameters<typeof bank.handler>[1];
    const ids = event.Records.map(({ messageId }) => ({ itemIdentifier: messageId }));
    expect(await bank.handler(event, context)).toEqual({ batchItemFailures: ids });
    bank.table.fault = undefined;
    expect(await bank.handler(event)).toEqual({ batchItemFailures: [] });
    expect((await bank.stateOf("incoming_payment_good.event"))?.decision?.outcome).toBe("accepted");
  });

  it("writes at most five items per accepted event and three per account and commit", async () => {
    const bank = await open();
    const run = async (key: string, fields: object): Promise<number> => {
      const before = bank.table.written;
      await bank.put(key, JSON.stringify({ EventTimeStamp: AT, ...fields }));
      await bank.handler(bank.take());
      return bank.table.written - before;
    };
    const remote = { TargetInstitution: "b", TargetAccount: "r" };
    const perAccount = 3;
    expect(
      await run("incoming_payment_1.event", { TargetAccount: "100010", Amount: "9.00" }),
    ).toBeLessThanOrEqual(5 + perAccount);
    expect(
      await run("cash_deposit_2.event", { TargetAccount: "100010", Amount: "1.00", Verified: false }),
    ).toBeLessThanOrEqual(5 + perAccount);
    expect(
      await run("outgoing_payment_unverified_3.event", {
        SourceAccount: "100010",
        Amount: "2.00",
        ...remote,
      }),
    ).toBeLessThanOrEqual(5 + perAccount);
    expect(await run("outgoing_payment_verified_3.event", {})).toBeLessThanOrEqual(6 + perAccount);
    expect(
      await run("cash_deposit_b.event", {
        TargetAccount: "100020",
        CustomerNumber: "1",
        Amount: "1.00",
        Verified: true,
      }),
    ).toBeLessThanOrEqual(5 + perAccount);
    expect(
      await run("inter_account_transfer_4.event", {
        SourceAccount: "100010",
        TargetAccount: "100020",
        Amount: "1.00",
      }),
    ).toBeLessThanOrEqual(7 + 2 * perAccount);
    expect((await bank.stateOf("inter_account_transfer_4.event"))?.decision?.outcome).toBe("accepted");
  });
});
