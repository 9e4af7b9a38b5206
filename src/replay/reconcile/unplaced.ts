import type { AnyLedger } from "../../ledger/ledger.ts";
import { decisionName } from "../../ledger/names.ts";
import { nameUnderDigest } from "../../ledger/place/placement.ts";
import { pictureOf, republish, unplaced } from "../../ledger/place/republish.ts";
import { NULL_VERSION, type Observation } from "../../tracking/observation.ts";
import type { SeenKey } from "./due.ts";
import type { FeedPlace } from "./feed.ts";
import type { Tally } from "./tally.ts";
import { contentsIn, reusedContents } from "./undecided.ts";

/**
 * Tells again of the decisions whose requests were to be placed by `before` (ISO instant) and were not. Those that are
 * not published are none of these: they are found and published by their own check.
 *
 * `prefix`: of the requests' keys. Without a topic of decisions they are only counted.
 */
export const tellUnplaced = async (
  ledger: AnyLedger,
  scope: { readonly prefix: string; readonly before: string; readonly feed?: FeedPlace | undefined },
  tally: Tally,
): Promise<void> => {
  const { prefix, before, feed } = scope;
  for await (const { key, decision } of unplaced(ledger, before)) {
    if (decision === undefined || !key.startsWith(prefix)) continue;
    if (feed?.decided !== undefined) await republish(feed.decided, { decision, region: feed.region });
    tally.add("unplaced", requestOf(ledger, key, decision));
  }
};

/**
 * The same for other content of used keys, which is in no index: of those keys that have more than one content and were
 * looked at anyway. What lies in its place is told by its own state.
 */
export const tellReusedUnplaced = async (
  ledger: AnyLedger,
  seen: readonly SeenKey[],
  scope: { readonly before: string; readonly feed?: FeedPlace | undefined },
  tally: Tally,
): Promise<void> => {
  const { requests } = ledger.roles;
  const keys = seen.flatMap(({ picture, rows = [] }) =>
    picture.bucket === requests && contentsIn(rows).size > 1 ? [picture.key] : [],
  );
  for (const key of keys)
    for (const { decision } of await reusedContents(ledger, key)) {
      const { digest } = decision;
      if (decision.decidedAt > scope.before || (await isPlaced(ledger, key, digest))) continue;
      const { feed } = scope;
      const picture = await pictureOf(ledger, decisionName(decision.epoch, key, digest));
      if (picture === undefined) continue;
      if (feed?.decided !== undefined)
        await republish(feed.decided, { decision: picture, region: feed.region });
      tally.add("unplaced", requestOf(ledger, key, picture));
    }
};

/** Other content of a used key lies under its digest. */
const isPlaced = async ({ store, rows }: AnyLedger, key: string, digest: string): Promise<boolean> => {
  const [item] = await store.get([rows.state.key({ key: nameUnderDigest(key, digest) })]);
  const state = item && rows.state.read(item);
  return state !== undefined && (state.inRejectedBucket || state.inArchiveBucket);
};

const requestOf = ({ roles }: AnyLedger, key: string, decision: Observation): Observation => ({
  ...decision,
  bucket: roles.requests,
  key,
  versionId: NULL_VERSION,
});
