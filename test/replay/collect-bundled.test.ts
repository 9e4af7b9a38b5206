import { describe, expect, it } from "vitest";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { bundleDay } from "../../src/replay/bundle/make-bundle.ts";
import { collectDecisions } from "../../src/replay/collect.ts";
import { contentsOf, DAY, type Days, fillDay, openDays, SMALL } from "./bundle/decided-days.ts";

const BUNDLED = 40;
const TAIL = 7;

/** Counts what is asked of S3, by kind and bucket. */
const counting = (objects: ObjectStore) => {
  const counts: Record<string, number> = {};
  const counted = new Proxy(objects, {
    get: (target, name: keyof ObjectStore) => {
      const call = target[name].bind(target) as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) => {
        const what = `${name} ${(args[0] as { readonly bucket: string }).bucket}`;
        counts[what] = (counts[what] ?? 0) + 1;
        return call(...args);
      };
    },
  });
  return { counted, counts };
};

/** A bundled day and the beginning of the next. Returns: how many parts the bundle has. */
const bundledAndTail = async (days: Days): Promise<number> => {
  await fillDay(days, BUNDLED);
  const made = await bundleDay(days.place(), DAY, { limits: SMALL });
  for (let n = BUNDLED; n < BUNDLED + TAIL; n += 1) await days.decideNumber(n);
  return made.outcome === "bundled" ? (made.bundles[0]?.parts.length ?? 0) : 0;
};

const collect = async ({ objects, buckets }: Days, archive?: string) => {
  const { counted, counts } = counting(objects);
  const place = { objects: counted, bucket: buckets.decisions };
  return { counts, collection: await collectDecisions(place, 1, new Map(), () => {}, archive) };
};

const byName = (lines: readonly { readonly name: string }[]) =>
  [...lines].sort((a, b) => (a.name < b.name ? -1 : 1));

describe("collecting an epoch's decisions", () => {
  it("reads whole bundles for the bulk and single decisions for the tail, and finds the same", async () => {
    const days = openDays();
    const { decisions, archive } = days.buckets;
    const parts = await bundledAndTail(days);
    expect(parts).toBeGreaterThan(1);
    const plain = await collect(days);
    expect(plain.counts).toEqual({ [`list ${decisions}`]: 1, [`get ${decisions}`]: BUNDLED + TAIL });
    const { counts, collection } = await collect(days, archive);
    expect(counts).toEqual({
      [`list ${archive}`]: 1,
      // The manifest, then of each part its index and itself.
      [`get ${archive}`]: 1 + 2 * parts,
      [`list ${decisions}`]: 1,
      [`get ${decisions}`]: TAIL,
    });
    expect(byName(collection.valid)).toEqual(byName(plain.collection.valid));
    expect(collection.valid).toHaveLength(BUNDLED + TAIL);
    expect(collection.void).toEqual([]);
  });

  it("reads the decision itself where its object has other bytes than the bundle, and leaves out what is gone", async () => {
    const days = openDays();
    const { decisions: bucket, archive } = days.buckets;
    await bundledAndTail(days);
    const texts = [...(await contentsOf(days, bucket, "dec/"))];
    const [[changed = "", text] = [], [lost = ""] = []] = texts;
    await days.objects.put({ bucket, key: changed, body: `${text} ` });
    await days.objects.delete({ bucket, key: lost });
    const plain = await collect(days);
    const { collection, counts } = await collect(days, archive);
    expect(byName(collection.valid)).toEqual(byName(plain.collection.valid));
    expect(collection.void).toEqual(plain.collection.void);
    // Listings go on until nothing lacks its predecessor; each reads only what it does not know.
    expect(counts[`get ${bucket}`]).toBe(TAIL + 1);
  });

  it("does without bundles that are damaged", async () => {
    const days = openDays();
    const { archive } = days.buckets;
    await bundledAndTail(days);
    for (const key of (await contentsOf(days, archive, "bundle-index/")).keys())
      if (key.endsWith("manifest.json")) await days.objects.put({ bucket: archive, key, body: "{" });
    const { collection } = await collect(days, archive);
    expect(collection.valid).toHaveLength(BUNDLED + TAIL);
  });
});
