type Event = {
  readonly Records?: readonly {
    readonly eventName: string;
    readonly s3: {
      readonly bucket: { readonly name: string };
      readonly object: { readonly key: string; readonly versionId?: string };
    };
  }[];
};

/** An object that a message tells of. */
export type MessageObject = {
  readonly eventName: string;
  readonly bucket: string;
  /** As it was stored, not as messages encode it. */
  readonly key: string;
  /** `null` where versions are not kept. */
  readonly versionId: string;
};

/** The objects that a message of S3 tells of; none in its test message. */
export const objectsIn = (body: string): readonly MessageObject[] =>
  ((JSON.parse(body) as Event).Records ?? []).map(({ eventName, s3: { bucket, object } }) => ({
    eventName,
    bucket: bucket.name,
    key: decodeURIComponent(object.key.replaceAll("+", " ")),
    versionId: object.versionId ?? "null",
  }));
