import { isoInstant } from "../../ports/clock.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { Observation, ObservationRow } from "../../tracking/observation.ts";
import { observe } from "../../tracking/observe.ts";
import { versionsOf } from "../../tracking/views.ts";
import { observationOfListed } from "../crawl/crawl-bucket.ts";
import { observationOf } from "../inventory/observation-of.ts";
import type { Report } from "../inventory/open-report.ts";
import { selectByReading } from "../selection/select.ts";

/** Pages of a bucket's listing, each of a thousand versions. */
const PAGES_MAX = 100_000;

/** One key in a bucket, with its versions, the newest first; delete markers are left out. */
export type ShownKey = { readonly key: string; readonly versions: readonly Observation[] };

export type Shown = {
  readonly keys: readonly ShownKey[];
  /** Rows of reports that were read, and pages listed. */
  readonly rows: number;
  readonly pages: number;
};

/**
 * All versions of a bucket that reports or its listing show: reports for the bulk, the listing for what they are too
 * young to hold, or have missed. What only a report shows may be gone by now.
 *
 * Memory: a picture a version, some 300 bytes. Throws: as `selectByReading`; what S3 throws.
 */
export const versionsShown = async (
  objects: ObjectStore,
  bucket: string,
  reports: readonly Report[],
  isMeant: (key: string) => boolean = () => true,
): Promise<Shown> => {
  const rowsOf = new Map<string, readonly ObservationRow[]>();
  const add = (picture: Observation): void => {
    if (isMeant(picture.key)) rowsOf.set(picture.key, observe(rowsOf.get(picture.key) ?? [], picture).rows);
  };
  let rows = 0;
  for (const report of reports) {
    const takenAt = isoInstant(report.manifest.createdAtMs ?? 0);
    for await (const records of selectByReading([report], { buckets: [bucket] })) {
      rows += records.length;
      // Copied, so that the batch it was read in is not held in memory.
      for (const record of records) add(JSON.parse(JSON.stringify(observationOf(record, takenAt))));
    }
  }
  const pages = await listInto(objects, bucket, add);
  const keys = [...rowsOf].map(([key, seen]) => ({
    key,
    versions: versionsOf(seen, bucket)
      .filter(({ state }) => state === "object")
      .map(({ latest }) => latest)
      .reverse(),
  }));
  return { keys, rows, pages };
};

const listInto = async (
  objects: ObjectStore,
  bucket: string,
  add: (picture: Observation) => void,
): Promise<number> => {
  let cursor: string | undefined;
  for (let page = 1; page <= PAGES_MAX; page += 1) {
    const listed = await objects.listVersions({ bucket, cursor });
    for (const version of listed.versions) add(observationOfListed(bucket, version));
    cursor = listed.cursor;
    if (cursor === undefined) return page;
  }
  throw new Error(`More than ${PAGES_MAX} pages of versions in s3://${bucket}.`);
};
