import type { AnyLedger } from "../../ledger/ledger.ts";
import { republish, unplaced } from "../../ledger/place/republish.ts";
import { NULL_VERSION, type Observation } from "../../tracking/observation.ts";
import type { FeedPlace } from "./feed.ts";
import type { Tally } from "./tally.ts";

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

const requestOf = ({ roles }: AnyLedger, key: string, decision: Observation): Observation => ({
  ...decision,
  bucket: roles.requests,
  key,
  versionId: NULL_VERSION,
});
