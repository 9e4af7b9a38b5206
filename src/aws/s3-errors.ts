import { type ObjectAddress, ObjectFrozen } from "../ports/object-store.ts";

/** The bucket itself is absent, which is a broken set-up and no answer. */
export class BucketMissing extends Error {
  override readonly name = "BucketMissing";
  constructor(bucket: string, options?: ErrorOptions) {
    super(`Expected a bucket ${bucket}: S3 knows none of this name.`, options);
  }
}

/** No object, no version, or a delete marker; HEAD says `NotFound` for lack of a body to say more in. */
const ABSENT: ReadonlySet<string> = new Set(["NoSuchKey", "NoSuchVersion", "NotFound"]);
/** GetObject says the first of a cold object, CopyObject may say the second. */
const FROZEN: ReadonlySet<string> = new Set(["InvalidObjectState", "ObjectNotInActiveTierError"]);

/** Whether the error says that there is nothing at the address. Source: S3 API Reference, "Error responses". */
export const isAbsent = (error: unknown): boolean =>
  error instanceof Error && ((statusOf(error) === 404 && ABSENT.has(error.name)) || isMarker(error));

/** HTTP 412: the condition of a put or copy did not hold. */
export const isExisting = (error: unknown): boolean => error instanceof Error && statusOf(error) === 412;

/** HTTP 409: another conditional write of this key was under way; this one did not happen. */
export const isConflict = (error: unknown): boolean =>
  error instanceof Error && error.name === "ConditionalRequestConflict";

/** HTTP 416: the range begins behind the last byte. */
export const isBeyondEnd = (error: unknown): boolean => error instanceof Error && statusOf(error) === 416;

/** HTTP 409: a readable copy was asked for before. */
export const isRestoring = (error: unknown): boolean =>
  error instanceof Error && error.name === "RestoreAlreadyInProgress";

/** A readable copy was asked of an object in no cold class. Source: S3 API Reference, RestoreObject; the model names the second. */
export const isWarm = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === "InvalidObjectState" || error.name === "ObjectAlreadyInActiveTierError");

/** The error to throw to the port's caller. */
export const portError = (error: unknown, address: ObjectAddress): unknown => {
  if (!(error instanceof Error)) return error;
  if (FROZEN.has(error.name)) return new ObjectFrozen(address);
  return error.name === "NoSuchBucket" ? new BucketMissing(address.bucket, { cause: error }) : error;
};

// S3 answers 405 for a version that is a delete marker, and names it in a header.
const isMarker = (error: Error): boolean => {
  if (statusOf(error) !== 405 || !("$response" in error)) return false;
  const { headers } = (error.$response ?? {}) as { readonly headers?: Record<string, string> };
  return headers?.["x-amz-delete-marker"] === "true";
};

const statusOf = (error: Error): number | undefined => {
  if (!("$metadata" in error)) return undefined;
  return (error.$metadata as { readonly httpStatusCode?: number }).httpStatusCode;
};
