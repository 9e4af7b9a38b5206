import type { ListedVersion, ObjectStore } from "../../ports/object-store.ts";
import { onlyKnown } from "../../tracking/known.ts";
import type { Observation } from "../../tracking/observation.ts";
import type { Intake } from "../ingest/ingest-pictures.ts";
import { type IngestEnd, type IngestOptions, ingestInRun, type Piece } from "../ingest/ingest-run.ts";
import type { RunPlace } from "../runs/run-record.ts";

/** What is crawled. */
export type CrawlScope = {
  readonly bucket: string;
  /** Only keys that begin with this; empty for all. */
  readonly prefix: string;
};

/** A place in a listing: behind all versions of the key `after`; at its beginning without. */
export type CrawlPlace = { readonly prefix: string; readonly after?: string };

/** A billion versions: who has more takes an inventory report. */
const PAGES_MAX = 1_000_000;

/**
 * Lists the versions of a bucket and takes them into tracking. One crawl at a time for each bucket; one of the same
 * prefix goes on where the one before stopped. What tracking believes to be there and the listing lacks is not looked
 * for: that is what reconcile does.
 *
 * Throws: above `PAGES_MAX` pages; what the ports throw.
 * Source: filemanager vectors K1-K5.
 */
export const crawlBucket = (
  intake: Intake & { readonly runs: RunPlace; readonly objects: ObjectStore },
  scope: CrawlScope,
  options: IngestOptions = {},
): Promise<IngestEnd<CrawlPlace>> =>
  ingestInRun<CrawlPlace>(
    intake,
    {
      kind: "crawl",
      subject: scope.bucket,
      what: scope,
      startAt: from => (from?.prefix === scope.prefix ? from : { prefix: scope.prefix }),
      pieces: start => piecesOf(intake.objects, scope, start),
    },
    options,
  );

async function* piecesOf(
  objects: ObjectStore,
  { bucket, prefix }: CrawlScope,
  start: CrawlPlace,
): AsyncGenerator<Piece<CrawlPlace>> {
  let cursor: string | undefined;
  let next = start;
  const { after: startAfter } = start;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await objects.listVersions({
      bucket,
      prefix,
      cursor,
      ...(startAfter !== undefined && { startAfter }),
    });
    const after = lastWhole(page.versions, page.cursor === undefined);
    if (after !== undefined) next = { prefix, after };
    yield { pictures: page.versions.map(version => observationOfListed(bucket, version)), next };
    cursor = page.cursor;
    if (cursor === undefined) return;
  }
  throw new Error(
    `More than ${PAGES_MAX} pages of versions in ${bucket}: take an inventory of it, or a prefix.`,
  );
}

/** The last key of a page all of whose versions are listed: the page that follows may begin with more of the last. */
const lastWhole = (versions: readonly ListedVersion[], isLastPage: boolean): string | undefined => {
  const last = versions.at(-1)?.key;
  return isLastPage ? last : versions.findLast(({ key }) => key !== last)?.key;
};

/** What a listed version, or delete marker, tells tracking: a picture without a sequencer, of its LastModified. */
export const observationOfListed = (bucket: string, version: ListedVersion): Observation => {
  const { isDeleteMarker, lastModified, key, versionId, eTag, sizeBytes, storageClass, isLatest } = version;
  return onlyKnown<Observation>({
    source: "listing",
    bucket,
    key,
    versionId,
    kind: isDeleteMarker ? "marker" : "created",
    time: lastModified,
    event: "listing",
    sizeBytes,
    eTag,
    storageClass,
    lastModified,
    isLatest,
  });
};
