import { sha256Hex } from "../../ledger/chain.ts";
import type { FoundRequest } from "../../ledger/found-request.ts";
import { REQUEST_BYTES_MAX, unreadDigest } from "../../ledger/found-request.ts";
import type { PlacedDecision } from "../../ledger/place/read-placement.ts";
import { ObjectFrozen, type ObjectStore } from "../../ports/object-store.ts";
import { NULL_VERSION } from "../../tracking/observation.ts";

/**
 * A placed request as it was found when it was decided: its bytes from the copy, compared by their digest, and where it
 * lay from what the copy tells. One that was decided unread (too large, or cold) has no bytes again.
 *
 * Returns: why not, for a copy that holds something else, or is gone or cold by now.
 */
export const fetchRequest = async (
  objects: ObjectStore,
  placed: PlacedDecision,
): Promise<FoundRequest | { readonly reason: string }> => {
  const { copy, sizeBytes, eTag, digest } = placed;
  if (sizeBytes > REQUEST_BYTES_MAX || unreadDigest({ sizeBytes, eTag }) === digest)
    return foundAs(placed, undefined);
  try {
    const got = await objects.get(copy);
    if (got === undefined) return { reason: "its copy is gone" };
    if (sha256Hex(got.body) !== digest) return { reason: "its copy holds other bytes than were decided" };
    return foundAs(placed, got.body);
  } catch (error) {
    if (!(error instanceof ObjectFrozen)) throw error;
    return { reason: "its copy is cold" };
  }
};

const foundAs = (
  { key, digest, sizeBytes, source }: PlacedDecision,
  bytes: Uint8Array | undefined,
): FoundRequest => ({
  seen: {
    source: "notification",
    bucket: source.bucket,
    key,
    versionId: source.versionId ?? NULL_VERSION,
    kind: "created",
    time: source.eventTime,
    event: "ObjectCreated:Put",
    ...(source.sequencer !== undefined && { sequencer: source.sequencer }),
  },
  ...{ bytes, sizeBytes, digest },
});
