import { S3Error } from "./s3-error.ts";
import type { Bucket, Version } from "./s3-types.ts";
import { currentObject } from "./versions.ts";

export type WriteConditions = {
  /** Only `*` is known to S3 for writes: store if there is no current object. */
  readonly ifNoneMatch?: string | undefined;
  /** An ETag, or `*`: store if the current object has it. */
  readonly ifMatch?: string | undefined;
};

export const unquoted = (eTag: string): string => eTag.trim().replace(/^"|"$/g, "");

const failed = (condition: string): S3Error =>
  new S3Error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", {
    facts: { Condition: condition },
  });

const matches = (condition: string, version: Version): boolean =>
  condition.trim() === "*" || condition.split(",").some(eTag => unquoted(eTag) === version.eTag);

/**
 * Throws: S3Error PreconditionFailed, NoSuchKey (If-Match and no object), NotImplemented (If-None-Match with an ETag),
 * AccessDenied (the bucket asks for If-None-Match).
 * Source: Amazon S3 User Guide, "Conditional writes".
 */
export const checkWriteConditions = (bucket: Bucket, key: string, conditions: WriteConditions): void => {
  const current = currentObject(bucket, key);
  if (conditions.ifNoneMatch !== undefined) {
    if (conditions.ifNoneMatch.trim() !== "*") {
      throw new S3Error(
        "NotImplemented",
        "A header you provided implies functionality that is not implemented",
        {
          facts: { Header: "If-None-Match" },
        },
      );
    }
    if (current !== undefined) throw failed("If-None-Match");
  } else if (bucket.settings.requireIfNoneMatch) {
    throw new S3Error("AccessDenied", "Access Denied: this bucket takes only writes with If-None-Match: *.");
  }
  checkIfMatch(current, key, conditions.ifMatch);
};

/** Throws: S3Error PreconditionFailed, NoSuchKey. Source: Amazon S3 User Guide, "Conditional deletes". */
export const checkIfMatch = (
  current: Version | undefined,
  key: string,
  ifMatch: string | undefined,
): void => {
  if (ifMatch === undefined) return;
  if (current === undefined) {
    throw new S3Error("NoSuchKey", "The specified key does not exist.", { facts: { Key: key } });
  }
  if (!matches(ifMatch, current)) throw failed("If-Match");
};

export type ReadConditions = WriteConditions & {
  readonly ifModifiedSinceMs?: number | undefined;
  readonly ifUnmodifiedSinceMs?: number | undefined;
};

const wholeSeconds = (epochMs: number): number => Math.floor(epochMs / 1000) * 1000;

/**
 * Returns: `not-modified` where HTTP answers 304. Throws: S3Error PreconditionFailed.
 * Source: RFC 9110, 13.2.2: the ETag conditions come before the dates, which they replace.
 */
export const checkReadConditions = (
  version: Version,
  conditions: ReadConditions,
): "read" | "not-modified" => {
  const { ifMatch, ifNoneMatch, ifModifiedSinceMs, ifUnmodifiedSinceMs } = conditions;
  const lastModifiedMs = wholeSeconds(version.lastModifiedMs);
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, version)) throw failed("If-Match");
  } else if (ifUnmodifiedSinceMs !== undefined && lastModifiedMs > ifUnmodifiedSinceMs) {
    throw failed("If-Unmodified-Since");
  }
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, version) ? "not-modified" : "read";
  return ifModifiedSinceMs !== undefined && lastModifiedMs <= ifModifiedSinceMs ? "not-modified" : "read";
};
