import type { StorageClass } from "../../ports/object-store.ts";
import { abortUpload } from "./multipart.ts";
import { deleteMarker } from "./objects.ts";
import { eventVersionId, type S3 } from "./s3.ts";
import type { Bucket, LifecycleRule, Version } from "./s3-types.ts";
import { newVersionId } from "./versions.ts";

const DAY_MS = 86_400_000;

/**
 * Smallest object that moves to another class where the rule sets no size itself.
 * Source: Amazon S3 User Guide, "Lifecycle transition considerations" (since September 2024, for every class).
 */
const TRANSITION_BYTES_MIN = 128 * 1024;

/** How far down a class lies: transitions only go down. */
const DEPTH: readonly StorageClass[] = [
  "STANDARD",
  "STANDARD_IA",
  "INTELLIGENT_TIERING",
  "ONEZONE_IA",
  "GLACIER_IR",
  "GLACIER",
  "DEEP_ARCHIVE",
];

export type LifecycleCounts = {
  readonly expired: number;
  readonly versionsDeleted: number;
  readonly transitioned: number;
  readonly uploadsAborted: number;
};

/** The first midnight UTC at least so many days after an instant: when an action of a rule is due. */
export const dueMidnightMs = (fromMs: number, days: number): number =>
  Math.ceil((fromMs + days * DAY_MS) / DAY_MS) * DAY_MS;

/**
 * Does what the lifecycle rules of all buckets ask for by this clock's time, with S3's own events. Permanent deletion
 * goes before transition, that before a delete marker.
 * Source: Amazon S3 User Guide, "Managing the lifecycle of objects", "Resolving lifecycle conflicts".
 */
export const runLifecycle = (s3: S3): LifecycleCounts => {
  const counts = { expired: 0, versionsDeleted: 0, transitioned: 0, uploadsAborted: 0 };
  for (const bucket of s3.state.buckets.values()) {
    const rules = bucket.settings.lifecycle.filter(rule => rule.enabled);
    if (rules.length === 0) continue;
    s3.operation(() => {
      for (const key of [...bucket.versions.keys()]) runKey(s3, bucket, key, rules, counts);
      abortStaleUploads(s3, bucket, rules, counts);
    });
  }
  return counts;
};

type Counts = { -readonly [Name in keyof LifecycleCounts]: LifecycleCounts[Name] };

const runKey = (
  s3: S3,
  bucket: Bucket,
  key: string,
  rules: readonly LifecycleRule[],
  counts: Counts,
): void => {
  const nowMs = s3.clock.now();
  const [current, ...noncurrent] = bucket.versions.get(key) ?? [];
  for (const [newer, version] of noncurrent.entries()) {
    const matching = rules.filter(rule => covers(rule, version));
    if (matching.some(rule => isNoncurrentDue(rule, version, newer, nowMs))) {
      removeVersion(s3, bucket, version);
      counts.versionsDeleted += 1;
    } else {
      transition(s3, bucket, version, noncurrentMoves(matching, version), counts);
    }
  }
  if (current === undefined) return;
  if (current.isDeleteMarker) removeLonelyMarker(s3, bucket, current, rules, counts);
  else
    runCurrent(
      s3,
      bucket,
      current,
      rules.filter(rule => covers(rule, current)),
      counts,
    );
};

const runCurrent = (
  s3: S3,
  bucket: Bucket,
  current: Version,
  rules: readonly LifecycleRule[],
  counts: Counts,
): void => {
  const nowMs = s3.clock.now();
  const dueMs = rules.flatMap(({ expirationDays }) =>
    expirationDays === undefined ? [] : [dueMidnightMs(current.lastModifiedMs, expirationDays)],
  );
  if (dueMs.some(atMs => atMs <= nowMs)) {
    expire(s3, bucket, current);
    counts.expired += 1;
    return;
  }
  const moves = rules.flatMap(rule =>
    (rule.transitions ?? []).map(move => ({
      ...move,
      hasSize: hasSizeFilter(rule),
      dueMs: dueMidnightMs(current.lastModifiedMs, move.days),
    })),
  );
  transition(s3, bucket, current, moves, counts);
};

const hasSizeFilter = (rule: LifecycleRule): boolean =>
  rule.sizeAboveBytes !== undefined || rule.sizeBelowBytes !== undefined;

const covers = (rule: LifecycleRule, version: Version): boolean =>
  version.key.startsWith(rule.prefix ?? "") &&
  Object.entries(rule.tags ?? {}).every(([name, value]) => version.tags[name] === value) &&
  version.body.sizeBytes > (rule.sizeAboveBytes ?? -1) &&
  version.body.sizeBytes < (rule.sizeBelowBytes ?? Number.POSITIVE_INFINITY);

