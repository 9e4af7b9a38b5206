import { BUNDLE_COLD_BYTES_ABOVE, BUNDLE_COLD_CLASS } from "../ports/bundle-storage.ts";
import { textTable } from "../projections/text-table.ts";
import { type BundleManifest, manifestText } from "../replay/bundle/format.ts";
import type { BundleVerdict } from "../replay/bundle/verify-bundle.ts";
import { bundleCosts, type CostLine, type Measured } from "../replay/costs/bundle-costs.ts";
import { S3_PRICES } from "../replay/costs/prices.ts";
import type { Output } from "./output.ts";

type Sizes = { readonly objects: number; readonly bytes: number };

/** What a day's bundles were made from and what they are: counted, not estimated. */
export type BundleReport = {
  readonly before: { readonly decisions: Sizes; readonly requests: Sizes };
  readonly after: { readonly parts: Sizes; readonly indices: Sizes };
  /** For a million requests, in US dollars. */
  readonly costs: readonly CostLine[];
};

const sizesOf = (sizes: readonly number[]): Sizes => ({
  objects: sizes.length,
  bytes: sizes.reduce((total, size) => total + size, 0),
});

const sumOf = (
  manifests: readonly BundleManifest[],
  field: "records" | "textBytes" | "requestBytes",
): number => manifests.reduce((total, manifest) => total + manifest[field], 0);

export const bundleReport = (manifests: readonly BundleManifest[], tagged: number): BundleReport => {
  const records = sumOf(manifests, "records");
  const partSizes = manifests.flatMap(({ parts }) => parts.map(({ bytes }) => bytes));
  const indexSizes = manifests.flatMap(manifest => [
    ...manifest.parts.map(({ index }) => index.bytes),
    manifest.end.bytes,
    Buffer.byteLength(manifestText(manifest)),
  ]);
  const requests = { objects: records, bytes: sumOf(manifests, "requestBytes") };
  const measured: Measured = {
    records,
    requestBytes: requests.bytes,
    parts: sizesOf(partSizes),
    coldParts: sizesOf(partSizes.filter(bytes => bytes > BUNDLE_COLD_BYTES_ABOVE)),
    indices: sizesOf(indexSizes),
    tagged,
  };
  return {
    // Lines have a line feed each that the objects have not.
    before: { decisions: { objects: records, bytes: sumOf(manifests, "textBytes") - records }, requests },
    after: { parts: measured.parts, indices: measured.indices },
    costs: bundleCosts(measured, BUNDLE_COLD_CLASS),
  };
};

const dollars = (price: number): string => price.toFixed(price < 1 ? 4 : 2);

export const showReport = ({ before, after, costs }: BundleReport, output: Output): void => {
  const sizes = [
    ["before: decisions", before.decisions],
    ["before: requests", before.requests],
    ["after: bundles", after.parts],
    ["after: indices", after.indices],
  ] as const;
  const rows = sizes.map(([what, { objects, bytes }]) => [what, String(objects), String(bytes)]);
  output.data(textTable(["", "objects", "bytes"], rows, new Set([1, 2])));
  const { region, asOf } = S3_PRICES;
  output.data(`\nUS dollars for a million requests, scaled from this day (${region}, prices of ${asOf}):`);
  const lines = costs.map(({ what, objects, bytes, once, perMonth }) => [
    what,
    objects.toFixed(0),
    (bytes / 2 ** 30).toFixed(3),
    dollars(once),
    dollars(perMonth),
  ]);
  output.data(textTable(["kept as", "objects", "GB", "once", "a month"], lines, new Set([1, 2, 3, 4])));
};

export const showDifferences = (
  { day, number, differences, differenceCount }: BundleVerdict,
  output: Output,
): void => {
  for (const { object, decision, what } of differences)
    output.data(`${object}${decision === undefined || decision === object ? "" : ` (${decision})`}: ${what}`);
  output.talk(`Bundle ${number} of ${day}: ${differenceCount} differences.`);
};
