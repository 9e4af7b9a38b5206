import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { sha256Hex } from "../../../src/ledger/chain.ts";
import { findInBundle } from "../../../src/replay/bundle/find-in-bundle.ts";
import type { BundleManifest } from "../../../src/replay/bundle/format.ts";
import { bundleDay } from "../../../src/replay/bundle/make-bundle.ts";
import {
  listBundles,
  readBundle,
  readBundleTexts,
  readIndex,
} from "../../../src/replay/bundle/read-bundle.ts";
import { verifyBundle } from "../../../src/replay/bundle/verify-bundle.ts";
import {
  contentsOf,
  DAY,
  DAY_MS,
  DAY_START_MS,
  type Days,
  fillDay,
  openDays,
  rewritten,
  SMALL,
} from "./decided-days.ts";

/** All of them with FULL=1. */
const COUNT = process.env.FULL === "1" ? 10_000 : 1_500;

const collect = async <T>(from: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const each of from) all.push(each);
  return all;
};

const bundled = async (days: Days, options = {}) => {
  const outcome = await bundleDay(days.place(), DAY, options);
  if (outcome.outcome !== "bundled") throw new Error(`Expected ${DAY} to be over`);
  return outcome;
};

/** Key and text of everything in the day's bundles. */
const textsIn = async (days: Days, bundles: readonly BundleManifest[]): Promise<Map<string, string>> => {
  const texts = new Map<string, string>();
  for (const manifest of bundles)
    for (const { key, text } of await collect(readBundleTexts(days.place(), manifest))) {
      expect(texts.has(key), key).toBe(false);
      texts.set(key, text);
    }
  return texts;
};

describe(`a day of ${COUNT} decisions`, () => {
  const days = openDays();
  let originals: Map<string, string>;
  let manifest: BundleManifest;
  beforeAll(async () => {
    originals = await fillDay(days, COUNT);
    const { bundles, made } = await bundled(days);
    expect(made).toEqual([1]);
    manifest = bundles[0] as BundleManifest;
  });

  test("is a few objects, from which each record is read by range as it was published", async () => {
    const { archive } = days.buckets;
    expect(manifest.records).toBe(COUNT);
    const seen = new Set<string>();
    for (const part of manifest.parts) {
      for (const { key, offset, length, line, sha256 } of (await readIndex(days.place(), part)).entries) {
        const range = { start: offset, end: offset + length - 1 };
        const member = await days.objects.get({ bucket: archive, key: part.key }, range);
        const text = gunzipSync(member?.body ?? "")
          .toString("utf8")
          .split("\n")[line];
        expect(text).toBe(originals.get(key));
        expect(sha256Hex(text ?? "")).toBe(sha256);
        seen.add(key);
      }
    }
    expect(seen.size).toBe(COUNT);
  });

  test("reads as NDJSON in gzip, one record a line, with nothing else beside it", async () => {
    const parts = await contentsOf(days, days.buckets.archive, "bundle/");
    const lines = [...parts.values()].flatMap(part =>
      gunzipSync(part).toString("utf8").trimEnd().split("\n"),
    );
    expect(lines).toEqual([...originals.values()]);
    expect(lines.slice(0, 20).map(line => JSON.parse(line).key)).toEqual(
      Array.from({ length: 20 }, (_, n) => `cash_deposit_r${String(n).padStart(7, "0")}.event`),
    );
  });

  test("is verified against the originals, and found by key with three requests", async () => {
    expect(await verifyBundle(days.place(), { day: DAY, number: 1 })).toEqual({
      day: DAY,
      number: 1,
      records: COUNT,
      unread: 0,
      isAgainstOriginals: true,
      differences: [],
      differenceCount: 0,
    });
    const [name = "", text = ""] = [...originals][COUNT >> 1] ?? [];
    const { decisions, requests } = await findInBundle(days.place(), DAY, name.split("/")[2] ?? "");
    expect({ decisions, requests }).toEqual({ decisions: [{ key: name, text }], requests: 3 });
    expect((await findInBundle(days.place(), DAY, "cash_deposit_none.event")).decisions).toEqual([]);
  });

  test("is found again as it is: nothing is made and nothing rewritten", async () => {
    const before = await contentsOf(days, days.buckets.archive);
    const { bundles, made } = await bundled(days);
    expect({ bundles, made }).toEqual({ bundles: [manifest], made: [] });
    expect(await contentsOf(days, days.buckets.archive)).toEqual(before);
    expect(rewritten(days)).toEqual([]);
  });

  test("is listed, and replayed record by record", async () => {
    const { objects, buckets } = days;
    expect(await collect(listBundles(objects, buckets.archive))).toEqual([manifest]);
    const records = await collect(readBundle(objects, buckets.archive, DAY));
    expect(records.map(record => JSON.stringify(record))).toEqual([...originals.values()]);
    expect(await collect(readBundle(objects, buckets.archive, "2026-02-28"))).toEqual([]);
  });
});