const isNoncurrentDue = (rule: LifecycleRule, version: Version, newer: number, nowMs: number): boolean =>
  rule.noncurrentDays !== undefined &&
  newer >= (rule.noncurrentKept ?? 0) &&
  dueMidnightMs(version.noncurrentSinceMs ?? version.lastModifiedMs, rule.noncurrentDays) <= nowMs;

type Move = { readonly storageClass: StorageClass; readonly hasSize: boolean; readonly dueMs: number };

const noncurrentMoves = (rules: readonly LifecycleRule[], version: Version): readonly Move[] =>
  rules.flatMap(rule =>
    (rule.noncurrentTransitions ?? []).map(({ days, storageClass }) => ({
      storageClass,
      hasSize: hasSizeFilter(rule),
      dueMs: dueMidnightMs(version.noncurrentSinceMs ?? version.lastModifiedMs, days),
    })),
  );

/** Moves a version to the deepest class that is due. */
const transition = (
  s3: S3,
  bucket: Bucket,
  version: Version,
  moves: readonly Move[],
  counts: Counts,
): void => {
  if (version.isDeleteMarker) return;
  const nowMs = s3.clock.now();
  const due = moves
    .filter(
      ({ dueMs, hasSize }) => dueMs <= nowMs && (hasSize || version.body.sizeBytes >= TRANSITION_BYTES_MIN),
    )
    .map(({ storageClass }) => storageClass)
    .sort((a, b) => DEPTH.indexOf(b) - DEPTH.indexOf(a));
  const [storageClass] = due;
  if (storageClass === undefined || DEPTH.indexOf(storageClass) <= DEPTH.indexOf(version.storageClass))
    return;
  const { key, versionId } = version;
  s3.commit({ type: "version-changed", bucket: bucket.name, key, versionId, patch: { storageClass } });
  counts.transitioned += 1;
  publish(s3, bucket, "LifecycleTransition", {
    object: {
      key,
      size: version.body.sizeBytes,
      eTag: version.eTag,
      versionId: eventVersionId(versionId),
    },
    extra: { lifecycleEventData: { transitionEventData: { destinationStorageClass: storageClass } } },
  });
};

/** Where versioning is on, expiration only puts a delete marker on top, dated to the midnight of the day. */
const expire = (s3: S3, bucket: Bucket, current: Version): void => {
  const { key } = current;
  if (bucket.settings.versioning === "off") {
    removeVersion(s3, bucket, current);
    return;
  }
  const midnightMs = Math.floor(s3.clock.now() / DAY_MS) * DAY_MS;
  const marker = deleteMarker(key, newVersionId(s3, bucket), midnightMs);
  s3.commit({ type: "version-added", bucket: bucket.name, version: marker });
  publish(s3, bucket, "LifecycleExpiration:DeleteMarkerCreated", {
    object: { key, eTag: marker.eTag, versionId: eventVersionId(marker.versionId) },
  });
};

const removeVersion = (s3: S3, bucket: Bucket, { key, versionId }: Version): void => {
  s3.commit({ type: "version-removed", bucket: bucket.name, key, versionId });
  publish(s3, bucket, "LifecycleExpiration:Delete", {
    object: { key, versionId: eventVersionId(versionId) },
  });
};

/** A delete marker with nothing under it, once a rule asks for its removal. */
const removeLonelyMarker = (
  s3: S3,
  bucket: Bucket,
  marker: Version,
  rules: readonly LifecycleRule[],
  counts: Counts,
): void => {
  const isAlone = bucket.versions.get(marker.key)?.length === 1;
  const isAsked = rules.some(
    rule => rule.expiredDeleteMarkers === true && marker.key.startsWith(rule.prefix ?? ""),
  );
  if (!isAlone || !isAsked) return;
  removeVersion(s3, bucket, marker);
  counts.versionsDeleted += 1;
};

const abortStaleUploads = (s3: S3, bucket: Bucket, rules: readonly LifecycleRule[], counts: Counts): void => {
  for (const { id: uploadId, key, startedMs } of [...bucket.uploads.values()]) {
    const isDue = rules.some(
      rule =>
        rule.abortUploadsDays !== undefined &&
        key.startsWith(rule.prefix ?? "") &&
        dueMidnightMs(startedMs, rule.abortUploadsDays) <= s3.clock.now(),
    );
    if (!isDue) continue;
    abortUpload(s3, { bucket: bucket.name, key, uploadId });
    counts.uploadsAborted += 1;
  }
};

type LifecycleEvent = {
  readonly object: {
    readonly key: string;
    readonly size?: number;
    readonly eTag?: string;
    readonly versionId: string | undefined;
  };
  readonly extra?: Readonly<Record<string, unknown>>;
};

const publish = (s3: S3, bucket: Bucket, name: string, { object, extra }: LifecycleEvent): void => {
  const atMs = s3.tick();
  s3.publish({
    name,
    bucket: bucket.name,
    atMs,
    byLifecycle: true,
    object: { ...object, sequencer: s3.sequencer(atMs) },
    extra,
  });
};
