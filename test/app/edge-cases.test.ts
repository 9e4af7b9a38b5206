import type { SQSRecord } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { bankTable, tableRows } from "../../src/app.ts";
import type { AccountState } from "../../src/domain/account.ts";
import { createProjectHandler } from "../../src/handlers/project.ts";
import { sqsEvent } from "../../src/local/lambda/sqs-event.ts";
import { MemoryStore } from "../../src/local/memory-store.ts";
import { receiveMessages } from "../../src/local/sqs/sqs.ts";
import { openBank } from "../support/bank-on-this-machine.ts";

const AT = Math.floor(Date.now() / 1000) - 10_000;

/** A bank whose messages the test delivers itself, as often and in the order it likes. Account 100010 has 100.00. */
const open = async () => {
  const store = new MemoryStore(bankTable);
  const bank = openBank(store, { handlers: 0 });
  const queue = bank.topology.queues.project;
  const take = () => sqsEvent(queue.arn, receiveMessages(bank.cloud.sqs, queue.name, { max: 10 })).Records;
  while (take().length > 0); // The test events of the buckets' configurations.
  const handler = createProjectHandler(bank.app);
  const deliver = async (...records: SQSRecord[]): Promise<void> => {
    expect(await handler({ Records: records })).toEqual({ batchItemFailures: [] });
  };
  const put = async (key: string, fields: object): Promise<SQSRecord> => {
    await bank.put(`${key}.event`, JSON.stringify({ EventTimeStamp: AT, ...fields }));
    const [record] = take();
    if (record === undefined) throw new Error(`Expected a message of ${key}`);
    return record;
  };
  const outcomeOf = async (key: string): Promise<string | undefined> => {
    const [item] = await store.get([tableRows.state.key({ key: `${key}.event` })]);
    const state = item && tableRows.state.read(item);
    return state?.decision?.code ?? state?.decision?.outcome ?? (state?.parked ? "parked" : undefined);
  };
  const balances = async (account = "100010"): Promise<string> => {
    const [item] = await store.get([tableRows.head.key({ stream: account })]);
    const state = item && (tableRows.head.read(item).state as unknown as AccountState);
    return `${state?.actualCents}/${state?.availableCents}`;
  };
  const opening = { TargetAccount: "100010", CustomerNumber: "1", Amount: "100.00", Verified: true };
  await deliver(await put("cash_deposit_open", opening));
  return { ...bank, store, take, deliver, put, outcomeOf, balances };
};

const outgoing = { SourceAccount: "100010", Amount: "60.00", TargetInstitution: "b", TargetAccount: "r" };

