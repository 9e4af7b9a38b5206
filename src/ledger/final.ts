import type { AnyLedger } from "./ledger.ts";
import { isEpochOver, isPublished } from "./publish.ts";
import type { HeadRow } from "./reading.ts";
import { parseRecord } from "./record.ts";

/**
 * Up to which sequence a stream's decisions are final: published, so that no restore can undo them. What lies above is
 * provisional, and whoever shows it must say so.
 *
 * Asks S3 only where the head itself does not know, at most for its newest decision.
 */
export const finalThrough = async (ledger: AnyLedger, head: HeadRow): Promise<number> => {
  // A head of an epoch before is in the manifest that began this one.
  if (head.publishedThrough >= head.sequence || head.epoch < ledger.epoch) return head.sequence;
  const decision = { record: parseRecord(head.last, `the head of ${head.stream}`), text: head.last };
  const isFinal = (await isPublished(ledger, decision)) && !(await isEpochOver(ledger));
  return isFinal ? head.sequence : head.publishedThrough;
};
