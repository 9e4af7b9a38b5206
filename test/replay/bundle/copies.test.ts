import { describe, expect, test } from "vitest";
import { releaseCopies } from "../../../src/replay/bundle/copies.ts";
import { bundleDay } from "../../../src/replay/bundle/make-bundle.ts";
import { verifyBundle } from "../../../src/replay/bundle/verify-bundle.ts";
import { DAY, DAY_MS, DAY_START_MS, type Days, openDays } from "./decided-days.ts";

const NAME = { day: DAY, number: 1 };

const bundleAndVerify = async (days: Days) => {
  days.clock.set(DAY_START_MS + DAY_MS);
  await bundleDay(days.place(), DAY);
  return verifyBundle(days.place(), NAME);
};

const LARGE = "x".repeat(70_000);

describe("copies of requests", () => {
  test("are tagged once their bundle is verified; other tags stay, and so does what the bundle does not hold", async () => {
    const days = openDays();
    const { archive, rejected } = days.buckets;
    const accepted = await days.decideNumber(1);
    const refused = await days.decideNumber(9);
    await days.decideNumber(2); // decided, and not placed
    const large = await days.decide("cash_deposit_large.event", LARGE, { isUnread: true });
    const first = await days.decideNumber(3);
    const other = await days.decide(first.record.key, '{"other":true}', { isReused: true });
    for (const { record } of [accepted, refused, large, first, other]) await days.placeCopy(record);
    await days.objects.putTags({ bucket: archive, key: accepted.record.key }, { team: "a" });
    const verdict = await bundleAndVerify(days);
    expect(verdict).toMatchObject({ records: 6, unread: 1, differenceCount: 0 });
    expect(await releaseCopies(days.place(), verdict)).toEqual({ tagged: 4, already: 0, absent: 1, kept: 1 });
    const tagsOf = (bucket: string, key: string) => days.objects.getTags({ bucket, key });
    expect(await tagsOf(archive, accepted.record.key)).toEqual({ team: "a", daybook: "bundled" });
    expect(await tagsOf(rejected, refused.record.key)).toEqual({ daybook: "bundled" });
    expect(await tagsOf(rejected, large.record.key)).toEqual({});
    expect(await releaseCopies(days.place(), verdict)).toEqual({ tagged: 0, already: 4, absent: 1, kept: 1 });
  });

  test("an object of the same key that is another request is left alone", async () => {
    const days = openDays();
    const { record } = await days.decideNumber(1);
    await days.objects.put({
      bucket: days.buckets.archive,
      key: record.key,
      body: "another",
      metadata: { "request-key": record.key, digest: "0".repeat(64) },
    });
    expect(await releaseCopies(days.place(), await bundleAndVerify(days))).toMatchObject({
      tagged: 0,
      absent: 1,
    });
  });

  test("are not released by a bundle that differs, or that was not compared with the originals", async () => {
    const days = openDays();
    const { name } = await days.decideNumber(1);
    const verdict = await bundleAndVerify(days);
    const alone = await verifyBundle(days.place(), NAME, { originals: false });
    await expect(releaseCopies(days.place(), alone)).rejects.toThrow(/equals its originals/);
    await days.objects.delete({ bucket: days.buckets.decisions, key: name });
    const differing = await verifyBundle(days.place(), NAME);
    await expect(releaseCopies(days.place(), differing)).rejects.toThrow(/equals its originals/);
    expect(await releaseCopies(days.place(), verdict)).toMatchObject({ absent: 1 });
  });

  test.each([
    { bundledExpireDays: undefined, gone: false },
    { bundledExpireDays: 30, gone: true },
  ])("expire only if asked for: $bundledExpireDays days", async ({ bundledExpireDays, gone }) => {
    const days = openDays({ bundledExpireDays });
    const { archive } = days.buckets;
    const [bundled, later] = [await days.decideNumber(1), await days.decideNumber(2)];
    await days.placeCopy(bundled.record);
    await releaseCopies(days.place(), await bundleAndVerify(days));
    await days.placeCopy(later.record); // not tagged: placed after its bundle was made
    days.clock.advance(60 * DAY_MS);
    days.cloud.runDue();
    const isGone = async (key: string) => (await days.objects.head({ bucket: archive, key })) === undefined;
    expect(await isGone(bundled.record.key)).toBe(gone);
    expect(await isGone(later.record.key)).toBe(false);
    expect((await verifyBundle(days.place(), NAME, { originals: false })).differenceCount).toBe(0);
  });
});

test("a request that no record carries, and that is nowhere, is a difference", async () => {
  const days = openDays();
  const large = await days.decide("cash_deposit_large.event", LARGE, { isUnread: true });
  // Not placed yet: it is where it was put.
  expect((await bundleAndVerify(days)).differences).toEqual([]);
  const { bucket, versionId } = large.record.source;
  await days.objects.delete({ bucket, key: large.record.key, versionId });
  expect((await verifyBundle(days.place(), NAME)).differences).toMatchObject([
    { decision: large.name, what: expect.stringContaining("in no bucket") },
  ]);
  // Copied before it was deleted: its place counts.
  const again = await days.objects.put({ bucket, key: large.record.key, body: LARGE });
  if (again.outcome === "stored")
    await days.placeCopy({
      ...large.record,
      source: { ...large.record.source, versionId: again.versionId ?? "" },
    });
  await days.objects.delete({ bucket, key: large.record.key });
  expect((await verifyBundle(days.place(), NAME)).differences).toMatchObject([]);
});