describe("edge cases of B4.6 that only the whole path can show", () => {
  it("row 1: of two follow-ups that both came first, the earlier by EventTimeStamp wins", async () => {
    const bank = await open();
    const rejected = await bank.put("outgoing_payment_rejected_p", {
      EventTimeStamp: AT + 2,
      Reason: "late",
    });
    const verified = await bank.put("outgoing_payment_verified_p", { EventTimeStamp: AT + 1 });
    await bank.deliver(rejected);
    await bank.deliver(verified);
    expect(await bank.outcomeOf("outgoing_payment_verified_p")).toBe("parked");
    await bank.deliver(await bank.put("outgoing_payment_unverified_p", outgoing));
    expect(await bank.outcomeOf("outgoing_payment_verified_p")).toBe("accepted");
    expect(await bank.outcomeOf("outgoing_payment_rejected_p")).toBe("ALREADY_SETTLED");
    expect(await bank.balances()).toBe("4000/4000");
  });

  it("row 2: a parked follow-up of a refused original is refused with it", async () => {
    const bank = await open();
    await bank.deliver(await bank.put("outgoing_payment_rejected_p", { Reason: "returned" }));
    await bank.deliver(await bank.put("outgoing_payment_unverified_p", { ...outgoing, Amount: "500.00" }));
    expect(await bank.outcomeOf("outgoing_payment_unverified_p")).toBe("INSUFFICIENT_FUNDS");
    expect(await bank.outcomeOf("outgoing_payment_rejected_p")).toBe("ORIGINAL_NOT_FOUND");
    expect(await bank.balances()).toBe("10000/10000");
  });

  it("row 4: the same key and content again is a no-op, notified again or put again", async () => {
    const bank = await open();
    const withdrawal = await bank.put("cash_withdrawal_w", { SourceAccount: "100010", Amount: "30.00" });
    await bank.deliver(withdrawal, { ...withdrawal, messageId: "again" });
    await bank.deliver(withdrawal);
    await bank.deliver(await bank.put("cash_withdrawal_w", { SourceAccount: "100010", Amount: "30.00" }));
    expect(await bank.balances()).toBe("7000/7000");
  });

  it("row 12: of two debits that race for one balance one wins, the other is refused", async () => {
    const bank = await open();
    const records = [
      await bank.put("cash_withdrawal_1", { SourceAccount: "100010", Amount: "70.00" }),
      await bank.put("cash_withdrawal_2", { SourceAccount: "100010", Amount: "70.00" }),
    ];
    await Promise.all(records.map(record => bank.deliver(record)));
    const outcomes = await Promise.all(["1", "2"].map(n => bank.outcomeOf(`cash_withdrawal_${n}`)));
    expect(outcomes.sort()).toEqual(["INSUFFICIENT_FUNDS", "accepted"]);
    expect(await bank.balances()).toBe("3000/3000");
  });

  it("rows 22 and 23: overwritten before or after processing, the content decided first stands", async () => {
    const bank = await open();
    const first = await bank.put("incoming_payment_i", { TargetAccount: "100010", Amount: "1.00" });
    const second = await bank.put("incoming_payment_i", { TargetAccount: "100010", Amount: "2.00" });
    await bank.deliver(second);
    await bank.deliver(first);
    expect(await bank.outcomeOf("incoming_payment_i")).toBe("accepted");
    expect(await bank.balances()).toBe("10200/10200");
    const reused = await bank.cloud.objects.list({
      bucket: "decisions",
      prefix: "dec/000001/incoming_payment_i",
    });
    const codes = await Promise.all(
      reused.objects.map(async ({ key }) => {
        const found = await bank.cloud.objects.get({ bucket: "decisions", key });
        return JSON.parse(Buffer.from(found?.body ?? []).toString()).code;
      }),
    );
    expect(codes).toEqual([undefined, "KEY_REUSED"]);
  });

  it("row 24: notifications of one key out of order decide by content and leave the flags right", async () => {
    const bank = await open();
    const created = await bank.put("incoming_payment_i", { TargetAccount: "100010", Amount: "1.00" });
    await bank.cloud.objects.delete({ bucket: "new-events", key: "incoming_payment_i.event" });
    const [deleted] = bank.take();
    if (deleted === undefined) throw new Error("Expected the deletion's message");
    await bank.deliver(deleted);
    await bank.deliver(created);
    expect(await bank.outcomeOf("incoming_payment_i")).toBe("accepted");
    const [item] = await bank.store.get([tableRows.state.key({ key: "incoming_payment_i.event" })]);
    expect(item).toMatchObject({ InEventBucket: false, Processed: true });
  });

  it("row 25: deleted before processing, the version that was notified is decided; purged, it is gone", async () => {
    const bank = await open();
    const deleted = await bank.put("incoming_payment_1", { TargetAccount: "100010", Amount: "1.00" });
    await bank.cloud.objects.delete({ bucket: "new-events", key: "incoming_payment_1.event" });
    await bank.deliver(deleted);
    expect(await bank.outcomeOf("incoming_payment_1")).toBe("accepted");
    const purged = await bank.put("incoming_payment_2", { TargetAccount: "100010", Amount: "1.00" });
    const { versions } = await bank.cloud.objects.listVersions({
      bucket: "new-events",
      prefix: "incoming_payment_2",
    });
    const versionId = versions[0]?.versionId;
    await bank.cloud.objects.delete({ bucket: "new-events", key: "incoming_payment_2.event", versionId });
    await bank.deliver(purged);
    expect(await bank.outcomeOf("incoming_payment_2")).toBeUndefined();
    expect(await bank.balances()).toBe("10100/10100");
  });

  it("row 40: corrected content under a refused key is KEY_REUSED; the follow-ups keep their answer", async () => {
    const bank = await open();
    await bank.deliver(await bank.put("outgoing_payment_unverified_p", { ...outgoing, Amount: "500.00" }));
    await bank.deliver(await bank.put("outgoing_payment_unverified_p", outgoing));
    await bank.deliver(await bank.put("outgoing_payment_verified_p", {}));
    expect(await bank.balances()).toBe("10000/10000");
    expect(await bank.outcomeOf("outgoing_payment_unverified_p")).toBe("INSUFFICIENT_FUNDS");
    expect(await bank.outcomeOf("outgoing_payment_verified_p")).toBe("ORIGINAL_NOT_FOUND");
  });
});
