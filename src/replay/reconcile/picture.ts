import { isoInstant } from "../../ports/clock.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { onlyKnown } from "../../tracking/known.ts";
import type { Observation } from "../../tracking/observation.ts";
import { observationOfListed } from "../crawl/crawl-bucket.ts";
import { InventoryError } from "../inventory/errors.ts";
import { observationOf } from "../inventory/observation-of.ts";
import type { Report } from "../inventory/open-report.ts";
import { selectByReading } from "../selection/select.ts";

/** What S3 shows of some buckets: every version and delete marker under a prefix. */
export type Picture = {
  readonly source: "listing" | "inventory";
  /** ISO instant: what was stored or deleted later may be missing from it. */
  readonly takenAt: string;
  readonly batches: AsyncIterable<readonly Observation[]>;
};

/** What is looked at. */
export type Scope = { readonly buckets: readonly string[]; readonly prefix: string };

/** Pages of one bucket's listing, each of a thousand versions: more are a matter of an inventory report. */
const PAGES_MAX = 100_000;

/** A report that cannot be compared with, and why. */
export class UnusableReport extends InventoryError {
  override readonly name = "UnusableReport";
}

/** The buckets as a listing of their versions shows them. Throws above `PAGES_MAX` pages of a bucket. */
export const listingPicture = (objects: ObjectStore, scope: Scope, beganAtMs: number): Picture => ({
  source: "listing",
  takenAt: isoInstant(beganAtMs),
  batches: listed(objects, scope),
});

async function* listed(
  objects: ObjectStore,
  { buckets, prefix }: Scope,
): AsyncGenerator<readonly Observation[]> {
  for (const bucket of buckets) yield* listedIn(objects, bucket, prefix);
}

async function* listedIn(
  objects: ObjectStore,
  bucket: string,
  prefix: string,
): AsyncGenerator<readonly Observation[]> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { versions, cursor: next } = await objects.listVersions({ bucket, prefix, cursor });
    yield versions.map(version => observationOfListed(bucket, version));
    cursor = next;
    if (cursor === undefined) return;
  }
  throw new Error(
    `More than ${PAGES_MAX} pages of versions in s3://${bucket}/${prefix}: use a longer prefix.`,
  );
}

/**
 * The buckets as an inventory report shows them; rows of other buckets or another prefix are passed over.
 *
 * Throws: `UnusableReport` for a manifest that does not say when the report was begun, and while reading for a report
 *         that lists current versions only: without version ids nothing in it could be found again.
 */
export const inventoryPicture = (report: Report, scope: Scope): Picture => {
  const { createdAtMs } = report.manifest;
  if (createdAtMs === undefined)
    throw new UnusableReport(
      report.name,
      "does not say when the report was begun, so nothing can be told from what is newer",
      "Give a manifest with a creationTimestamp, as S3 writes it.",
    );
  const takenAt = isoInstant(createdAtMs);
  return { source: "inventory", takenAt, batches: reported(report, scope, takenAt) };
};

async function* reported(
  report: Report,
  { buckets, prefix }: Scope,
  takenAt: string,
): AsyncGenerator<readonly Observation[]> {
  for await (const meant of selectByReading([report], { buckets, prefix })) {
    if (meant.some(({ isLatest }) => isLatest === null))
      throw new UnusableReport(
        report.name,
        "lists current versions only, without their ids",
        "Configure the inventory to include all versions.",
      );
    yield meant.map(record => onlyKnown(observationOf(record, takenAt)));
  }
}
