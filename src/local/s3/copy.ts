import { createHash } from "node:crypto";
import type { StorageClass, Tags } from "../../ports/object-store.ts";
import { checkReadConditions, checkWriteConditions, type WriteConditions } from "./conditions.ts";
import { checkKey } from "./limits.ts";
import { headObject, type Stored, storeVersion } from "./objects.ts";
import { bucketNamed, type S3 } from "./s3.ts";
import { S3Error } from "./s3-error.ts";
import type { ObjectHeaders, Version } from "./s3-types.ts";
import { isFrozen, type VersionAddress } from "./versions.ts";

export type CopyObject = {
  readonly from: VersionAddress;
  readonly fromConditions?: WriteConditions | undefined;
  readonly to: { readonly bucket: string; readonly key: string };
  readonly conditions?: WriteConditions | undefined;
  /** Given: replaces the source's metadata and headers. */
  readonly replaced?:
    | { readonly metadata: Readonly<Record<string, string>>; readonly headers: ObjectHeaders }
    | undefined;
  /** Given: replaces the source's tags. */
  readonly tags?: Tags | undefined;
  /** Never taken from the source: a copy without one is STANDARD. */
  readonly storageClass?: StorageClass | undefined;
};

/** Largest source of one copy; more needs a multipart upload. Source: S3 API, CopyObject. */
const COPY_BYTES_MAX = 5 * 1024 ** 3;

/**
 * Copies one version and publishes `ObjectCreated:Copy`. The copy's ETag is the MD5 of its bytes also where the
 * source came by multipart upload.
 * Throws: S3Error as head and put do, and ObjectNotInActiveTierError (cold source), InvalidRequest (onto itself without
 * a change).
 */
export const copyObject = (s3: S3, request: CopyObject): Stored & { readonly source: Stored } =>
  s3.operation(() => {
    const source = headObject(s3, request.from);
    const { version } = source;
    checkSource(s3, request, version);
    const bucket = bucketNamed(s3, request.to.bucket);
    checkKey(request.to.key);
    checkWriteConditions(bucket, request.to.key, request.conditions ?? {});
    const stored = storeVersion(s3, bucket, "ObjectCreated:Copy", {
      key: request.to.key,
      // Bodies never change: the copy has the same one.
      body: version.body,
      eTag: createHash("md5").update(version.body.read()).digest("hex"),
      metadata: request.replaced?.metadata ?? version.metadata,
      headers: request.replaced?.headers ?? version.headers,
      tags: request.tags ?? version.tags,
      storageClass: request.storageClass,
      checksum: version.checksum?.kind === "FULL_OBJECT" ? version.checksum : undefined,
    });
    return { ...stored, source };
  });

const checkSource = (s3: S3, request: CopyObject, version: Version): void => {
  if (checkReadConditions(version, request.fromConditions ?? {}) === "not-modified") {
    throw new S3Error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", {
      facts: { Condition: "x-amz-copy-source-If-None-Match" },
    });
  }
  if (isFrozen(version, s3.clock.now())) {
    throw new S3Error(
      "ObjectNotInActiveTierError",
      "The source object of the COPY operation is not in the active tier and is only stored in Amazon S3 Glacier.",
    );
  }
  if (version.body.sizeBytes > COPY_BYTES_MAX) {
    throw new S3Error(
      "InvalidRequest",
      "The specified copy source is larger than the maximum allowable size",
    );
  }
  if (copiesOntoItself(request, version)) {
    throw new S3Error(
      "InvalidRequest",
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
};

const copiesOntoItself = ({ from, to, replaced, storageClass }: CopyObject, version: Version): boolean =>
  from.bucket === to.bucket &&
  from.key === to.key &&
  from.versionId === undefined &&
  replaced === undefined &&
  (storageClass ?? "STANDARD") === version.storageClass;
