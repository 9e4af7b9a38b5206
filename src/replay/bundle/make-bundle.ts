import { isoInstant } from "../../ports/clock.ts";
import { spanOf } from "./day.ts";
import { BundleDamaged } from "./errors.ts";
import { decisionsOfDay, PUBLISHED_LATE_MS } from "./find-decisions.ts";
import {
  type BundleManifest,
  type ChainLink,
  encodeLink,
  fileOf,
  type ManifestPart,
  manifestOf,
  manifestPart,
  manifestText,
  type PartIndex,
} from "./format.ts";
import { createPacker, PART_LIMITS, type PackedPart, type PartLimits } from "./members.ts";
import { BUNDLES_MAX, type BundleName, indexKey, manifestKey, PARTS_MAX, partKey } from "./names.ts";
import type { BundlePlace } from "./place.ts";
import { repackPart } from "./repack.ts";
import {
  ascendingLookup,
  keysInBundle,
  readBytes,
  readLink,
  readManifest,
  type StoredLink,
} from "./stored.ts";

export type BundleOptions = {
  /** How long after the day's end a decision may have been published; by default `PUBLISHED_LATE_MS`. */
  readonly publishedLateMs?: number | undefined;
  readonly limits?: PartLimits | undefined;
  /** Told after each part how many decisions this bundle has so far. */
  readonly onProgress?: ((records: number) => void) | undefined;
};

export type BundlingOutcome =
  /** The day is not over by the clock of the place; nothing was done. `overAt`: ISO instant. */
  | { readonly outcome: "open"; readonly overAt: string }
  /** All bundles of the day; `made` are the numbers of those that this call finished. */
  | {
      readonly outcome: "bundled";
      readonly bundles: readonly BundleManifest[];
      readonly made: readonly number[];
    };

/**
 * Puts the decisions of a UTC day into bundles. A day without decisions has none.
 *
 * Every object is written once and never again. A part's index is written before the part: whoever puts it first has
 * settled which decisions the part holds and what its bytes are, and anybody can then store the part. So a bundle that
 * was begun and left is finished by the next call, and two at once make one bundle. Decisions of the day that
 * are found when its bundle is finished go into another one, with the next number. Nothing is verified here.
 * Throws: `BundleDamaged` where what is stored is not what was made; what the object store throws.
 */
export const bundleDay = async (
  place: BundlePlace,
  day: string,
  options: BundleOptions = {},
): Promise<BundlingOutcome> => {
  const { toMs } = spanOf(day);
  if (place.clock.now() < toMs) return { outcome: "open", overAt: isoInstant(toMs) };
  const bundles: BundleManifest[] = [];
  const made: number[] = [];
  for (let number = 1; number <= BUNDLES_MAX; number += 1) {
    const there = await readManifest(place, { day, number });
    const sealed = there ? undefined : await makeBundle(place, { day, number }, bundles, options);
    const manifest = there ?? sealed?.manifest;
    if (manifest === undefined) return { outcome: "bundled", bundles, made };
    bundles.push(manifest);
    if (sealed !== undefined) made.push(number);
    // Where every part was made here, all that was found is in them.
    if (sealed?.isAllOwn === true) return { outcome: "bundled", bundles, made };
  }
  throw new Error(`${day} has more than ${BUNDLES_MAX} bundles: decisions of that day keep being published.`);
};

type Sealed = { readonly manifest: BundleManifest; readonly isAllOwn: boolean };

/** Undefined where there is nothing left for another bundle. */
const makeBundle = async (
  place: BundlePlace,
  name: BundleName,
  before: readonly BundleManifest[],
  options: BundleOptions,
): Promise<Sealed | undefined> => {
  const parts: ManifestPart[] = [];
  let isAllOwn = true;
  let records = 0;
  for (let number = 1; number <= PARTS_MAX; number += 1) {
    const key = indexKey(name, number);
    const there = await readLink(place, key);
    const packed = there
      ? undefined
      : await packPart(place, name, number, parts.at(-1)?.last, before, options);
    if (there === undefined && packed === undefined && number === 1) return undefined;
    const { stored, isOwn } = there
      ? { stored: there, isOwn: false }
      : await claimLink(place, key, packed?.index ?? "end");
    isAllOwn &&= isOwn;
    const { file, link } = stored;
    if (link === "end") return { manifest: await seal(place, manifestOf(name, parts, file)), isAllOwn };
    await storePart(place, link, key, isOwn ? packed : undefined);
    parts.push(manifestPart(file, link));
    records += link.records;
    options.onProgress?.(records);
  }
  throw new Error(`More than ${PARTS_MAX} parts in a bundle of ${name.day}`);
};

/** The next part from what is found behind the last decision of the part before; undefined if there is nothing. */
const packPart = async (
  place: BundlePlace,
  name: BundleName,
  number: number,
  startAfter: string | undefined,
  before: readonly BundleManifest[],
  { publishedLateMs = PUBLISHED_LATE_MS, limits = PART_LIMITS }: BundleOptions,
): Promise<PackedPart | undefined> => {
  const lookups = before.map(manifest => ascendingLookup(keysInBundle(place, manifest, startAfter)));
  const isKnown = async (key: string): Promise<boolean> => {
    for (const isIn of lookups) if (await isIn(key)) return true;
    return false;
  };
  const packer = createPacker(limits);
  const query = { day: name.day, startAfter, publishedLateMs, isKnown };
  for await (const decision of decisionsOfDay(place, query)) {
    packer.add(decision);
    if (packer.isFull()) break;
  }
  return packer.end(partKey(name, number));
};

/** Puts a link of the chain, or takes the one that another maker put at the same time. */
const claimLink = async (
  place: BundlePlace,
  key: string,
  link: ChainLink,
): Promise<{ readonly stored: StoredLink; readonly isOwn: boolean }> => {
  const body = encodeLink(link);
  const { outcome } = await place.objects.put({ bucket: place.archiveBucket, key, body, ifAbsent: true });
  if (outcome === "stored") return { stored: { file: fileOf(key, body), link }, isOwn: true };
  const stored = await readLink(place, key);
  if (stored === undefined) throw new BundleDamaged(key, "was there and is gone");
  return { stored, isOwn: false };
};

/** Stores what the index says, unless it is stored. */
const storePart = async (
  place: BundlePlace,
  index: PartIndex,
  indexKeyOfPart: string,
  packed: PackedPart | undefined,
): Promise<void> => {
  const address = { bucket: place.archiveBucket, key: index.part.key };
  if (packed === undefined && (await place.objects.head(address)) !== undefined) return;
  const body = packed?.bytes ?? (await repackPart(place, index, indexKeyOfPart));
  await place.objects.put({ ...address, body, ifAbsent: true, contentType: "application/gzip" });
};

const seal = async (place: BundlePlace, manifest: BundleManifest): Promise<BundleManifest> => {
  const key = manifestKey(manifest);
  const body = manifestText(manifest);
  const { outcome } = await place.objects.put({
    bucket: place.archiveBucket,
    key,
    body,
    ifAbsent: true,
    contentType: "application/json",
  });
  if (outcome === "stored") return manifest;
  const stored = await readBytes(place, key);
  if (stored === undefined || Buffer.from(stored).toString("utf8") !== body)
    throw new BundleDamaged(key, "says other things than the indices of its parts");
  return manifest;
};
