import { hash } from "node:crypto";

/** What the first leg of every stream has for a predecessor. */
export const GENESIS_HASH = "0".repeat(64);

/** Counts bytes, so that no two lists of fields give the same text: `["ab","c"]` and `["a","bc"]` differ. */
const lengthPrefixed = (field: string): string => `${Buffer.byteLength(field, "utf8")}:${field}`;

export const sha256Hex = (data: Uint8Array | string): string => hash("sha256", data, "hex");

/**
 * Hash of one leg of a decision: links it to the leg before it on its stream.
 *
 * Shape:   SHA-256, lower-case hex, over the previous hash and the length-prefixed fields.
 * Covers:  key, digest, outcome, code, stream, sequence and the change; not the time, facts or post-images, which
 *          are not part of what was decided (ruling: design record 0004).
 */
export const legHash = (leg: {
  readonly prevHash: string;
  readonly key: string;
  readonly digest: string;
  readonly outcome: string;
  readonly code: string;
  readonly stream: string;
  readonly sequence: number;
  readonly changeFields: readonly string[];
}): string => {
  const fields = [
    leg.prevHash,
    leg.key,
    leg.digest,
    leg.outcome,
    leg.code,
    leg.stream,
    String(leg.sequence),
    ...leg.changeFields,
  ];
  return sha256Hex(fields.map(lengthPrefixed).join(""));
};
