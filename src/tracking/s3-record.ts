import { eventOfDetail, kindOfEvent, plainEventName } from "./event-names.ts";
import {
  type Fields,
  fieldOf,
  fieldsAt,
  instantAt,
  instantOrNone,
  isFields,
  sizeOrNone,
  textAt,
  textOrNone,
  UnexpectedShape,
} from "./narrow.ts";
import { type Kind, NULL_VERSION, type Observation, plainETag } from "./observation.ts";
import { normaliseSequencer } from "./sequencer.ts";

/** S3's own version ids have 32 characters; its manual allows 1,024 bytes, which no sort key could carry. */
const VERSION_ID_LENGTH_MAX = 512;

/**
 * One entry of `Records` of an S3 event notification. Its key is form-encoded: a space is `+`.
 *
 * Returns: the observation, or `undefined` for an event that is ignored and names no object.
 * Throws:  `UnexpectedShape`, naming the path.
 * Source:  Amazon S3 User Guide, "Event message structure": the major version is compared for equality, fields that
 *          are not known are passed over.
 */
export const observationOfRecord = (record: Fields, path: string): Observation | undefined => {
  const version = textAt(record.eventVersion, `${path}.eventVersion`);
  if (version.split(".", 1)[0] !== "2")
    throw new UnexpectedShape(`${path}.eventVersion`, "major version 2", version);
  const event = plainEventName(textAt(record.eventName, `${path}.eventName`));
  const kind = kindOfEvent(event);
  const s3 = record.s3;
  if (kind === "ignored" && !isFields(fieldOf(s3, "object"))) return undefined;
  const { bucket, object } = fieldsAt(s3, `${path}.s3`);
  const stored = fieldsAt(object, `${path}.s3.object`);
  const restore = fieldOf(record.glacierEventData, "restoreEventData");
  const transition = fieldOf(record.lifecycleEventData, "transitionEventData");
  return {
    source: "notification",
    bucket: bucketAt(fieldOf(bucket, "name"), `${path}.s3.bucket.name`),
    key: keyAt(
      formDecoded(textAt(stored.key, `${path}.s3.object.key`), `${path}.s3.object.key`),
      `${path}.s3.object.key`,
    ),
    versionId: versionIdAt(stored.versionId, `${path}.s3.object.versionId`),
    kind,
    sequencer: sequencerAt(stored.sequencer, `${path}.s3.object.sequencer`),
    time: instantAt(record.eventTime, `${path}.eventTime`),
    event,
    ...contentOf(kind, stored.size, stored.eTag),
    storageClass: textOrNone(fieldOf(transition, "destinationStorageClass")),
    accessTier: textOrNone(fieldOf(record.intelligentTieringEventData, "destinationAccessTier")),
    restoreExpiresAt: instantOrNone(fieldOf(restore, "lifecycleRestorationExpiryTime")),
  };
};

/**
 * An S3 event as EventBridge wraps it. Its key is not encoded, its names are in kebab-case, its time has seconds.
 *
 * Returns and throws as `observationOfRecord`. Source: Amazon S3 User Guide, "EventBridge event message structure".
 */
export const observationOfEventBridge = (envelope: Fields, path: string): Observation | undefined => {
  const detail = fieldsAt(envelope.detail, `${path}.detail`);
  const event = eventOfDetail({
    type: textAt(envelope["detail-type"], `${path}.detail-type`),
    reason: textOrNone(detail.reason),
    deletionType: textOrNone(detail["deletion-type"]),
  });
  const kind = kindOfEvent(event);
  if (kind === "ignored" && !isFields(detail.object)) return undefined;
  const stored = fieldsAt(detail.object, `${path}.detail.object`);
  return {
    source: "notification",
    bucket: bucketAt(fieldOf(detail.bucket, "name"), `${path}.detail.bucket.name`),
    key: keyAt(stored.key, `${path}.detail.object.key`),
    versionId: versionIdAt(stored["version-id"], `${path}.detail.object.version-id`),
    kind,
    sequencer: sequencerAt(stored.sequencer, `${path}.detail.object.sequencer`),
    time: instantAt(envelope.time, `${path}.time`),
    event,
    ...contentOf(kind, stored.size, stored.etag),
    storageClass: textOrNone(detail["destination-storage-class"]),
    accessTier: textOrNone(detail["destination-access-tier"]),
    restoreExpiresAt: instantOrNone(detail["restore-expiry-time"]),
  };
};

/** Old buckets of us-east-1 may have 255 characters, upper case and underscores. */
const BUCKET_NAME = /^[A-Za-z0-9._-]{1,255}$/;

/** S3's own limit for a key, in bytes of UTF-8; a longer one is in no bucket. */
const KEY_BYTES_MAX = 1_024;
/** An ETag is a digest, with the number of parts behind it; S3 promises no length, but none is near this. */
const ETAG_LENGTH_MAX = 256;

const keyAt = (value: unknown, path: string): string => {
  const key = textAt(value, path);
  if (Buffer.byteLength(key, "utf8") > KEY_BYTES_MAX)
    throw new UnexpectedShape(path, `a key of at most ${KEY_BYTES_MAX} bytes`, key);
  return key;
};

const bucketAt = (value: unknown, path: string): string => {
  const bucket = textAt(value, path);
  if (!BUCKET_NAME.test(bucket)) throw new UnexpectedShape(path, "a bucket name", bucket);
  return bucket;
};

// A delete marker comes with the ETag of nothing, which is no fact about it.
const contentOf = (kind: Kind, size: unknown, eTag: unknown): Pick<Observation, "sizeBytes" | "eTag"> => {
  if (kind === "deleted" || kind === "marker") return {};
  const text = textOrNone(eTag)?.slice(0, ETAG_LENGTH_MAX);
  return { sizeBytes: sizeOrNone(size), eTag: text === undefined ? undefined : plainETag(text) };
};

const formDecoded = (key: string, path: string): string => {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    throw new UnexpectedShape(path, "form-encoded UTF-8", key);
  }
};

const versionIdAt = (value: unknown, path: string): string => {
  if (value === undefined || value === null || value === "") return NULL_VERSION;
  const versionId = textAt(value, path);
  if (versionId.length > VERSION_ID_LENGTH_MAX || !/^[\x21\x22\x24-\x7e]+$/.test(versionId))
    throw new UnexpectedShape(
      path,
      `at most ${VERSION_ID_LENGTH_MAX} visible characters without "#"`,
      versionId,
    );
  return versionId;
};

const sequencerAt = (value: unknown, path: string): string | undefined => {
  if (value === undefined || value === null || value === "") return undefined;
  const sequencer = normaliseSequencer(textAt(value, path));
  if (sequencer === undefined) throw new UnexpectedShape(path, "a hexadecimal sequencer", value);
  return sequencer;
};
