import { BUNDLE_PREFIX } from "../../ports/bundle-storage.ts";

/**
 * What indices and manifests lie under. Apart from the parts: these go to a cold class and are the rows of an Athena
 * table, and what is needed to list bundles and to find a record in them must be neither.
 */
export const BUNDLE_INDEX_PREFIX = "bundle-index/";

/** Which bundle: a day's first is 1; decisions of that day that are found later go into 2, and so on. */
export type BundleName = { readonly day: string; readonly number: number };

/** Digits of a part's number, so that keys sort as parts do. */
const PART_DIGITS = 4;
export const PARTS_MAX = 9_999;
/** Bundles of one day: each later one takes decisions that came late, which is rare. */
export const BUNDLES_MAX = 999;

const folder = ({ day, number }: BundleName): string => `${day}/${number}/`;
const partName = (part: number): string => `${String(part).padStart(PART_DIGITS, "0")}.ndjson.gz`;

export const partKey = (name: BundleName, part: number): string =>
  `${BUNDLE_PREFIX}${folder(name)}${partName(part)}`;

export const indexKey = (name: BundleName, part: number): string =>
  `${BUNDLE_INDEX_PREFIX}${folder(name)}${partName(part)}`;

export const manifestKey = (name: BundleName): string => `${BUNDLE_INDEX_PREFIX}${folder(name)}manifest.json`;

/** What the keys of a bundle's parts begin with. */
export const partPrefix = (name: BundleName): string => `${BUNDLE_PREFIX}${folder(name)}`;

const IN_INDEX = /^bundle-index\/(\d{4}-\d{2}-\d{2})\/([1-9]\d{0,2})\//;

/** Whose index or manifest a key is, if it is one. */
export const bundleOf = (key: string): BundleName | undefined => {
  const [, day, number] = IN_INDEX.exec(key) ?? [];
  return day === undefined ? undefined : { day, number: Number(number) };
};
