import { NULL_VERSION, type Observation } from "./observation.ts";

/** Stands where S3 names the configuration that sent an event: tells what was found from what was told. */
export const SYNTHETIC_CONFIGURATION = "reconcile";

/**
 * The body of a message that tells of what was found, in S3's own form, so that whoever reads object events reads it.
 *
 * A picture becomes a notification without a sequencer whose time is its LastModified: found again, it is the same
 * observation. One that was told before keeps its event name and sequencer, and so is a further delivery of itself.
 * `region`: of the buckets, as S3 names it.
 *
 * Throws: for what neither made an object nor a delete marker, which is a defect of the caller.
 * Source: Amazon S3 User Guide, "Event message structure".
 */
export const syntheticNotification = (observations: readonly Observation[], region: string): string =>
  JSON.stringify({ Records: observations.map(each => recordOf(each, region)) });

const recordOf = (observation: Observation, region: string) => {
  const { bucket, key, versionId, sizeBytes, eTag, sequencer, time } = observation;
  return {
    eventVersion: "2.1",
    eventSource: "aws:s3",
    awsRegion: region,
    eventTime: time,
    eventName: eventName(observation),
    userIdentity: { principalId: SYNTHETIC_CONFIGURATION },
    requestParameters: { sourceIPAddress: "127.0.0.1" },
    responseElements: {},
    s3: {
      s3SchemaVersion: "1.0",
      configurationId: SYNTHETIC_CONFIGURATION,
      bucket: {
        name: bucket,
        ownerIdentity: { principalId: SYNTHETIC_CONFIGURATION },
        arn: `arn:aws:s3:::${bucket}`,
      },
      object: {
        key: formEncoded(key),
        size: sizeBytes,
        eTag,
        ...(versionId === NULL_VERSION ? {} : { versionId }),
        sequencer,
      },
    },
  };
};

const eventName = ({ source, kind, event }: Observation): string => {
  if (source === "notification") return event;
  if (kind === "created") return "ObjectCreated:Put";
  if (kind === "marker") return "ObjectRemoved:DeleteMarkerCreated";
  throw new Error(`Expected a picture of an object or of a delete marker, got ${kind}`);
};

/** As `formDecoded` reads it; a slash stays, a space is a plus. */
const formEncoded = (key: string): string =>
  encodeURIComponent(key).replaceAll("%2F", "/").replaceAll("%20", "+");
