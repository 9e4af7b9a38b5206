import { type ObjectFacts, ObjectFrozen, type ObjectStore } from "../ports/object-store.ts";
import type { Observation } from "../tracking/observation.ts";
import { sha256Hex } from "./chain.ts";
import type { RequestObject } from "./domain.ts";
import { requestBytes } from "./record.ts";

/** Largest request that is read; a larger one is refused unread. */
export const REQUEST_BYTES_MAX = 65_536;

/** A request as it was found in S3: where it was seen, and its bytes. `digest` is its identity's second half. */
export type FoundRequest = {
  /** The creation that told of it, from whatever source. */
  readonly seen: Observation;
  /** Absent for a request that is not read. */
  readonly bytes: Uint8Array | undefined;
  readonly sizeBytes: number;
  readonly digest: string;
};

/** The digest of a request that is not read: of its size and ETag, hex. */
export const unreadDigest = ({ sizeBytes, eTag }: Pick<ObjectFacts, "sizeBytes" | "eTag">): string =>
  sha256Hex(`unread:${sizeBytes}:${eTag}`);

/** Stands for the bytes that are not read: too many, or frozen. */
const unread = (seen: Observation, facts: ObjectFacts): FoundRequest => ({
  seen,
  bytes: undefined,
  sizeBytes: facts.sizeBytes,
  digest: unreadDigest(facts),
});

/**
 * Reads the request an observation speaks of, in the version it speaks of.
 *
 * Returns: the request, or `undefined` if that version is gone for good.
 * A request over `REQUEST_BYTES_MAX` is not downloaded, however large, nor is one in a cold class waited for; their
 * digest is that of size and ETag.
 */
export const findRequest = async (
  objects: ObjectStore,
  seen: Observation,
): Promise<FoundRequest | undefined> => {
  // Also where it is the null version: without it S3 would answer with whatever is current.
  const { bucket, key, versionId } = seen;
  const address = { bucket, key, versionId };
  try {
    // One byte more than allowed tells a request that is too large without reading it.
    const got = await objects.get(address, { start: 0, end: REQUEST_BYTES_MAX });
    if (got === undefined) return undefined;
    const { sizeBytes } = got.facts;
    if (sizeBytes > REQUEST_BYTES_MAX) return unread(seen, got.facts);
    return { seen, bytes: got.body, sizeBytes, digest: sha256Hex(got.body) };
  } catch (error) {
    if (!(error instanceof ObjectFrozen)) throw error;
    const facts = await objects.head(address);
    return facts && unread(seen, facts);
  }
};

/** A request from the row it was parked in: no S3 read, and it may be gone there. */
export const foundInRow = (row: {
  readonly observation: Observation;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly text?: string | undefined;
  readonly base64?: string | undefined;
}): FoundRequest => ({
  seen: row.observation,
  bytes: requestBytes(row),
  sizeBytes: row.sizeBytes,
  digest: row.digest,
});

/** What the domain gets to see of it. */
export const requestObject = ({ seen, bytes, sizeBytes }: FoundRequest): RequestObject => ({
  key: seen.key,
  bytes,
  sizeBytes,
  eventTime: seen.time,
});
