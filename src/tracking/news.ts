import { identityText } from "./identity.ts";
import { NULL_VERSION, type Observation, type ObservationRow } from "./observation.ts";
import { coldestOf } from "./storage-class.ts";

/** The class of an object of which nobody told another one. */
const USUAL_CLASS = "STANDARD";

/**
 * Whether a picture (an inventory's row, a listed version, a HEAD's answer) has to be kept: whether any view of the
 * key's rows would ever be another one without it, whatever is observed later. `rows`: of the picture's key.
 *
 * It does not have to be kept if
 * - it is kept already, or another source took the same picture;
 * - or a notification with a sequencer tells what it shows (see `isTold`), which then outranks it for ever, and its
 *   storage class is known: it is STANDARD and none was seen, or one as cold was seen of the same object.
 *
 * What is left out thereby: the source, the LastModified where S3's event is a moment later, and the number of rows. And
 * where objects of one content and several classes follow each other under the null version, or two in one second,
 * the rows with such pictures tell no better than those without.
 * Source: ruling 39; edge cases E19, E20 of the filemanager vectors.
 */
export const tellsNew = (rows: readonly ObservationRow[], picture: Observation): boolean => {
  const same = rows.filter(row => row.bucket === picture.bucket && row.versionId === picture.versionId);
  const identity = identityText(picture);
  if (same.some(row => identityText(row) === identity || isSamePicture(row, picture))) return false;
  const told = same.find(row => isTold(picture, row));
  return told === undefined || isOtherClass(same, picture, told);
};

/**
 * Whether a notification tells of the object, marker or deletion that a picture of the same bucket and version shows:
 * the same kind and, as far as known, content, and at the same time or later; under the null version, where one object
 * follows the other, no later than `TOLD_WITHIN_MS`.
 *
 * A picture without a sequencer ranks below every notification that is not earlier. So one that is told of can never be
 * the last of its version.
 */
export const isTold = (picture: Observation, notification: Observation): boolean =>
  // A notification that was told again by its picture has no sequencer either.
  (picture.source !== "notification" || picture.sequencer === undefined) &&
  notification.source === "notification" &&
  notification.sequencer !== undefined &&
  notification.kind === picture.kind &&
  (notification.eTag === undefined || picture.eTag === undefined || notification.eTag === picture.eTag) &&
  notification.time >= picture.time &&
  (picture.versionId !== NULL_VERSION || laterMs(notification, picture) <= TOLD_WITHIN_MS);

/** LastModified has whole seconds, and S3 tells of an object when it is done with it. */
const TOLD_WITHIN_MS = 2_000;

const laterMs = (later: Observation, earlier: Observation): number =>
  Date.parse(later.time) - Date.parse(earlier.time);

/** Whether a row is the picture but for its source, and ranks no lower: a current version ranks above others. */
const isSamePicture = (row: ObservationRow, picture: Observation): boolean =>
  row.source !== "notification" &&
  picture.source !== "notification" &&
  row.kind === picture.kind &&
  row.time === picture.time &&
  row.eTag === picture.eTag &&
  row.sizeBytes === picture.sizeBytes &&
  row.storageClass === picture.storageClass &&
  (row.isLatest === true || picture.isLatest !== true);

/** Pictures of one content show one object; a version with an id of its own is one object whatever tells of it. */
const isOtherClass = (
  same: readonly ObservationRow[],
  picture: Observation,
  told: ObservationRow,
): boolean => {
  // What has no ETag cannot be told from another object under the null version: no view heeds its class.
  if (picture.storageClass === undefined || picture.eTag === undefined) return false;
  const seen = same.filter(row =>
    row.kind === "created"
      ? row.eTag === picture.eTag && row.source !== "notification"
      : picture.versionId !== NULL_VERSION && row.kind === "transitioned" && row.time >= told.time,
  );
  const known = coldestOf(seen.map(({ storageClass }) => storageClass)) ?? USUAL_CLASS;
  return coldestOf([known, picture.storageClass]) !== known;
};
