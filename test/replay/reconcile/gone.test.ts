import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { bankTable } from "../../../src/app.ts";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import { LocalObjectStore } from "../../../src/local/s3/local-object-store.ts";
import { openReport } from "../../../src/replay/inventory/open-report.ts";
import { reconcile } from "../../../src/replay/reconcile/reconcile.ts";
import { trackedKeys } from "../../../src/replay/reconcile/tracked-keys.ts";
import { readObservations } from "../../../src/tracking/refresh-state.ts";
import {
  ampleRequests,
  found,
  type LossyBank,
  openLossyBank,
  pastEvents,
  reportOf,
  stateOf,
} from "./lossy-bank.ts";

const { openings } = ampleRequests(21);
const [FIRST = { key: "", body: "" }, SECOND = { key: "", body: "" }] = openings;
const BUCKET = "new-events";

/** A bank that knows its openings, and does the rest without a word to anybody. */
const withSilence = async (work: (opened: LossyBank) => Promise<void>): Promise<void> => {
  const opened = openLossyBank(new MemoryStore(bankTable));
  try {
    await opened.putAll(openings);
    opened.cloud.chaos.set({ drop: 1 });
    await work(opened);
  } finally {
    await opened.close();
  }
};

/** S3 whose policy admits listing and no more. */
class Forbidding extends LocalObjectStore {
  override head(): Promise<never> {
    return Promise.reject(new Error("403 Forbidden"));
  }
}

const versionOf = async ({ cloud }: LossyBank, key: string, place = 0): Promise<string> => {
  const { versions } = await cloud.objects.listVersions({ bucket: BUCKET, prefix: key });
  const versionId = versions[place]?.versionId;
  if (versionId === undefined) throw new Error(`Expected a version of ${key}`);
  return versionId;
};

const lastEventOf = async ({ app }: LossyBank, key: string) =>
  (await readObservations(app.ledger, key)).filter(({ source }) => source === "head");

