import type { SQSRecord } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { bankTable } from "../../../src/app.ts";
import { createProjectHandler } from "../../../src/handlers/project.ts";
import { sqsEvent } from "../../../src/local/lambda/sqs-event.ts";
import { MemoryStore, type StoreHook } from "../../../src/local/memory-store.ts";
import { queueDepth, receiveMessages } from "../../../src/local/sqs/sqs.ts";
import { parseNotification } from "../../../src/tracking/notification.ts";
import { track } from "../../../src/tracking/track.ts";
import { ampleRequests, feedOf, foldAndCompare, found, openLossyBank, outcomeOf } from "./lossy-bank.ts";

const [OPENING = { key: "", body: "" }] = ampleRequests(21).openings;
const AT = Math.floor(Date.now() / 1000) - 50_000;
const withdrawal = (euros: string): string =>
  JSON.stringify({ EventTimeStamp: AT, SourceAccount: "a0", Amount: euros });

/** A bank whose messages the test delivers itself, to one function that forgets between two calls as a new one would. */
const openByHand = async (hook?: StoreHook) => {
  const opened = openLossyBank(new MemoryStore(bankTable, hook), { handlers: 0 });
  const queue = opened.topology.queues.project;
  const handler = createProjectHandler(opened.app);
  const take = (): SQSRecord[] =>
    sqsEvent(queue.arn, receiveMessages(opened.cloud.sqs, queue.name, { max: 10 })).Records;
  const deliver = async (): Promise<number> => {
    let records = 0;
    for (let batch = take(); batch.length > 0; batch = take()) {
      opened.app.ledger.published.clear();
      expect(await handler({ Records: batch })).toEqual({ batchItemFailures: [] });
      records += batch.length;
    }
    return records;
  };
  await deliver();
  return { ...opened, take, deliver };
};

describe("requests that were told of and not decided", () => {
  it("a dead-lettered request is told again as it was told first, and is decided", async () => {
    const refuse = { isOn: false };
    const hook: StoreHook = async call => {
      if (refuse.isOn && call.call === "transact" && JSON.stringify(call.writes).includes(OPENING.key))
        throw new Error("The table is away");
      return undefined;
    };
    const opened = openLossyBank(new MemoryStore(bankTable, hook));
    try {
      await opened.idle();
      refuse.isOn = true;
      await opened.putAll([OPENING]);
      const { deadLetters } = opened.topology.queues.project;
      expect(queueDepth(opened.cloud.sqs, deadLetters.name).visible).toBe(1);
      refuse.isOn = false;
      expect(await outcomeOf(opened, OPENING.key)).toBeUndefined();

      expect(found(await opened.look({ graceMs: 60_000 }))).toEqual({ underWay: 1 });
      expect(found(await opened.look())).toEqual({ undecided: 1 });
      await opened.idle();
      expect(await outcomeOf(opened, OPENING.key)).toBe("accepted");
      const { items } = await opened.store.query({
        partition: `KEY#${OPENING.key}`,
        from: "OBJECT#",
        to: "OBJECT#~",
      });
      expect(items.length).toBe(1);
      expect(found(await opened.look())).toEqual({});
    } finally {
      await opened.close();
    }
  });

  it("one that became known from a report alone is decided too", async () => {
    const opened = openLossyBank(new MemoryStore(bankTable), { chaos: { drop: 1 } });
    try {
      await opened.putAll([OPENING]);
      opened.cloud.chaos.set({ drop: 0 });
      const { versions } = await opened.cloud.objects.listVersions({ bucket: "new-events" });
      const [{ versionId, lastModified, eTag } = { versionId: "", lastModified: "", eTag: "" }] = versions;
      const picture = {
        bucket: "new-events",
        key: OPENING.key,
        versionId,
        time: lastModified,
        eTag,
      } as const;
      await track(opened.app.ledger, [
        { ...picture, source: "inventory", kind: "created", event: "inventory" },
      ]);
      expect(found(await opened.look())).toEqual({ undecided: 1 });
      await opened.idle();
      expect(await outcomeOf(opened, OPENING.key)).toBe("accepted");
      expect(found(await opened.look())).toEqual({});
    } finally {
      await opened.close();
    }
  });

  it("other content under a decided key is told again, once", async () => {
    const opened = await openByHand();
    try {
      await opened.put(OPENING.key, OPENING.body);
      await opened.put("cash_withdrawal_w.event", withdrawal("1.00"));
      await opened.deliver();
      await opened.put("cash_withdrawal_w.event", withdrawal("2.00"));
      const [told] = opened.take();
      const news = parseNotification(told?.body ?? "");
      if (news.outcome !== "observations") throw new Error("Expected the event of the second content");
      await track(opened.app.ledger, news.observations);

      const first = await opened.look();
      expect(found(first)).toEqual({ undecided: 1 });
      expect(first.examples.undecided).toMatchObject([{ versionId: news.observations[0]?.versionId }]);
      expect(await opened.deliver()).toBe(1);
      const { fold, unequal } = await foldAndCompare(opened);
      expect([fold.faults, unequal, fold.decisions]).toEqual([[], [], 3]);
      expect(found(await opened.look())).toEqual({});
    } finally {
      await opened.close();
    }
  });

  it("also where of the first content only its copy is known, as after a restore", async () => {
    const opened = await openByHand();
    const key = "cash_withdrawal_w.event";
    try {
      await opened.put(OPENING.key, OPENING.body);
      await opened.put(key, withdrawal("1.00"));
      await opened.cloud.objects.put({ bucket: "archive", key, body: withdrawal("1.00") });
      await opened.deliver();
      const range = { partition: `KEY#${key}`, from: "OBJECT#new-events#", to: "OBJECT#new-events#~" };
      const { items: firsts } = await opened.store.query(range);
      await opened.put(key, withdrawal("2.00"));
      const news = opened.take().map(({ body }) => parseNotification(body));
      await track(
        opened.app.ledger,
        news.flatMap(each => (each.outcome === "observations" ? each.observations : [])),
      );
      for (const { PK, SK, versionId } of firsts) {
        await opened.store.write({ delete: { PK, SK } });
        await opened.cloud.objects.delete({ bucket: "new-events", key, versionId: String(versionId) });
      }
      expect(firsts.length).toBe(1);
      await opened.deliver();

      expect(found(await opened.look())).toEqual({ undecided: 1 });
      expect(await opened.deliver()).toBe(1);
      const { fold, unequal } = await foldAndCompare(opened);
      expect([fold.faults, unequal, fold.decisions]).toEqual([[], [], 3]);
      expect(found(await opened.look())).toEqual({});
    } finally {
      await opened.close();
    }
  });
});

