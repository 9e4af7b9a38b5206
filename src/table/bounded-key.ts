import { createHash } from "node:crypto";

/** Longest object key that is used in a sort key as it is. */
const WHOLE_KEY_BYTES_MAX = 900;
/** How much of a longer one is kept before its hash. */
const KEPT_BYTES = 800;

/**
 * An object key as part of a name that may not grow without bound: a sort key ends at 1,024 bytes (DynamoDB,
 * checked), an S3 key too.
 *
 * Returns: the key itself up to 900 bytes of UTF-8; else its first 800 bytes (cut between characters), `~`, and the
 * SHA-256 of the whole key in hex. Only a key crafted to
 * look like a shortened one can meet another; such keys are over the length of any valid request.
 */
export const boundedKey = (key: string): string => {
  const bytes = Buffer.from(key, "utf8");
  if (bytes.length <= WHOLE_KEY_BYTES_MAX) return key;
  let end = KEPT_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.subarray(0, end).toString("utf8")}~${createHash("sha256").update(bytes).digest("hex")}`;
};
