import { pMapIterable } from "p-map";
import type { DecisionRecord } from "../../ledger/domain.ts";
import { isOfRequest, placementOf } from "../../ledger/place/placement.ts";
import { parseRecord } from "../../ledger/record.ts";
import { BUNDLED_TAG } from "../../ports/bundle-storage.ts";
import type { ObjectFacts } from "../../ports/object-store.ts";
import { READS_AT_ONCE } from "./find-decisions.ts";
import type { BundlePlace } from "./place.ts";
import { readBundleTexts } from "./read-bundle.ts";
import { readManifest } from "./stored.ts";
import type { BundleVerdict } from "./verify-bundle.ts";

/** Source: Amazon S3 User Guide, "Categorizing your objects using tags". */
const TAGS_MAX = 10;

export type CopyCounts = {
  /** Tagged by this call. */
  readonly tagged: number;
  /** Tagged before. */
  readonly already: number;
  /** There is no copy: not placed yet, or expired. */
  readonly absent: number;
  /** Left alone, as the bundle does not hold their bytes. */
  readonly kept: number;
};

/**
 * The copy of a decided request in the bucket of its outcome; `undefined` if there is none.
 *
 * Its metadata must name the request and the digest that was decided: an object of the same key may be another request.
 */
export const findCopy = async (
  { objects, archiveBucket: archive, rejectedBucket: rejected }: BundlePlace,
  record: DecisionRecord,
): Promise<ObjectFacts | undefined> => {
  const placement = placementOf(record, { requests: record.source.bucket, archive, rejected });
  for (const key of placement.names) {
    const facts = await objects.head({ bucket: placement.bucket, key });
    if (facts !== undefined && isOfRequest(placement, facts.metadata)) return facts;
  }
  return undefined;
};

/** Whether the request of a decision that does not carry its bytes is kept: as a copy, or where it was put. */
export const isRequestKept = async (place: BundlePlace, record: DecisionRecord): Promise<boolean> => {
  if ((await findCopy(place, record)) !== undefined) return true;
  const { bucket, versionId, sizeBytes } = record.source;
  const source = await place.objects.head({
    bucket,
    key: record.key,
    ...(versionId !== undefined && { versionId }),
  });
  return source?.sizeBytes === sizeBytes;
};

/**
 * Tags the copies of the requests in a verified bundle, so that a lifecycle rule may expire them. Other tags stay.
 * Safe to do again.
 *
 * Throws: for a verdict with differences, or over stored bytes alone; what the object store throws.
 * Source: Amazon S3 API Reference, PutObjectTagging: it replaces the whole set, so this reads, merges and puts.
 */
export const releaseCopies = async (place: BundlePlace, verdict: BundleVerdict): Promise<CopyCounts> => {
  if (verdict.differenceCount > 0 || !verdict.isAgainstOriginals)
    throw new Error("Copies are released only by a bundle that equals its originals");
  const manifest = await readManifest(place, verdict);
  const counts = { tagged: 0, already: 0, absent: 0, kept: 0 };
  if (manifest === undefined) return counts;
  const releasing = pMapIterable(
    readBundleTexts(place, manifest),
    ({ key, text }) => releaseCopy(place, parseRecord(text, key)),
    { concurrency: READS_AT_ONCE },
  );
  for await (const outcome of releasing) counts[outcome] += 1;
  return counts;
};

const releaseCopy = async (place: BundlePlace, record: DecisionRecord): Promise<keyof CopyCounts> => {
  if (record.text === undefined && record.base64 === undefined) return "kept";
  const copy = await findCopy(place, record);
  if (copy === undefined) return "absent";
  const { bucket, key, versionId } = copy;
  // The version that was looked at, whatever is put on top in the meantime.
  const address = { bucket, key, versionId };
  const tags = await place.objects.getTags(address);
  if (tags === undefined) return "absent";
  if (tags[BUNDLED_TAG.name] === BUNDLED_TAG.value) return "already";
  if (Object.keys(tags).length >= TAGS_MAX && !(BUNDLED_TAG.name in tags)) return "kept";
  await place.objects.putTags(address, { ...tags, [BUNDLED_TAG.name]: BUNDLED_TAG.value });
  return "tagged";
};