describe("decisions whose publication was lost with their worker", () => {
  it("are published by the live path when their request is told again", async () => {
    const opened = await openByHand();
    const { objects } = opened.cloud;
    const decision = { bucket: "decisions", key: `dec/000001/${OPENING.key}` };
    try {
      await opened.put(OPENING.key, OPENING.body);
      await opened.put("cash_withdrawal_w.event", withdrawal("1.00"));
      await opened.deliver();
      const last = { bucket: "decisions", key: "dec/000001/cash_withdrawal_w.event" };
      const published = await objects.get(last);
      await objects.delete({ ...last, versionId: published?.facts.versionId });
      expect(await objects.head(last)).toBeUndefined();

      expect(found(await opened.look({ graceMs: 60_000 }))).toEqual({ underWay: 1 });
      expect(found(await opened.look({ feed: undefined }))).toEqual({ unpublished: 1 });
      expect(found(await opened.look())).toEqual({ unpublished: 1 });
      await opened.deliver();
      expect((await objects.get(last))?.body).toEqual(published?.body);
      expect(await objects.head(decision)).toBeDefined();
      const { fold, unequal } = await foldAndCompare(opened);
      expect([fold.faults, unequal, fold.decisions]).toEqual([[], [], 2]);
      expect(found(await opened.look())).toEqual({});
    } finally {
      await opened.close();
    }
  });
});

describe("decisions that were published and not placed", () => {
  it("are told again on the topic of decisions, in their prefix only, and counted by a rehearsal", async () => {
    const opened = openLossyBank(new MemoryStore(bankTable));
    try {
      await opened.putAll([OPENING]);
      const { decidedTopic } = opened.app;
      const feed = { ...feedOf(opened), decided: decidedTopic };
      const { place } = opened.topology.queues;
      const before = queueDepth(opened.cloud.sqs, place.name).visible;
      const look = { looksForUnplaced: true, feed };
      expect(found(await opened.look({ ...look, graceMs: 60_000 }))).toEqual({});
      expect(found(await opened.look({ ...look, feed: undefined }))).toEqual({ unplaced: 1 });
      const elsewhere = { buckets: ["new-events"], prefix: "none" };
      expect(found(await opened.look({ ...look, scope: elsewhere }))).toEqual({});
      expect(queueDepth(opened.cloud.sqs, place.name).visible).toBe(before);
      expect(found(await opened.look(look))).toEqual({ unplaced: 1 });
      expect(queueDepth(opened.cloud.sqs, place.name).visible).toBe(before + 1);
    } finally {
      await opened.close();
    }
  });
});
