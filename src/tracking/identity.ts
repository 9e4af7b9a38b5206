import { hash } from "node:crypto";
import type { Kind, Observation } from "./observation.ts";

/** Begins the stand-in for a sequencer that is not there; no hexadecimal digit. */
export const STAND_IN_MARK = "~";

/** Enough hexadecimal digits to tell apart the few observations of one version and one instant. */
const DIGEST_LENGTH = 16;

/** The parts of an observation row's sort key, which are its identity under its object key. */
export type Identity = {
  readonly bucket: string;
  readonly versionId: string;
  /** The sequencer, or for an observation without one `~<time>~<digest>`. */
  readonly sequencer: string;
  /** `C` for a creation, `D` for a deletion or delete marker, else the kind. */
  readonly suffix: string;
};

/**
 * What makes two deliveries the same observation.
 *
 * With a sequencer: bucket, key, version, sequencer and whether it made or took away. Kinds that only tell more of
 * an object have their own suffix, since they may carry the sequencer of another event.
 *
 * Without: the time, and a digest of what it says. A notification says its event; a picture says all that it shows,
 * so that the next report of an unchanged object is the same row and no row of a picture ever changes. Two
 * notifications of one event name, version and instant cannot be told apart and count as one.
 *
 * Source: ruling "one write-once row per observed event"; filemanager vectors E15, E16, E19.
 */
export const identityOf = (observation: Observation): Identity => ({
  bucket: observation.bucket,
  versionId: observation.versionId,
  sequencer: observation.sequencer ?? standIn(observation),
  suffix: suffixOf(observation.kind),
});

/** The identity as one text, unique over all keys: only the object key may contain `#`, and it stands last. */
export const identityText = (observation: Observation): string => {
  const { bucket, versionId, sequencer, suffix } = identityOf(observation);
  return `${bucket}#${versionId}#${sequencer}#${suffix}#${observation.key}`;
};

const standIn = (observation: Observation): string => {
  const { source, event, eTag, sizeBytes, storageClass, isLatest } = observation;
  const said = source === "notification" ? [event] : [source, eTag, sizeBytes, storageClass, isLatest];
  const digest = hash("sha256", JSON.stringify(said)).slice(0, DIGEST_LENGTH);
  return `${STAND_IN_MARK}${observation.time}${STAND_IN_MARK}${digest}`;
};

const suffixOf = (kind: Kind): string => {
  if (kind === "created") return "C";
  return kind === "deleted" || kind === "marker" ? "D" : kind;
};
