/** Where an object is. Without `versionId`: the current version. */
export type ObjectAddress = {
  readonly bucket: string;
  /** As S3 stores it: decoded, UTF-8, at most 1,024 bytes. */
  readonly key: string;
  /** Absent for the current version; the text `null` for the null version. */
  readonly versionId?: string | undefined;
};

export type StorageClass =
  | "STANDARD"
  | "STANDARD_IA"
  | "ONEZONE_IA"
  | "INTELLIGENT_TIERING"
  | "REDUCED_REDUNDANCY"
  | "GLACIER_IR"
  | "GLACIER"
  | "DEEP_ARCHIVE"
  | "EXPRESS_ONEZONE"
  | "OUTPOSTS"
  | "SNOW";

/** What S3 says of a stored object besides its bytes. */
export type ObjectFacts = {
  readonly bucket: string;
  readonly key: string;
  /** Absent in a bucket that never had versioning. */
  readonly versionId?: string | undefined;
  /** Without quotes; `-N` at the end after a multipart upload, so not always an MD5. */
  readonly eTag: string;
  readonly sizeBytes: number;
  /** ISO instant. */
  readonly lastModified: string;
  readonly storageClass: StorageClass;
  /** User metadata without the `x-amz-meta-` prefix, names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType?: string | undefined;
  /** State of a restore from a cold class, where one was asked for. */
  readonly restore?: { readonly ongoing: boolean; readonly expiresAt?: string | undefined } | undefined;
};

export type Tags = Readonly<Record<string, string>>;

export type PutRequest = {
  readonly bucket: string;
  readonly key: string;
  readonly body: Uint8Array | string;
  /** `If-None-Match: *`: store only if no current object exists (a delete marker counts as none). */
  readonly ifAbsent?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: Tags;
  readonly storageClass?: StorageClass;
  readonly contentType?: string;
};

export type CopyRequest = {
  readonly from: ObjectAddress;
  readonly to: { readonly bucket: string; readonly key: string };
  readonly ifAbsent?: boolean;
  /** Given: replaces the source's metadata (`x-amz-metadata-directive: REPLACE`). */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: Tags;
  readonly storageClass?: StorageClass;
};

export type PutOutcome =
  | { readonly outcome: "stored"; readonly versionId?: string | undefined; readonly eTag: string }
  /** HTTP 412: somebody stored this key before. Nothing was written. */
  | { readonly outcome: "exists" };

/** Bytes `start` to `end`, both included, as in an HTTP range. */
export type ByteRange = { readonly start: number; readonly end: number };

export type ListedObject = {
  readonly key: string;
  readonly eTag: string;
  readonly sizeBytes: number;
  readonly lastModified: string;
  readonly storageClass: StorageClass;
};

export type ListedVersion = {
  readonly key: string;
  /** The text `null` for the null version. */
  readonly versionId: string;
  readonly isLatest: boolean;
  readonly isDeleteMarker: boolean;
  readonly lastModified: string;
  /** Absent for delete markers. */
  readonly eTag?: string | undefined;
  readonly sizeBytes?: number | undefined;
  readonly storageClass?: StorageClass | undefined;
};

export type ListRequest = {
  readonly bucket: string;
  readonly prefix?: string;
  /** Keys after this one, in UTF-8 order. */
  readonly startAfter?: string;
  /** From the page before. */
  readonly cursor?: string | undefined;
  /** 1 to 1,000, S3's own maximum and the default. */
  readonly limit?: number;
};

/**
 * S3 as Daybook uses it: strongly consistent per key and per request; a listing of several pages is not a snapshot.
 *
 * Absent (HTTP 404: no such key, no such version, a delete marker on top) is `undefined`, never an error.
 * Everything else that fails throws: a 403 in particular is an error and no absence (S3 answers 403 for a
 * missing key when the caller may not list the bucket).
 */
export interface ObjectStore {
  put(request: PutRequest): Promise<PutOutcome>;
  /**
   * The whole object, or a range of it; `facts.sizeBytes` is the whole object's size either way. A range that begins
   * behind the last byte gives no bytes (S3 answers 416, for an empty object always).
   * Throws `ObjectFrozen` for a cold object that is not restored.
   */
  get(
    address: ObjectAddress,
    range?: ByteRange,
  ): Promise<{ readonly facts: ObjectFacts; readonly body: Uint8Array } | undefined>;
  /** The object's bytes as they arrive, for what is too large to hold. */
  stream(
    address: ObjectAddress,
  ): Promise<{ readonly facts: ObjectFacts; readonly body: AsyncIterable<Uint8Array> } | undefined>;
  head(address: ObjectAddress): Promise<ObjectFacts | undefined>;
  copy(request: CopyRequest): Promise<PutOutcome>;
  /** Without a version: adds a delete marker where versioning is on. With one: removes that version for good. */
  delete(address: ObjectAddress): Promise<void>;
  list(
    request: ListRequest,
  ): Promise<{ readonly objects: readonly ListedObject[]; readonly cursor?: string | undefined }>;
  /** All versions and delete markers, by key, newest first within a key. */
  listVersions(
    request: ListRequest,
  ): Promise<{ readonly versions: readonly ListedVersion[]; readonly cursor?: string | undefined }>;
  getTags(address: ObjectAddress): Promise<Tags | undefined>;
  /** Replaces the whole tag set, as S3 does. */
  putTags(address: ObjectAddress, tags: Tags): Promise<void>;
  /**
   * Asks for a readable copy of a cold object, for that many days. Asking for one that is there moves its end.
   * Source: Amazon S3 API Reference, RestoreObject.
   */
  restore(address: ObjectAddress, days: number, tier: RestoreTier): Promise<RestoreOutcome>;
}

/** How fast a readable copy is made, and what that costs. DEEP_ARCHIVE offers no Expedited. */
export type RestoreTier = "Expedited" | "Standard" | "Bulk";

/** `asked`: there is or will be a copy. `ongoing`: one was asked for before. `warm`: the object needs none. */
export type RestoreOutcome = "asked" | "ongoing" | "warm";

/** Seven days: S3's own limit for an address that is signed. Source: Amazon S3 User Guide, "Presigned URLs". */
export const PRESIGNED_SECONDS_MAX = 604_800;

/** Makes web addresses at which one version of an object can be read for a while, without credentials. */
export interface Presigner {
  /**
   * Nothing is asked of S3: whether the version exists shows when the address is used. It ends earlier than asked
   * if the credentials it was signed with do. `expiresSeconds`: 1 to `PRESIGNED_SECONDS_MAX`, counted from `now`, epoch
   * milliseconds.
   */
  presign(
    address: ObjectAddress & { readonly versionId: string },
    times: { readonly now: number; readonly expiresSeconds: number },
  ): Promise<string>;
}

/** The object is in a cold storage class and has no readable copy at present (S3: InvalidObjectState). */
export class ObjectFrozen extends Error {
  override readonly name = "ObjectFrozen";
  readonly address: ObjectAddress;
  constructor(address: ObjectAddress) {
    super(
      `s3://${address.bucket}/${address.key} is in a cold storage class: restore it, then read it once the restore is completed.`,
    );
    this.address = address;
  }
}
