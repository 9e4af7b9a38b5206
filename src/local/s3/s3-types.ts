import type { StorageClass, Tags } from "../../ports/object-store.ts";
import type { SortedKeys } from "../sorted-keys.ts";
import type { Body } from "./bodies.ts";
import type { Checksum, ChecksumAlgorithm } from "./checksums.ts";

export type Versioning = "off" | "enabled" | "suspended";

/** Response headers a writer may choose, by their HTTP name in lower case: content-type, cache-control, expires... */
export type ObjectHeaders = Readonly<Record<string, string>>;

export type Restore = {
  /** When the copy becomes (or became) readable, ms since the epoch. */
  readonly readyAtMs: number;
  /** When the copy goes away again. */
  readonly expiresAtMs: number;
  /** The copy is readable and the Completed event is out. */
  readonly completed: boolean;
};

/** One stored version, or one delete marker. Values are replaced, never changed in place. */
export type Version = {
  readonly key: string;
  /** `null` for the null version. */
  readonly versionId: string;
  readonly isDeleteMarker: boolean;
  /** Without quotes. */
  readonly eTag: string;
  readonly lastModifiedMs: number;
  /** When a newer version came on top, ms since the epoch; absent for the current one. */
  readonly noncurrentSinceMs?: number | undefined;
  readonly storageClass: StorageClass;
  readonly metadata: Readonly<Record<string, string>>;
  readonly headers: ObjectHeaders;
  readonly tags: Tags;
  readonly checksum?: Checksum | undefined;
  readonly restore?: Restore | undefined;
  /** Sizes of the parts of a multipart upload, in order. */
  readonly partSizes?: readonly number[] | undefined;
  readonly body: Body;
};

export type Part = {
  readonly number: number;
  readonly eTag: string;
  readonly lastModifiedMs: number;
  readonly checksum?: Checksum | undefined;
  readonly body: Body;
};

export type UploadFacts = {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly startedMs: number;
  readonly storageClass: StorageClass;
  readonly metadata: Readonly<Record<string, string>>;
  readonly headers: ObjectHeaders;
  readonly tags: Tags;
  readonly checksumAlgorithm?: ChecksumAlgorithm | undefined;
  readonly checksumKind?: Checksum["kind"] | undefined;
};

export type Upload = UploadFacts & { readonly parts: Map<number, Part> };

/** Which events of a bucket go to which topic or queue. Source: S3 API, PutBucketNotificationConfiguration. */
export type NotificationRule = {
  readonly id: string;
  /** ARN of an SNS topic or an SQS queue. */
  readonly destination: string;
  /** With the `s3:` prefix, e.g. `s3:ObjectCreated:*`. */
  readonly events: readonly string[];
  readonly prefix?: string | undefined;
  readonly suffix?: string | undefined;
};

/** One rule of a lifecycle configuration. Days are counted to the next midnight UTC. */
export type LifecycleRule = {
  readonly id: string;
  readonly enabled: boolean;
  readonly prefix?: string | undefined;
  readonly tags?: Tags | undefined;
  readonly sizeAboveBytes?: number | undefined;
  readonly sizeBelowBytes?: number | undefined;
  readonly expirationDays?: number | undefined;
  readonly expiredDeleteMarkers?: boolean | undefined;
  readonly noncurrentDays?: number | undefined;
  readonly noncurrentKept?: number | undefined;
  readonly transitions?:
    | readonly { readonly days: number; readonly storageClass: StorageClass }[]
    | undefined;
  readonly noncurrentTransitions?:
    | readonly { readonly days: number; readonly storageClass: StorageClass }[]
    | undefined;
  readonly abortUploadsDays?: number | undefined;
};

export type BucketSettings = {
  readonly versioning: Versioning;
  readonly notifications: readonly NotificationRule[];
  readonly lifecycle: readonly LifecycleRule[];
  /** Inventory configurations by id: stored and given back, run by nobody. */
  readonly inventories: Readonly<Record<string, string>>;
  /** Puts without `If-None-Match: *` are refused with 403, as a bucket policy can ask. */
  readonly requireIfNoneMatch: boolean;
};

export type Bucket = {
  readonly name: string;
  readonly createdMs: number;
  settings: BucketSettings;
  /** Versions by key, newest first, never empty. */
  readonly versions: Map<string, readonly Version[]>;
  readonly keys: SortedKeys;
  readonly uploads: Map<string, Upload>;
};