describe("which decisions are of a day", () => {
  test("a day that is not over by the clock is refused, the moment it is over it is not", async () => {
    const days = openDays();
    await days.decideNumber(0);
    days.clock.set(DAY_START_MS + DAY_MS - 1);
    expect(await bundleDay(days.place(), DAY)).toEqual({
      outcome: "open",
      overAt: "2026-03-02T00:00:00.000Z",
    });
    expect(await contentsOf(days, days.buckets.archive)).toEqual(new Map());
    days.clock.set(DAY_START_MS + DAY_MS);
    expect((await bundled(days)).made).toEqual([1]);
  });

  test("a day without decisions has no bundle", async () => {
    const days = openDays();
    days.clock.set(DAY_START_MS + DAY_MS);
    await days.decideNumber(0);
    expect(await bundled(days)).toEqual({ outcome: "bundled", bundles: [], made: [] });
    expect(await contentsOf(days, days.buckets.archive)).toEqual(new Map());
  });

  test("it goes by decidedAt to the millisecond, in every epoch up to the present", async () => {
    const days = openDays();
    days.clock.set(DAY_START_MS - 1000);
    await days.decideNumber(1, { decidedMs: DAY_START_MS - 1 });
    // The worker's clock is ahead of that of S3.
    const early = await days.decideNumber(2, { decidedMs: DAY_START_MS });
    days.clock.set(DAY_START_MS + DAY_MS + 1000);
    const late = await days.decideNumber(3, { decidedMs: DAY_START_MS + DAY_MS - 1, epoch: 2 });
    await days.decideNumber(4, { decidedMs: DAY_START_MS + DAY_MS });
    await days.decideNumber(5, { decidedMs: DAY_START_MS, epoch: 3 });
    const { bundles } = await bundled(days);
    expect([...(await textsIn(days, bundles)).keys()]).toEqual([early.name, late.name]);
  });

  test("those that come late go into further bundles; nothing that was there is touched", async () => {
    const days = openDays();
    const originals = await fillDay(days, 40);
    await bundled(days, { limits: SMALL });
    const first = await contentsOf(days, days.buckets.archive);
    for (const [n, number] of [
      [45, 2],
      [3_000, 3],
    ] as const) {
      const { name, text } = await days.decideNumber(n, { decidedMs: DAY_START_MS + 5 });
      originals.set(name, text);
      expect((await bundled(days, { limits: SMALL })).made).toEqual([number]);
    }
    const { bundles, made } = await bundled(days);
    expect({ numbers: bundles.map(({ number }) => number), made }).toEqual({ numbers: [1, 2, 3], made: [] });
    expect(await textsIn(days, bundles)).toEqual(originals);
    const after = await contentsOf(days, days.buckets.archive);
    for (const [key, bytes] of first) expect(after.get(key)).toEqual(bytes);
    expect(rewritten(days)).toEqual([]);
    // Beyond the hour after the day's end only whoever asks for it finds it.
    days.clock.advance(5 * 3_600_000);
    await days.decideNumber(50, { decidedMs: DAY_START_MS + 6 });
    expect((await bundled(days)).made).toEqual([]);
    expect((await bundled(days, { publishedLateMs: DAY_MS })).made).toEqual([4]);
  });

  test("a key that was used again, and requests that are no text, are found by their request key", async () => {
    const days = openDays();
    const plain = await days.decideNumber(1);
    const reused = await days.decide(plain.record.key, '{"other":1}', { isReused: true });
    const binary = await days.decide("cash_deposit_b.event", Uint8Array.from([0xff, 0xfe, 0x0a, 0]));
    const odd = await days.decide("ünïcode %7E~.event", "{");
    days.clock.set(DAY_START_MS + DAY_MS);
    await bundled(days);
    const foundBy = async (key: string) =>
      (await findInBundle(days.place(), DAY, key)).decisions.map(({ text }) => text);
    expect(await foundBy(plain.record.key)).toEqual([plain.text, reused.text]);
    expect(await foundBy("cash_deposit_b.event")).toEqual([binary.text]);
    expect(await foundBy("ünïcode %7E~.event")).toEqual([odd.text]);
    expect((await verifyBundle(days.place(), { day: DAY, number: 1 })).differences).toEqual([]);
  });
});
