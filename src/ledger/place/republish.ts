import type { Topic } from "../../ports/messages.ts";
import { NULL_VERSION, type Observation } from "../../tracking/observation.ts";
import { syntheticNotification } from "../../tracking/synthetic-notification.ts";
import type { AnyLedger } from "../ledger.ts";
import { decisionName } from "../names.ts";
import { overdue } from "./overdue.ts";

export type Republished = {
  /** Requests whose decisions were told of again. */
  readonly published: number;
  /** Keys of requests that are decided in the table, but whose decision is not in S3: publishing it comes first. */
  readonly unpublished: readonly string[];
};

/**
 * Tells again of the decisions of requests that were to be placed by `before` (ISO instant): their messages are lost
 * or dead. `decided` is the topic S3 itself tells of new decisions, `region` the bucket's.
 *
 * Safe to repeat, and while placing goes on: whoever is told twice finds the copy there. Other content of a used key
 * is in no index; its message is found among the dead letters.
 */
export const republishUnplaced = async (
  ledger: AnyLedger,
  decided: Topic,
  { before, region }: { readonly before: string; readonly region: string },
): Promise<Republished> => {
  const unpublished: string[] = [];
  let published = 0;
  for await (const { key, decision } of overdue(ledger, "place", before)) {
    const picture = decision && (await pictureOf(ledger, decisionName(decision.epoch, key)));
    if (picture === undefined) unpublished.push(key);
    else {
      await decided.publish({ body: syntheticNotification([picture], region) });
      published += 1;
    }
  }
  return { published, unpublished };
};

/** What S3 shows of a decision now: the version that is read when it is told of. */
const pictureOf = async (
  { objects, decisionsBucket: bucket }: AnyLedger,
  key: string,
): Promise<Observation | undefined> => {
  const facts = await objects.head({ bucket, key });
  if (facts === undefined) return undefined;
  const { versionId = NULL_VERSION, lastModified: time, sizeBytes, eTag } = facts;
  return { source: "head", bucket, key, versionId, kind: "created", event: "head", time, sizeBytes, eTag };
};
