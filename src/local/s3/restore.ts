import { isoInstant } from "../../ports/clock.ts";
import type { RestoreTier } from "../../ports/object-store.ts";
import { eventVersionId, type S3 } from "./s3.ts";
import { S3Error } from "./s3-error.ts";
import type { PendingRestore } from "./s3-state.ts";
import type { Bucket, Version } from "./s3-types.ts";
import { isCold, objectVersion, type VersionAddress } from "./versions.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Longest usual waiting time, by class and tier.
 * Source: Amazon S3 User Guide, "Archive retrieval options". Deep Archive has no Expedited tier.
 */
const WAIT_MS: Readonly<Record<string, Partial<Record<RestoreTier, number>>>> = {
  GLACIER: { Expedited: 5 * 60_000, Standard: 5 * HOUR_MS, Bulk: 12 * HOUR_MS },
  DEEP_ARCHIVE: { Standard: 12 * HOUR_MS, Bulk: 48 * HOUR_MS },
};

export type RestoreRequest = VersionAddress & { readonly days: number; readonly tier: RestoreTier };

/**
 * Asks for a readable copy and publishes `ObjectRestore:Post`. Asking again for a copy that exists moves its end.
 * Returns: `accepted` (202) for a new copy, `extended` (200) for one that exists.
 * Throws: S3Error as head does, InvalidObjectState (no cold class), RestoreAlreadyInProgress, InvalidArgument.
 */
export const restoreObject = (s3: S3, request: RestoreRequest): "accepted" | "extended" =>
  s3.operation(() => {
    const { bucket, version } = objectVersion(s3, request);
    const waitMs = checkedWait(request, version);
    const nowMs = s3.clock.now();
    if (version.restore?.completed) {
      change(s3, bucket, version, { ...version.restore, expiresAtMs: expiry(nowMs, request.days) });
      return "extended";
    }
    if (version.restore !== undefined) {
      throw new S3Error("RestoreAlreadyInProgress", "Object restore is already in progress");
    }
    const readyAtMs = nowMs + waitMs * s3.restoreTimeFactor;
    change(s3, bucket, version, {
      readyAtMs,
      expiresAtMs: expiry(readyAtMs, request.days),
      completed: false,
    });
    publish(s3, bucket, version, "ObjectRestore:Post");
    runRestores(s3);
    return "accepted";
  });

/**
 * Completes and ends the restores that are due, with their events. Calling it often costs nothing.
 * Returns: when it should be called next, ms since the epoch; absent when no restore is under way.
 */
export const runRestores = (s3: S3): number | undefined => {
  const nowMs = s3.clock.now();
  if (nowMs >= s3.state.nextRestoreMs) {
    s3.operation(() => {
      for (const pending of [...s3.state.restores.values()]) runRestore(s3, pending, nowMs);
    });
    s3.state.nextRestoreMs = Number.POSITIVE_INFINITY;
    for (const pending of s3.state.restores.values()) {
      s3.state.nextRestoreMs = Math.min(s3.state.nextRestoreMs, pending.dueMs);
    }
  }
  return Number.isFinite(s3.state.nextRestoreMs) ? s3.state.nextRestoreMs : undefined;
};

const runRestore = (s3: S3, pending: PendingRestore, nowMs: number): void => {
  const bucket = s3.state.buckets.get(pending.bucket);
  const version = bucket?.versions.get(pending.key)?.find(other => other.versionId === pending.versionId);
  if (bucket === undefined || version?.restore === undefined) return;
  const { restore } = version;
  if (!restore.completed && nowMs >= restore.readyAtMs) {
    change(s3, bucket, version, { ...restore, completed: true });
    publish(s3, bucket, version, "ObjectRestore:Completed", {
      glacierEventData: {
        restoreEventData: {
          lifecycleRestorationExpiryTime: isoInstant(restore.expiresAtMs),
          lifecycleRestoreStorageClass: version.storageClass,
        },
      },
    });
  }
  if (nowMs >= restore.expiresAtMs) {
    change(s3, bucket, version, undefined);
    publish(s3, bucket, version, "ObjectRestore:Delete");
  }
};

const checkedWait = (request: RestoreRequest, version: Version): number => {
  if (!isCold(version)) {
    throw new S3Error("InvalidObjectState", "Restore is not allowed for the object's current storage class", {
      facts: { StorageClass: version.storageClass },
    });
  }
  if (!Number.isInteger(request.days) || request.days < 1) {
    throw new S3Error("InvalidArgument", "Days must be a positive whole number.");
  }
  const waitMs = WAIT_MS[version.storageClass]?.[request.tier];
  if (waitMs === undefined) {
    throw new S3Error(
      "InvalidArgument",
      `The tier ${request.tier} is not offered for ${version.storageClass}.`,
    );
  }
  return waitMs;
};

/** The midnight UTC after the asked days: copies end with a day. */
const expiry = (fromMs: number, days: number): number =>
  Math.ceil((fromMs + days * DAY_MS) / DAY_MS) * DAY_MS;

const change = (s3: S3, bucket: Bucket, version: Version, restore: Version["restore"]): void => {
  const { key, versionId } = version;
  s3.commit({
    type: "version-changed",
    bucket: bucket.name,
    key,
    versionId,
    patch: { restore: restore ?? null },
  });
};

const publish = (
  s3: S3,
  bucket: Bucket,
  { key, versionId, eTag, body }: Version,
  name: string,
  extra?: Readonly<Record<string, unknown>>,
): void => {
  const atMs = s3.tick();
  s3.publish({
    name,
    bucket: bucket.name,
    atMs,
    extra,
    object: {
      key,
      size: body.sizeBytes,
      eTag,
      versionId: eventVersionId(versionId),
      sequencer: s3.sequencer(atMs),
    },
  });
};
