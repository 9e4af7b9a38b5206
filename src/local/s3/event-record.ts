import { isoInstant } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import { randomHex, randomText } from "../ids.ts";

export const REGION = "us-east-1";
export const ACCOUNT_ID = "000000000000";
const OWNER_PRINCIPAL = "A3NL1KOZZKEXAMPLE";
const USER_PRINCIPAL = "AWS:AIDACKCEVSQ6C2EXAMPLE";
/** ETag of nothing: the MD5 of zero bytes, which S3 sends with delete markers. */
export const EMPTY_ETAG = "d41d8cd98f00b204e9800998ecf8427e";

/** The `s3.object` part of a record, before the key is encoded. Which fields it has depends on the event. */
export type EventObject = {
  readonly key: string;
  readonly size?: number | undefined;
  readonly eTag?: string | undefined;
  readonly versionId?: string | undefined;
  readonly sequencer?: string | undefined;
};

export type S3Event = {
  /** Without the `s3:` prefix, as in the message. */
  readonly name: string;
  readonly bucket: string;
  readonly atMs: number;
  readonly object: EventObject;
  /** Lifecycle events come from `s3.amazonaws.com`, the others from a user. */
  readonly byLifecycle?: boolean | undefined;
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
};

/**
 * A key as it stands in a notification: form-encoded, a space as `+`, the slash literal.
 * Source: Amazon S3 User Guide, "Event message structure"; captures of real events (`Screenshot+%281%29.png`).
 */
export const formEncodedKey = (key: string): string =>
  encodeURIComponent(key)
    .replaceAll("%2F", "/")
    .replaceAll("%20", "+")
    .replace(/[!'()~]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * The message S3 publishes for one event: `{"Records":[one record]}`, with the fields seen on AWS for that event.
 * Source: Amazon S3 User Guide, "Event message structure"; captures of real messages.
 */
export const eventMessage = (
  event: S3Event,
  configurationId: string,
  eventVersion: string,
  random: Random,
): string => {
  const { key, ...fields } = event.object;
  const record = {
    eventVersion,
    eventSource: "aws:s3",
    awsRegion: REGION,
    eventTime: isoInstant(event.atMs),
    eventName: event.name,
    userIdentity: { principalId: event.byLifecycle ? "s3.amazonaws.com" : USER_PRINCIPAL },
    requestParameters: { sourceIPAddress: event.byLifecycle ? "s3.amazonaws.com" : "127.0.0.1" },
    responseElements: {
      "x-amz-request-id": randomHex(random, 16).toUpperCase(),
      "x-amz-id-2": randomText(random, 24),
    },
    s3: {
      s3SchemaVersion: "1.0",
      configurationId,
      bucket: {
        name: event.bucket,
        ownerIdentity: { principalId: OWNER_PRINCIPAL },
        arn: `arn:aws:s3:::${event.bucket}`,
      },
      object: { key: formEncodedKey(key), ...fields },
    },
    ...event.extra,
  };
  return JSON.stringify({ Records: [record] });
};

/** What S3 publishes when a notification configuration is set. It has no `Records`. */
export const testEventMessage = (bucket: string, atMs: number, random: Random): string =>
  JSON.stringify({
    Service: "Amazon S3",
    Event: "s3:TestEvent",
    Time: isoInstant(atMs),
    Bucket: bucket,
    RequestId: randomHex(random, 16).toUpperCase(),
    HostId: randomText(random, 24),
  });
