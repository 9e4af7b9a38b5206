import { testEventMessage } from "./event-record.ts";
import { bucketNamed, type S3 } from "./s3.ts";
import { S3Error } from "./s3-error.ts";
import type { Bucket, BucketSettings } from "./s3-types.ts";

/** 3 to 63 of lower-case letters, digits, dot and hyphen. Source: Amazon S3 User Guide, "Bucket naming rules". */
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Throws: S3Error InvalidBucketName, BucketAlreadyOwnedByYou. */
export const createBucket = (s3: S3, name: string): void =>
  s3.operation(() => {
    if (!BUCKET_NAME.test(name)) {
      throw new S3Error("InvalidBucketName", "The specified bucket is not valid.", {
        facts: { BucketName: name },
      });
    }
    if (s3.state.buckets.has(name)) {
      throw new S3Error(
        "BucketAlreadyOwnedByYou",
        "Your previous request to create the named bucket succeeded and you already own it.",
        { facts: { BucketName: name } },
      );
    }
    s3.commit({ type: "bucket-created", bucket: name, atMs: s3.tick() });
  });

/** Throws: S3Error NoSuchBucket, BucketNotEmpty (versions and delete markers count). */
export const deleteBucket = (s3: S3, name: string): void =>
  s3.operation(() => {
    if (bucketNamed(s3, name).versions.size > 0) {
      throw new S3Error("BucketNotEmpty", "The bucket you tried to delete is not empty", {
        facts: { BucketName: name },
      });
    }
    s3.commit({ type: "bucket-deleted", bucket: name });
  });

export const listBuckets = (s3: S3): readonly Bucket[] =>
  [...s3.state.buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

/**
 * Changes a bucket's settings. Setting notifications publishes `s3:TestEvent` to each destination.
 * Throws: S3Error NoSuchBucket, InvalidArgument (versioning can be suspended but never turned off
 * again; a destination that does not exist).
 */
export const configureBucket = (s3: S3, name: string, settings: Partial<BucketSettings>): void =>
  s3.operation(() => {
    const bucket = bucketNamed(s3, name);
    if (settings.versioning === "off" && bucket.settings.versioning !== "off") {
      throw new S3Error("InvalidArgument", "Versioning cannot be turned off once it was on.");
    }
    const destinations = new Set(settings.notifications?.map(rule => rule.destination));
    for (const destination of destinations) {
      if (s3.isDestination(destination)) continue;
      throw new S3Error("InvalidArgument", "Unable to validate the following destination configurations", {
        facts: { ArgumentName: destination },
      });
    }
    s3.commit({ type: "bucket-configured", bucket: name, settings });
    for (const destination of destinations) {
      s3.deliver(destination, testEventMessage(name, s3.tick(), s3.random));
    }
  });
