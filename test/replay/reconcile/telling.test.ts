import { describe, expect, it } from "vitest";
import { bankTable } from "../../../src/app.ts";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import type { Topic } from "../../../src/ports/messages.ts";
import { createFeed } from "../../../src/replay/reconcile/feed.ts";
import type { ReconcileRequest } from "../../../src/replay/reconcile/reconcile.ts";
import { recordedReconcile } from "../../../src/replay/reconcile/recorded.ts";
import { newTally } from "../../../src/replay/reconcile/tally.ts";
import { beginRun } from "../../../src/replay/runs/run.ts";
import { listRuns } from "../../../src/replay/runs/run-record.ts";
import { parseNotification } from "../../../src/tracking/notification.ts";
import type { Observation } from "../../../src/tracking/observation.ts";
import { syntheticNotification } from "../../../src/tracking/synthetic-notification.ts";
import { at, literal } from "../../tracking/notation.ts";
import { ampleRequests, feedOf, openLossyBank } from "./lossy-bank.ts";

const read = (body: string): readonly Observation[] => {
  const news = parseNotification(body);
  if (news.outcome !== "observations") throw new Error(`Expected observations, got ${news.outcome}`);
  return news.observations;
};

const known = (observation: Observation): object =>
  JSON.parse(JSON.stringify({ ...observation, source: undefined }));

describe("a synthetic notification", () => {
  it("is read back as what it tells of: a told one with its sequencer, a picture without", () => {
    const told = literal("C5@v1 X6@m", { key: "a b/ü+c%~.event", eTag: "abc" });
    expect(read(syntheticNotification(told.slice(0, 1), "eu-central-1")).map(known)).toEqual(
      told.slice(0, 1).map(known),
    );
    const pictures = literal("C~@v1+3 X~@m+4", { source: "listing", event: "listing", isLatest: true });
    expect(read(syntheticNotification(pictures, "eu-central-1"))).toMatchObject([
      { kind: "created", event: "ObjectCreated:Put", versionId: "v1", sequencer: undefined, time: at(3) },
      { kind: "marker", event: "ObjectRemoved:DeleteMarkerCreated", versionId: "m", time: at(4) },
    ]);
  });

  it("has what readers of S3 events look for, and tells nothing of what is gone", () => {
    const [record] = JSON.parse(syntheticNotification(literal("C5"), "eu-central-1")).Records;
    expect(record).toMatchObject({
      eventSource: "aws:s3",
      awsRegion: "eu-central-1",
      s3: { configurationId: "reconcile", bucket: { name: "bucket", arn: "arn:aws:s3:::bucket" } },
    });
    expect(record.s3.object).not.toHaveProperty("versionId");
    const [gone] = literal("D6", { source: "head" });
    expect(() => syntheticNotification(gone ? [gone] : [], "eu-central-1")).toThrow(/deleted/);
  });
});

describe("a feed", () => {
  it("tells in the order of time, ten records a message, and nothing before it is flushed", async () => {
    const bodies: string[] = [];
    const topic: Topic = { publish: async ({ body }) => void bodies.push(body) };
    const feed = createFeed({ topic, region: "eu-central-1" });
    const [one] = literal("C~+1");
    if (one === undefined) throw new Error("Expected an observation");
    for (let n = 0; n < 25; n += 1) await feed.add({ ...one, time: at((n * 7) % 25) });
    expect(bodies).toEqual([]);
    await feed.flush();
    const records = bodies.map(read);
    expect(records.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(records.flat().map(({ time }) => time)).toEqual(Array.from({ length: 25 }, (_, n) => at(n)));
    await feed.flush();
    expect(bodies.length).toBe(3);
  });
});

describe("a tally", () => {
  it("counts all and keeps a hundred examples", () => {
    const tally = newTally();
    const [one] = literal("C5@v");
    for (let n = 0; n < 150 && one; n += 1) tally.add("lost", one);
    expect([tally.counts().lost, tally.examples().lost.length]).toEqual([150, 100]);
  });
});

describe("the record of a run", () => {
  it("is written for each, one at a time, and a stopped one says so", async () => {
    const opened = openLossyBank(new MemoryStore(bankTable), { chaos: { drop: 1 } });
    try {
      await opened.putAll(ampleRequests(21).openings);
      opened.cloud.chaos.set({ drop: 0 });
      const { ledger } = opened.app;
      const place = { objects: ledger.objects, bucket: "decisions", clock: ledger.clock, epoch: 1 };
      const request: ReconcileRequest = {
        scope: { buckets: ["new-events"], prefix: "" },
        since: "2026-01-01",
        graceMs: 0,
        feed: feedOf(opened),
      };
      const subject = "s3://new-events/";
      const other = await beginRun(place, { kind: "reconcile", subject, what: {} });
      if (other.outcome !== "begun") throw new Error("Expected to begin");
      expect(await recordedReconcile(ledger, request)).toMatchObject({ outcome: "busy" });
      await other.run.end("completed", {});
      const stopped = await recordedReconcile(ledger, { ...request, isStopped: () => true });
      expect(stopped).toMatchObject({ outcome: "done", reconciled: { isComplete: false } });
      await recordedReconcile(ledger, request);
      const deaf: Topic = { publish: () => Promise.reject(new Error("No such topic")) };
      const unheard = {
        ...request,
        scope: { buckets: ["new-events"], prefix: "cash" },
        isStopped: () => false,
      };
      opened.cloud.chaos.set({ drop: 1 });
      await opened.put("cash_deposit_late.event", "{");
      await expect(
        recordedReconcile(ledger, { ...unheard, feed: { topic: deaf, region: "x" } }),
      ).rejects.toThrow(/No such topic/);
      await opened.idle();
      const runs = await Array.fromAsync(listRuns(place, "reconcile"));
      expect(runs.map(run => [run.subject, run.number, run.status])).toEqual([
        [subject, 1, "completed"],
        [subject, 2, "stopped"],
        [subject, 3, "completed"],
        [`${subject}cash`, 1, "failed"],
      ]);
      expect(runs[2]?.summary).toMatchObject({ counts: { lost: 20 }, lookedFrom: "2026-01-01" });
    } finally {
      await opened.close();
    }
  });
});
