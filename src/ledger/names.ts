import { boundedKey } from "../table/bounded-key.ts";

/** Six digits, so that names sort as their epochs do. */
export const epochText = (epoch: number): string => String(epoch).padStart(6, "0");

/** `~` and `%` are written as escapes, so that a key can never look like another key with a digest behind it. */
export const escapeMarks = (key: string): string => key.replaceAll("%", "%25").replaceAll("~", "%7E");

/** Prefix of the decisions of all epochs in the decisions bucket. */
export const DECISIONS_PREFIX = "dec/";

/** Prefix of all decisions of an epoch in the decisions bucket. */
export const decisionPrefix = (epoch: number): string => `${DECISIONS_PREFIX}${epochText(epoch)}/`;

/**
 * Object key of a decision.
 *
 * The first content decided under a request key has the plain name; the decision over any other content carries
 * that content's digest. Same identity (key, digest), same name, so that If-None-Match keeps the first.
 */
export const decisionName = (epoch: number, requestKey: string, reusedDigest?: string): string => {
  const name = `${decisionPrefix(epoch)}${boundedKey(escapeMarks(requestKey))}`;
  return reusedDigest === undefined ? name : `${name}~${reusedDigest}`;
};

/** The marker whose presence tells the workers of the epoch before that nothing may be acknowledged any more. */
export const epochMarkerName = (epoch: number): string => `epoch/${epochText(epoch)}`;
