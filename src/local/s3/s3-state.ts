import { SortedKeys } from "../sorted-keys.ts";
import type { Bodies, BodyJson } from "./bodies.ts";
import type { Bucket, BucketSettings, Part, Restore, Upload, UploadFacts, Version } from "./s3-types.ts";

/** What may change of a stored version. */
export type VersionPatch = Pick<Partial<Version>, "storageClass" | "tags"> & {
  /** `null` ends a restore: JSON has no undefined. */
  readonly restore?: Restore | null;
};

/** A restore under way or a copy that will end. */
export type PendingRestore = {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  readonly dueMs: number;
};

/** Every way the object store's state changes. A restart applies the journal's changes through the same function. */
export type S3Change =
  | { readonly type: "clock"; readonly atMs: number }
  | { readonly type: "bucket-created"; readonly bucket: string; readonly atMs: number }
  | { readonly type: "bucket-deleted"; readonly bucket: string }
  | {
      readonly type: "bucket-configured";
      readonly bucket: string;
      readonly settings: Partial<BucketSettings>;
    }
  | { readonly type: "version-added"; readonly bucket: string; readonly version: Version }
  | {
      readonly type: "version-removed";
      readonly bucket: string;
      readonly key: string;
      readonly versionId: string;
    }
  | {
      readonly type: "version-changed";
      readonly bucket: string;
      readonly key: string;
      readonly versionId: string;
      readonly patch: VersionPatch;
    }
  | { readonly type: "upload-created"; readonly upload: UploadFacts }
  | {
      readonly type: "part-added";
      readonly bucket: string;
      readonly uploadId: string;
      readonly part: Part;
    }
  | { readonly type: "upload-ended"; readonly bucket: string; readonly uploadId: string };

export type S3State = {
  readonly buckets: Map<string, Bucket>;
  /** Instant of the latest event, ms since the epoch: the next one is later. */
  lastEventMs: number;
  /** By bucket, key and version. */
  readonly restores: Map<string, PendingRestore>;
  /** No restore is due before this instant. */
  nextRestoreMs: number;
};

const NEW_BUCKET: BucketSettings = {
  versioning: "off",
  notifications: [],
  lifecycle: [],
  inventories: {},
  requireIfNoneMatch: false,
};

export const emptyS3State = (): S3State => ({
  buckets: new Map(),
  lastEventMs: 0,
  restores: new Map(),
  nextRestoreMs: Number.POSITIVE_INFINITY,
});

/** Applies one change. Throws on a change that does not fit the state: the journal or the model is broken. */
export const applyS3Change = (state: S3State, change: S3Change): void => {
  switch (change.type) {
    case "clock":
      state.lastEventMs = Math.max(state.lastEventMs, change.atMs);
      return;
    case "bucket-created":
      state.buckets.set(change.bucket, newBucket(change.bucket, change.atMs));
      return;
    case "bucket-deleted":
      state.buckets.delete(change.bucket);
      return;
    case "bucket-configured": {
      const bucket = bucketOf(state, change.bucket);
      bucket.settings = { ...bucket.settings, ...change.settings };
      return;
    }
    case "version-added":
      addVersion(bucketOf(state, change.bucket), change.version);
      noteRestore(state, change.bucket, change.version, change.version.restore);
      return;
    case "version-removed":
      removeVersion(bucketOf(state, change.bucket), change.key, change.versionId);
      noteRestore(state, change.bucket, change, undefined);
      return;
    case "version-changed":
      patchVersion(bucketOf(state, change.bucket), change);
      if (change.patch.restore !== undefined) noteRestore(state, change.bucket, change, change.patch.restore);
      return;
    case "upload-created":
      bucketOf(state, change.upload.bucket).uploads.set(change.upload.id, {
        ...change.upload,
        parts: new Map(),
      });
      return;
    case "part-added":
      uploadOf(bucketOf(state, change.bucket), change.uploadId).parts.set(change.part.number, change.part);
      return;
    case "upload-ended":
      bucketOf(state, change.bucket).uploads.delete(change.uploadId);
      return;
  }
};

