import {
  type ObjectAddress,
  type ObjectFacts,
  ObjectFrozen,
  type ObjectStore,
} from "../../ports/object-store.ts";
import { sha256Hex } from "../chain.ts";
import type { DecisionRecord } from "../domain.ts";
import { REQUEST_BYTES_MAX, unreadDigest } from "../found-request.ts";
import type { Placement } from "./placement.ts";

/** Behind the digest of a multipart upload's ETag stands the number of its parts. */
const isMultipart = ({ eTag }: ObjectFacts): boolean => eTag.includes("-");

const isUnread = ({ text, base64 }: DecisionRecord): boolean => text === undefined && base64 === undefined;

/**
 * Whether a copy holds what was decided: read back and compared by its SHA-256.
 *
 * A request that was not read when it was decided (too large, or cold) is not read now either: its digest is that of
 * size and ETag. Where the source came in parts, a copy has an ETag of another kind; then source and size must do.
 */
export const isDecidedContent = async (
  objects: ObjectStore,
  copy: ObjectAddress,
  record: DecisionRecord,
  { source }: Placement,
): Promise<boolean> => {
  if (isUnread(record)) return isUnreadContent(objects, copy, record, source);
  try {
    const got = await objects.get(copy, { start: 0, end: REQUEST_BYTES_MAX });
    return got !== undefined && sha256Hex(got.body) === record.digest;
  } catch (error) {
    if (!(error instanceof ObjectFrozen)) throw error;
    // Copies arrive in a warm class and are read then: one that is cold was compared before it became so.
    const facts = await objects.head(copy);
    return facts?.sizeBytes === record.source.sizeBytes;
  }
};

const isUnreadContent = async (
  objects: ObjectStore,
  copy: ObjectAddress,
  record: DecisionRecord,
  source: ObjectAddress,
): Promise<boolean> => {
  const facts = await objects.head(copy);
  if (facts === undefined || facts.sizeBytes !== record.source.sizeBytes) return false;
  if (unreadDigest(facts) === record.digest) return true;
  const original = await objects.head(source);
  // Without its source there is nothing left to compare with: S3 wrote bytes and metadata of the copy as one.
  if (original === undefined) return true;
  return isMultipart(original) && unreadDigest(original) === record.digest;
};