describe("E21: what tracking believes there and the picture does not show", () => {
  it("is marked deleted too where a torn restore kept the state and lost the rows it came of", () =>
    withSilence(async opened => {
      const versionId = await versionOf(opened, FIRST.key);
      const { store, rows } = opened.app.ledger;
      for (const row of await readObservations(opened.app.ledger, FIRST.key))
        await store.write({ delete: rows.observation.key(row) });
      await opened.cloud.objects.delete({ bucket: BUCKET, key: FIRST.key, versionId });

      expect(found(await opened.look())).toEqual({ gone: 1 });
      expect(await stateOf(opened, FIRST.key)).toMatchObject({ inEventBucket: false });
      expect(found(await opened.look())).toEqual({});
    }));

  it("is marked deleted if a HEAD finds nothing, once, and only where it is not a rehearsal", () =>
    withSilence(async opened => {
      const versionId = await versionOf(opened, FIRST.key);
      await opened.cloud.objects.delete({ bucket: BUCKET, key: FIRST.key, versionId });

      expect(found(await opened.look({ feed: undefined }))).toEqual({ gone: 1 });
      expect(await stateOf(opened, FIRST.key)).toMatchObject({ inEventBucket: true });
      const reconciled = await opened.look();
      expect(found(reconciled)).toEqual({ gone: 1 });
      expect(reconciled.examples.gone).toMatchObject([{ bucket: BUCKET, key: FIRST.key, versionId }]);
      expect(await stateOf(opened, FIRST.key)).toMatchObject({
        inEventBucket: false,
        lifecycle: "GONE",
        processed: true,
      });
      expect(await lastEventOf(opened, FIRST.key)).toMatchObject([{ kind: "deleted", versionId }]);
      // In S3's own time, whatever our clock says: what is stored a moment later must not seem gone as well.
      const [made, gone] = await readObservations(opened.app.ledger, FIRST.key);
      expect(Date.parse(gone?.time ?? "") - Date.parse(made?.time ?? "")).toBe(1);
      expect(found(await opened.look())).toEqual({});
    }));

  it("also by a report; but what the report merely left out is still there, and what is newer is no matter", () =>
    withSilence(async opened => {
      const versionId = await versionOf(opened, FIRST.key);
      await opened.cloud.objects.delete({ bucket: BUCKET, key: FIRST.key, versionId });
      const report = await reportOf(opened, "Parquet", "cash_deposit_r1");
      opened.cloud.chaos.set({ drop: 0 });
      await opened.putAll([{ key: "newer.event", body: "{" }]);
      const leftOut = openings.length - 12;
      const reconciled = await opened.look({ report });
      expect(found(reconciled)).toEqual({ gone: 1, stillThere: leftOut });
      expect(reconciled.examples.stillThere.length).toBe(leftOut);
      expect(await stateOf(opened, SECOND.key)).toMatchObject({ inEventBucket: true });
      expect(await stateOf(opened, "newer.event")).toMatchObject({ inEventBucket: true });
    }));

  it("in buckets a report says nothing of is left alone, unless the report covers them", () =>
    withSilence(async opened => {
      const report = await reportOf(opened, "CSV", "nothing-begins-with-this");
      expect(found(await opened.look({ report }))).toEqual({});
      const scope = { buckets: [BUCKET], prefix: "" };
      const stillThere = openings.length;
      expect(found(await opened.look({ report, scope, isReportOfAll: true }))).toEqual({ stillThere });
    }));

  it("is found for delete markers too: taken away, what lay below is current again", () =>
    withSilence(async opened => {
      const { objects, chaos } = opened.cloud;
      chaos.set({ drop: 0 });
      for (const { key } of [FIRST, SECOND]) await objects.delete({ bucket: BUCKET, key });
      await opened.idle();
      expect(await stateOf(opened, FIRST.key)).toMatchObject({ inEventBucket: false });
      chaos.set({ drop: 1 });
      const marker = await versionOf(opened, FIRST.key);
      await objects.delete({ bucket: BUCKET, key: FIRST.key, versionId: marker });
      const reconciled = await opened.look();
      expect(found(reconciled)).toEqual({ gone: 1 });
      expect(await stateOf(opened, FIRST.key)).toMatchObject({ inEventBucket: true });
      // A marker that a picture does not show is looked for in a listing: a HEAD would not find it.
      const report = await reportOf(opened, "CSV", "nothing-begins-with-this");
      const scope = { buckets: [BUCKET], prefix: SECOND.key };
      expect(found(await opened.look({ report, scope, isReportOfAll: true }))).toEqual({ stillThere: 2 });
      expect(found(await opened.look())).toEqual({});
    }));

  it("is not marked where S3 will not say: a HEAD that fails is a failure and no absence", () =>
    withSilence(async opened => {
      const versionId = await versionOf(opened, FIRST.key);
      await opened.cloud.objects.delete({ bucket: BUCKET, key: FIRST.key, versionId });
      const blind = { ...opened.app.ledger, objects: new Forbidding(opened.cloud.s3) };
      const request = { scope: { buckets: [BUCKET], prefix: "" }, since: "2026-01-01", graceMs: 0 };
      // As `look` does: S3's times run ahead of the clock where much is stored at once.
      await pastEvents(opened);
      const reconciled = await reconcile(blind, request);
      expect(found(reconciled)).toEqual({ failed: 1 });
      expect(reconciled.examples.failed).toMatchObject([{ key: FIRST.key, reason: "Error: 403 Forbidden" }]);
      expect(await lastEventOf(opened, FIRST.key)).toEqual([]);
    }));

  it("is searched for from a day on, and says so", () =>
    withSilence(async opened => {
      const versionId = await versionOf(opened, FIRST.key);
      await opened.cloud.objects.delete({ bucket: BUCKET, key: FIRST.key, versionId });
      const reconciled = await opened.look({ since: "2100-01-01" });
      expect([found(reconciled), reconciled.lookedFrom]).toEqual([{}, "2100-01-01"]);
    }));

  it("is held in memory up to a number of keys; above it the run refuses and says what to do", () =>
    withSilence(async opened => {
      const scope = { buckets: [BUCKET], prefix: "" };
      const since = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
      const keys = (keysMax: number, prefix = "") =>
        trackedKeys(opened.app.ledger, { ...scope, prefix }, { since, until: Date.now(), keysMax });
      expect((await keys(openings.length)).get(BUCKET)?.size).toBe(openings.length);
      await expect(keys(openings.length - 1)).rejects.toThrow(/--prefix/);
      expect((await keys(11, "cash_deposit_r1")).get(BUCKET)?.size).toBe(11);
    }));
});

describe("a report that cannot be compared with", () => {
  const manifest = { destinationBucket: "new-events-inventory", fileFormat: "CSV", files: [] };

  it("because it does not say when it was begun, is refused", () =>
    withSilence(async opened => {
      const report = await openReport(manifest, opened.cloud.objects);
      await expect(opened.look({ report })).rejects.toThrow(/creationTimestamp/);
    }));

  it("because it lists current versions without their ids, is refused before anything is told", () =>
    withSilence(async opened => {
      const { objects } = opened.cloud;
      await objects.put({
        bucket: "new-events-inventory",
        key: "d.csv",
        body: gzipSync('"new-events","a.event"\n'),
      });
      const report = await openReport(
        { ...manifest, fileSchema: "Bucket, Key", creationTimestamp: "1", files: [{ key: "d.csv" }] },
        objects,
      );
      await expect(opened.look({ report })).rejects.toThrow(/current versions only/);
      expect(opened.fed).toEqual([]);
    }));
});