/** The state as the changes that make it, for a fresh journal. */
export function* dumpS3State(state: S3State): Generator<S3Change> {
  yield { type: "clock", atMs: state.lastEventMs };
  for (const bucket of state.buckets.values()) {
    yield { type: "bucket-created", bucket: bucket.name, atMs: bucket.createdMs };
    yield { type: "bucket-configured", bucket: bucket.name, settings: bucket.settings };
    for (const versions of bucket.versions.values()) {
      for (const version of [...versions].reverse())
        yield { type: "version-added", bucket: bucket.name, version };
    }
    for (const { parts, ...upload } of bucket.uploads.values()) {
      yield { type: "upload-created", upload };
      for (const part of parts.values())
        yield { type: "part-added", bucket: bucket.name, uploadId: upload.id, part };
    }
  }
}

/** A change read back from a journal: only bodies need more than JSON gives. */
export const reviveS3Change = (change: S3Change, bodies: Bodies): S3Change => {
  if (change.type === "version-added") {
    return { ...change, version: { ...change.version, body: revived(change.version.body, bodies) } };
  }
  if (change.type === "part-added") {
    return { ...change, part: { ...change.part, body: revived(change.part.body, bodies) } };
  }
  return change;
};

// What JSON.parse gives in a body's place is its `toJSON`.
const revived = (body: unknown, bodies: Bodies) => bodies.revive(body as BodyJson);

const newBucket = (name: string, createdMs: number): Bucket => ({
  name,
  createdMs,
  settings: NEW_BUCKET,
  versions: new Map(),
  keys: new SortedKeys(),
  uploads: new Map(),
});

const bucketOf = (state: S3State, name: string): Bucket => {
  const bucket = state.buckets.get(name);
  if (bucket === undefined) throw new Error(`No bucket ${name} in the state a change is applied to.`);
  return bucket;
};

const uploadOf = (bucket: Bucket, id: string): Upload => {
  const upload = bucket.uploads.get(id);
  if (upload === undefined) throw new Error(`No upload ${id} in the state a change is applied to.`);
  return upload;
};

const addVersion = (bucket: Bucket, version: Version): void => {
  const before = bucket.versions.get(version.key);
  if (before === undefined) bucket.keys.add(version.key);
  const kept = (before ?? [])
    .filter(other => other.versionId !== version.versionId)
    .map((other, place) =>
      place === 0 && other.noncurrentSinceMs === undefined
        ? { ...other, noncurrentSinceMs: version.lastModifiedMs }
        : other,
    );
  bucket.versions.set(version.key, [version, ...kept]);
};

const removeVersion = (bucket: Bucket, key: string, versionId: string): void => {
  const [top, ...rest] = (bucket.versions.get(key) ?? []).filter(other => other.versionId !== versionId);
  if (top === undefined) {
    bucket.versions.delete(key);
    bucket.keys.remove(key);
  } else {
    bucket.versions.set(key, [{ ...top, noncurrentSinceMs: undefined }, ...rest]);
  }
};

const patchVersion = (
  bucket: Bucket,
  change: { readonly key: string; readonly versionId: string; readonly patch: VersionPatch },
): void => {
  const { restore, ...patch } = change.patch;
  const patched = (version: Version): Version => ({
    ...version,
    ...patch,
    restore: restore === undefined ? version.restore : (restore ?? undefined),
  });
  const versions = bucket.versions.get(change.key) ?? [];
  bucket.versions.set(
    change.key,
    versions.map(other => (other.versionId === change.versionId ? patched(other) : other)),
  );
};

const noteRestore = (
  state: S3State,
  bucket: string,
  { key, versionId }: { readonly key: string; readonly versionId: string },
  restore: Restore | null | undefined,
): void => {
  if (state.restores.size === 0 && (restore === null || restore === undefined)) return;
  const name = `${bucket}/${versionId}/${key}`;
  state.restores.delete(name);
  if (restore === null || restore === undefined) return;
  const dueMs = restore.completed ? restore.expiresAtMs : restore.readyAtMs;
  state.restores.set(name, { bucket, key, versionId, dueMs });
  state.nextRestoreMs = Math.min(state.nextRestoreMs, dueMs);
};
