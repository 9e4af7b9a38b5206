import type { Topic } from "../../ports/messages.ts";
import { NULL_VERSION, type Observation } from "../../tracking/observation.ts";
import { syntheticNotification } from "../../tracking/synthetic-notification.ts";
import type { AnyLedger } from "../ledger.ts";
import { decisionName } from "../names.ts";
import { overdue } from "./overdue.ts";

/** A request that is decided in the table and not placed. */
export type Unplaced = {
  readonly key: string;
  /** What S3 shows of its decision; absent where the decision is not in S3 yet: publishing it comes first. */
  readonly decision: Observation | undefined;
};

/**
 * The requests that were to be placed by `before` (ISO instant): the messages of their decisions are lost or dead.
 *
 * Other content of a used key is in no index: reconcile looks for it among the keys it walks through.
 */
export async function* unplaced(ledger: AnyLedger, before: string): AsyncGenerator<Unplaced> {
  for await (const { key, decision } of overdue(ledger, "place", before))
    yield { key, decision: decision && (await pictureOf(ledger, decisionName(decision.epoch, key))) };
}

/**
 * Tells of a decision again. `decided` is the topic S3 itself tells of new decisions, `region` the bucket's.
 *
 * Safe to repeat, and while placing goes on: whoever is told twice finds the copy there.
 */
export const republish = (
  decided: Topic,
  { decision, region }: { readonly decision: Observation; readonly region: string },
): Promise<void> => decided.publish({ body: syntheticNotification([decision], region) });

/** What S3 shows of a decision now: the version that is read when it is told of. */
export const pictureOf = async (
  { objects, decisionsBucket: bucket }: AnyLedger,
  key: string,
): Promise<Observation | undefined> => {
  const facts = await objects.head({ bucket, key });
  if (facts === undefined) return undefined;
  const { versionId = NULL_VERSION, lastModified: time, sizeBytes, eTag } = facts;
  return { source: "head", bucket, key, versionId, kind: "created", event: "head", time, sizeBytes, eTag };
};
