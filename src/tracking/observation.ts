/** How we learned of it. All but notifications are pictures: they show what is there, not what happened. */
export type Source = "notification" | "inventory" | "listing" | "head";

/**
 * What an observation says of a version. `created`, `deleted` and `marker` decide what is there; the others tell
 * more of an object that is there, and `ignored` is an event of S3 that means nothing to tracking.
 *
 * A picture of an object is `created`, a picture of a delete marker `marker`, a HEAD that found nothing `deleted`.
 */
export type Kind =
  | "created"
  | "deleted"
  | "marker"
  | "restore-started"
  | "restored"
  | "restore-expired"
  | "transitioned"
  | "tagged"
  | "lost"
  | "ignored";

/** The version id of objects stored while versioning was off or suspended, and of those without one. */
export const NULL_VERSION = "null";

/**
 * One thing learned of one object version, from whatever source.
 *
 * Instants are ISO 8601, UTC, milliseconds. Absent fields are unknown, never empty.
 */
export type Observation = {
  readonly source: Source;
  readonly bucket: string;
  /** Decoded, as S3 stores it. */
  readonly key: string;
  /** `null` when there is none. */
  readonly versionId: string;
  readonly kind: Kind;
  /** Normalised. Pictures have none, nor have tagging and some restore events. */
  readonly sequencer?: string | undefined;
  /** S3's event time of a notification; LastModified of a picture; of a HEAD that found nothing, right after all else that is known of the version. */
  readonly time: string;
  /**
   * S3's event name without `s3:`, also for what came through EventBridge; of a picture, its source.
   * Tells a lifecycle's deletion from a user's, and a copy from a put.
   */
  readonly event: string;
  /** A safe integer; absent where S3 does not send it. */
  readonly sizeBytes?: number | undefined;
  /** Without quotes. */
  readonly eTag?: string | undefined;
  /** Of a transition: the class moved to. */
  readonly storageClass?: string | undefined;
  /** Intelligent-Tiering: the archive tier moved to. */
  readonly accessTier?: string | undefined;
  /** Until when the restored copy of a cold object is readable. */
  readonly restoreExpiresAt?: string | undefined;
  /** Pictures only: what S3 calls LastModified. */
  readonly lastModified?: string | undefined;
  /** Pictures only: whether it was the current version when the picture was taken. */
  readonly isLatest?: boolean | undefined;
};

/** An observation as it is kept: once, however often it was delivered. */
export type ObservationRow = Observation & {
  /** Further deliveries of the same notification. */
  readonly duplicates: number;
  /** When it was first delivered to us; lets late arrivals be counted. */
  readonly receivedAt?: string | undefined;
};

/** Whether it decides what is there. */
export const isPresence = (observation: Observation): boolean =>
  observation.kind === "created" || observation.kind === "deleted" || observation.kind === "marker";

/** Whether S3's lifecycle did it, not a request. */
export const isByLifecycle = (observation: Observation): boolean =>
  observation.event.startsWith("LifecycleExpiration");

/**
 * An ETag without its quotes, which notifications and inventories leave out and listings and headers put in.
 * A weak mark `W/` stays. Source: filemanager vector A7, where the quotes are put on instead.
 */
export const plainETag = (eTag: string): string => eTag.replace(/^(W\/)?"/, "$1").replace(/"$/, "");
