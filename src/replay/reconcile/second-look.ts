import type { AnyLedger } from "../../ledger/ledger.ts";
import { isoInstant } from "../../ports/clock.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { Observation } from "../../tracking/observation.ts";
import { refreshState } from "../../tracking/refresh-state.ts";
import { track } from "../../tracking/track.ts";
import type { VersionView } from "../../tracking/views.ts";

/** What a second look at something found. `failed`: it is gone, but that could not be written down. */
export type Looked =
  | { readonly outcome: "stillThere" | "gone" }
  | { readonly outcome: "failed"; readonly reason: string };

/**
 * Looks again at a version or delete marker that a picture did not show, and unless this is only a rehearsal marks it
 * deleted if S3 says that it is not there. An error of S3's, a 403 above all, marks nothing and is thrown.
 * `seenAt`: the latest time of all that was observed of the version, ISO instant.
 *
 * Source: ruling on what a listing or report no longer shows.
 */
export const lookAgain = async (
  ledger: AnyLedger,
  view: VersionView,
  { isDryRun, seenAt }: { readonly isDryRun: boolean; readonly seenAt: string },
): Promise<Looked> => {
  if (await isThere(ledger.objects, view)) return { outcome: "stillThere" };
  return isDryRun ? { outcome: "gone" } : markGone(ledger, view, seenAt);
};

const isThere = async (objects: ObjectStore, { latest, state }: VersionView): Promise<boolean> => {
  const { bucket, key, versionId } = latest;
  // A HEAD answers for a delete marker as for nothing at all, so only a listing tells.
  if (state === "marker") return isListed(objects, latest);
  return (await objects.head({ bucket, key, versionId })) !== undefined;
};

/** Pages of one key's versions: a key with more is no request but a defect. */
const PAGES_MAX = 100;

const isListed = async (
  objects: ObjectStore,
  { bucket, key, versionId }: Pick<Observation, "bucket" | "key" | "versionId">,
): Promise<boolean> => {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { versions, cursor: next } = await objects.listVersions({ bucket, prefix: key, cursor });
    if (versions.some(version => version.key === key && version.versionId === versionId)) return true;
    // The key itself comes before all others that begin with it.
    if (next === undefined || versions.some(version => version.key !== key)) return false;
    cursor = next;
  }
  throw new Error(`More than ${PAGES_MAX} pages of versions of s3://${bucket}/${key}.`);
};

const markGone = async (ledger: AnyLedger, { latest }: VersionView, seenAt: string): Promise<Looked> => {
  const { bucket, key, versionId } = latest;
  // Right after all that is known of it, in S3's own time: by our clock, were it ahead, what is stored under the null
  // version a moment later would seem gone as well, for ever.
  const time = isoInstant(Date.parse(seenAt) + 1);
  const gone: Observation = { source: "head", bucket, key, versionId, kind: "deleted", time, event: "head" };
  for (const tracked of await track(ledger, [gone], { receivedAt: isoInstant(ledger.clock.now()) }))
    if (tracked.outcome === "failed") return { outcome: "failed", reason: tracked.reason };
  const refreshed = await refreshState(ledger, key, ledger.roles);
  return refreshed.outcome === "failed"
    ? { outcome: "failed", reason: refreshed.reason }
    : { outcome: "gone" };
};
