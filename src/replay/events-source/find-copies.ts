import { pMapIterable } from "p-map";
import { type PlacedDecision, readPlacement } from "../../ledger/place/read-placement.ts";
import { BUNDLE_PREFIX } from "../../ports/bundle-storage.ts";
import type { ObjectFacts, ObjectStore } from "../../ports/object-store.ts";
import type { BucketRoles } from "../../tracking/state.ts";
import { BUNDLE_INDEX_PREFIX } from "../bundle/names.ts";
import type { Report } from "../inventory/open-report.ts";
import type { Trouble } from "./trouble.ts";
import { type ShownKey, versionsShown } from "./versions-shown.ts";

/** HEADs are small; S3 takes thousands a second. */
const HEADS_AT_ONCE = 32;
const COLD: ReadonlySet<string> = new Set(["GLACIER", "DEEP_ARCHIVE"]);

export type FoundCopies = {
  readonly placed: readonly PlacedDecision[];
  /** Copies that cannot be read yet. */
  readonly cold: readonly { readonly bucket: string; readonly key: string }[];
  /** Keys that a report shows and that are not there any more. */
  readonly gone: readonly string[];
  readonly troubles: readonly Trouble[];
  readonly heads: number;
  readonly rows: number;
  readonly pages: number;
};

type Sums = {
  readonly placed: PlacedDecision[];
  readonly cold: { readonly bucket: string; readonly key: string }[];
  readonly gone: string[];
  readonly troubles: Trouble[];
  heads: number;
  rows: number;
  pages: number;
};

/**
 * The copies of decided requests, with what each tells of its decision. Of several versions under a key the newest that
 * tells of one: an older one is of a decision that a restore has made void.
 *
 * Throws: as `versionsShown`.
 */
export const findCopies = async (
  objects: ObjectStore,
  { archive, rejected }: BucketRoles,
  reports: readonly Report[],
  onProgress: (copies: number) => void,
): Promise<FoundCopies> => {
  const sums: Sums = { placed: [], cold: [], gone: [], troubles: [], heads: 0, rows: 0, pages: 0 };
  const isRequest = (key: string): boolean =>
    !key.startsWith(BUNDLE_PREFIX) && !key.startsWith(BUNDLE_INDEX_PREFIX);
  for (const bucket of new Set([archive, rejected])) {
    const shown = await versionsShown(objects, bucket, reports, bucket === archive ? isRequest : undefined);
    sums.rows += shown.rows;
    sums.pages += shown.pages;
    const looking = pMapIterable(shown.keys, each => lookAt(objects, bucket, each), {
      concurrency: HEADS_AT_ONCE,
    });
    for await (const look of looking) {
      add(sums, look);
      onProgress(sums.placed.length);
    }
  }
  return sums;
};

type Look = { readonly key: string; readonly heads: number } & (
  | { readonly placed: PlacedDecision; readonly facts: ObjectFacts }
  | { readonly reason: string }
  | { readonly isGone: true }
);

const lookAt = async (objects: ObjectStore, bucket: string, { key, versions }: ShownKey): Promise<Look> => {
  let reason: string | undefined;
  let heads = 0;
  for (const { versionId } of versions) {
    const facts = await objects.head({ bucket, key, versionId });
    heads += 1;
    if (facts === undefined) continue;
    const placed = readPlacement(facts);
    if (!("reason" in placed)) return { key, heads, placed, facts };
    reason ??= `s3://${bucket}/${key}: ${placed.reason}`;
  }
  return reason === undefined ? { key, heads, isGone: true } : { key, heads, reason };
};

const add = (sums: Sums, look: Look): void => {
  sums.heads += look.heads;
  if ("isGone" in look) {
    // A key of delete markers alone was never looked at: nothing was asked for.
    if (look.heads > 0) sums.gone.push(look.key);
    return;
  }
  if ("reason" in look) {
    sums.troubles.push({ kind: "unreadable", key: look.key, detail: look.reason });
    return;
  }
  const { placed, facts } = look;
  sums.placed.push(placed);
  const isReadable = facts.restore !== undefined && !facts.restore.ongoing;
  if (COLD.has(facts.storageClass) && !isReadable) sums.cold.push({ bucket: facts.bucket, key: facts.key });
};
