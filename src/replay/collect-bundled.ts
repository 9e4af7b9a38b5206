import { createHash } from "node:crypto";
import { decisionPrefix } from "../ledger/names.ts";
import { parseRecord } from "../ledger/record.ts";
import { ObjectFrozen } from "../ports/object-store.ts";
import { compareUtf8 } from "../table/utf8-order.ts";
import { BundleDamaged } from "./bundle/errors.ts";
import type { BundleManifest, ManifestPart } from "./bundle/format.ts";
import { listBundles, readBundleTexts } from "./bundle/read-bundle.ts";
import type { Shelf } from "./bundle/stored.ts";
import { lineOf } from "./manifest/line-of.ts";
import type { ManifestLine } from "./manifest/manifest.ts";

/** A decision as a bundle has it, and the ETag S3 gives an object of these bytes that was put in one piece. */
export type BundledLine = { readonly line: ManifestLine; readonly eTag: string };

/** Sorts behind every name under a prefix. */
const BEHIND_NAMES = "\u{10FFFF}";

/**
 * The decisions of an epoch that bundles hold, by name, every SHA-256 of a bundle compared. What is cold or damaged is
 * left out: the decisions' own objects are there to be read.
 *
 * Throws: what the object store throws otherwise.
 */
export const bundledLines = async (
  shelf: Shelf,
  epoch: number,
): Promise<ReadonlyMap<string, BundledLine>> => {
  const found = new Map<string, BundledLine>();
  await orLeft(async () => {
    for await (const manifest of listBundles(shelf.objects, shelf.archiveBucket))
      for (const part of manifest.parts)
        if (mayHold(part, epoch)) await orLeft(() => readPart(shelf, manifest, part, found));
  });
  const prefix = decisionPrefix(epoch);
  for (const name of found.keys()) if (!name.startsWith(prefix)) found.delete(name);
  return found;
};

const mayHold = ({ first, last }: ManifestPart, epoch: number): boolean => {
  const prefix = decisionPrefix(epoch);
  return compareUtf8(first, `${prefix}${BEHIND_NAMES}`) <= 0 && compareUtf8(last, prefix) >= 0;
};

const orLeft = async (read: () => Promise<void>): Promise<void> => {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof ObjectFrozen) && !(error instanceof BundleDamaged)) throw error;
  }
};

const readPart = async (
  shelf: Shelf,
  manifest: BundleManifest,
  part: ManifestPart,
  found: Map<string, BundledLine>,
): Promise<void> => {
  for await (const { key, text } of readBundleTexts(shelf, { ...manifest, parts: [part] })) {
    const eTag = createHash("md5").update(text, "utf8").digest("hex");
    found.set(key, { line: lineOf(key, text, parseRecord(text, key)), eTag });
  }
};
