import { beforeAll, describe, expect, test } from "vitest";
import { bundleDay } from "../../../src/replay/bundle/make-bundle.ts";
import { readBundle } from "../../../src/replay/bundle/read-bundle.ts";
import { type BundleVerdict, verifyBundle } from "../../../src/replay/bundle/verify-bundle.ts";
import { contentsOf, DAY, fillDay, openDays, SMALL } from "./decided-days.ts";

const NAME = { day: DAY, number: 1 };
/** Positions tried in each file; all of them with FULL=1. */
const POSITIONS = process.env.FULL === "1" ? Number.POSITIVE_INFINITY : 40;

const days = openDays();
const { archive } = days.buckets;
let files: Map<string, Buffer>;
beforeAll(async () => {
  await fillDay(days, 30);
  await bundleDay(days.place(), DAY, { limits: SMALL });
  files = await contentsOf(days, archive);
});

const verdict = (): Promise<BundleVerdict> => verifyBundle(days.place(), NAME);
const PART = "bundle/2026-03-01/1/0001.ndjson.gz";
const INDEX = "bundle-index/2026-03-01/1/0001.ndjson.gz";
const MANIFEST = "bundle-index/2026-03-01/1/manifest.json";

/** Puts another content in an object's place, looks, and puts the old one back. */
const withContent = async <T>(key: string, body: Uint8Array, look: () => Promise<T>): Promise<T> => {
  await days.objects.put({ bucket: archive, key, body });
  try {
    return await look();
  } finally {
    await days.objects.put({ bucket: archive, key, body: files.get(key) ?? "" });
  }
};

const flipped = (bytes: Uint8Array, at: number, bit: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << bit);
  return copy;
};

test("the bundle has every kind of file, and is whole", async () => {
  expect([...files.keys()]).toEqual(expect.arrayContaining([PART, INDEX, MANIFEST]));
  expect(files.size).toBeGreaterThan(6);
  expect((await verdict()).differenceCount).toBe(0);
});

test("a flipped bit anywhere in part, index, end or manifest is a difference; of a part it names the part", async () => {
  for (const [key, bytes] of files) {
    const step = Math.max(1, Math.ceil(bytes.length / POSITIONS));
    for (let at = 0; at < bytes.length; at += step) {
      const { differences } = await withContent(key, flipped(bytes, at, at % 8), verdict);
      expect(differences, `${key} byte ${at}`).not.toEqual([]);
      if (!key.endsWith("manifest.json")) expect(differences.map(({ object }) => object)).toContain(key);
    }
  }
});

test("a changed record is named, and those beside it are right", async () => {
  const part = files.get(PART) ?? Buffer.alloc(0);
  // In the middle of the first member's data.
  const { differences, records } = await withContent(PART, flipped(part, 300, 2), verdict);
  expect(records).toBeLessThan(30);
  expect(records).toBeGreaterThan(20);
  expect(differences[0]).toMatchObject({
    object: PART,
    decision: expect.stringMatching(/^dec\/000001\/cash_deposit_/),
  });
});

describe("what is missing is named", () => {
  test.each([PART, INDEX, MANIFEST])("%s", async key => {
    await days.objects.delete({ bucket: archive, key });
    try {
      expect((await verdict()).differences).toContainEqual({ object: key, what: "is not there" });
    } finally {
      await days.objects.put({ bucket: archive, key, body: files.get(key) ?? "" });
    }
  });

  test("and so is what should not be there", async () => {
    const key = "bundle/2026-03-01/1/0099.ndjson.gz";
    await days.objects.put({ bucket: archive, key, body: "x" });
    expect((await verdict()).differences).toEqual([{ object: key, what: "is no part of the bundle" }]);
    await days.objects.delete({ bucket: archive, key });
  });
});

test("a decision that is changed or gone is found, unless originals are left out", async () => {
  const [key = "", other = ""] = (await contentsOf(days, days.buckets.decisions, "dec/")).keys();
  const address = { bucket: days.buckets.decisions, key };
  await days.objects.put({ ...address, body: "not a decision\n" });
  await days.objects.delete({ ...address, key: other });
  expect((await verdict()).differences).toEqual([
    { object: key, decision: key, what: "has another text than in the bundle" },
    { object: other, decision: other, what: "is not there" },
  ]);
  const own = await verifyBundle(days.place(), NAME, { originals: false });
  expect(own).toMatchObject({ records: 30, differenceCount: 0, isAgainstOriginals: false });
});

test("a reader of a damaged part is handed none of its records", async () => {
  const part = files.get(PART) ?? Buffer.alloc(0);
  const read = async (): Promise<number> => {
    let records = 0;
    try {
      for await (const record of readBundle(days.objects, archive, DAY)) records += record.key.length;
    } catch (error) {
      expect((error as Error).message).toContain(PART);
      return records;
    }
    throw new Error("Expected the damage to be found");
  };
  expect(await withContent(PART, flipped(part, part.length - 1, 0), read)).toBe(0);
});
