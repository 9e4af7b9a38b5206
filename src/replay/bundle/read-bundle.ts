import type { DecisionRecord } from "../../ledger/domain.ts";
import { parseRecord } from "../../ledger/record.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { BundleDamaged } from "./errors.ts";
import { type BundleManifest, decodeLink, type ManifestPart, type PartIndex } from "./format.ts";
import { byMember, linesOfMember } from "./members.ts";
import { BUNDLE_INDEX_PREFIX, BUNDLES_MAX, type BundleName, bundleOf } from "./names.ts";
import { objectsUnder } from "./place.ts";
import { readManifest, readStored, type Shelf } from "./stored.ts";

/** A decision in a bundle: the key of its object, and its published text, byte for byte. */
export type BundledDecision = { readonly key: string; readonly text: string };

/**
 * The decisions of a day from its bundles, in the order of their keys, later bundles behind. One part is in memory at a
 * time; its SHA-256 and that of its index are compared before the first of its decisions is handed on.
 *
 * Returns: nothing for a day without bundles.
 * Throws: `BundleDamaged`; `ObjectFrozen`, naming the part, for one in a cold class that is not restored.
 */
export async function* readBundle(
  objects: ObjectStore,
  archiveBucket: string,
  day: string,
): AsyncGenerator<DecisionRecord> {
  const shelf = { objects, archiveBucket };
  for await (const manifest of bundlesOfDay(shelf, day))
    for await (const { key, text } of readBundleTexts(shelf, manifest)) yield parseRecord(text, key);
}

/** The finished bundles of a day, by number. Throws: `BundleDamaged`. */
export async function* bundlesOfDay(shelf: Shelf, day: string): AsyncGenerator<BundleManifest> {
  for (let number = 1; number <= BUNDLES_MAX; number += 1) {
    const manifest = await readManifest(shelf, { day, number });
    if (manifest === undefined) return;
    yield manifest;
  }
}

/**
 * Every finished bundle, by day, and within a day as its numbers sort as text. Throws: `BundleDamaged`.
 */
export async function* listBundles(
  objects: ObjectStore,
  archiveBucket: string,
): AsyncGenerator<BundleManifest> {
  const shelf = { objects, archiveBucket };
  for await (const name of bundleNames(shelf)) {
    const manifest = await readManifest(shelf, name);
    if (manifest !== undefined) yield manifest;
  }
}

/** The bundles of a day, or all, of which anything is known: the unfinished too, and those without their manifest. */
export async function* bundleNames(
  { objects, archiveBucket: bucket }: Shelf,
  day?: string,
): AsyncGenerator<BundleName> {
  let last: BundleName | undefined;
  const prefix = day === undefined ? BUNDLE_INDEX_PREFIX : `${BUNDLE_INDEX_PREFIX}${day}/`;
  for await (const { key } of objectsUnder(objects, { bucket, prefix })) {
    const name = bundleOf(key);
    if (name === undefined || (name.day === last?.day && name.number === last.number)) continue;
    last = name;
    yield name;
  }
}

/** One bundle's decisions as text. Throws as `readBundle` does. */
export async function* readBundleTexts(
  shelf: Shelf,
  manifest: BundleManifest,
): AsyncGenerator<BundledDecision> {
  for (const part of manifest.parts) {
    const index = await readIndex(shelf, part);
    const bytes = await readStored(shelf, part);
    for (const entries of byMember(index.entries)) {
      const [{ offset, length } = { offset: 0, length: 0 }] = entries;
      const lines = linesOfMember(bytes.subarray(offset, offset + length), part.key, offset);
      for (const { key, line } of entries) {
        const text = lines[line];
        if (text === undefined) throw new BundleDamaged(part.key, `has no line ${line} at byte ${offset}`);
        yield { key, text: text.toString("utf8") };
      }
    }
  }
}

/** The index of a part, its SHA-256 compared. Throws: `BundleDamaged`. */
export const readIndex = async (shelf: Shelf, { index }: ManifestPart): Promise<PartIndex> => {
  const link = decodeLink(await readStored(shelf, index), index.key);
  if (link === "end") throw new BundleDamaged(index.key, "is no index of a bundle's part");
  return link;
};
