/** HTTP status of each error code the model uses. Source: Amazon S3 API Reference, "Error responses". */
const STATUS = {
  AccessDenied: 403,
  BadDigest: 400,
  BucketAlreadyOwnedByYou: 409,
  BucketNotEmpty: 409,
  ConditionalRequestConflict: 409,
  EntityTooLarge: 400,
  EntityTooSmall: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidArgument: 400,
  InvalidBucketName: 400,
  InvalidDigest: 400,
  InvalidObjectState: 403,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidStorageClass: 400,
  InvalidTag: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedXML: 400,
  MetadataTooLarge: 400,
  MethodNotAllowed: 405,
  NoSuchBucket: 404,
  NoSuchConfiguration: 404,
  NoSuchKey: 404,
  NoSuchLifecycleConfiguration: 404,
  NoSuchUpload: 404,
  NoSuchVersion: 404,
  NotImplemented: 501,
  ObjectNotInActiveTierError: 403,
  PreconditionFailed: 412,
  RestoreAlreadyInProgress: 409,
  XAmzContentChecksumMismatch: 400,
} as const;

export type S3Code = keyof typeof STATUS;

type Extras = {
  /** Further elements of the XML answer, such as `Key`. */
  readonly facts?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
};

/** What S3 answers with an error code. Infrastructure for its callers: travels up untouched. */
export class S3Error extends Error {
  override readonly name = "S3Error";
  readonly code: S3Code;
  readonly status: number;
  readonly facts: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: S3Code, message: string, extras: Extras = {}) {
    super(message);
    this.code = code;
    this.status = STATUS[code];
    this.facts = extras.facts ?? {};
    this.headers = extras.headers ?? {};
  }
}
