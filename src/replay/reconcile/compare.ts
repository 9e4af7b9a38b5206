import { onlyKnown } from "../../tracking/known.ts";
import { isPresence, type Observation, type ObservationRow } from "../../tracking/observation.ts";
import type { ObjectState } from "../../tracking/state.ts";
import { type VersionView, versionsOf } from "../../tracking/views.ts";

/** What a picture shows of one key in one bucket: its versions and delete markers, each as an observation. */
export type KeyPicture = {
  readonly bucket: string;
  readonly key: string;
  readonly versions: readonly Observation[];
};

export type Comparison = {
  /** Shown, and tracking was never told. */
  readonly lost: readonly Observation[];
  readonly known: readonly Observation[];
  /** Versions and markers that tracking believes there, older than the picture, which it does not show. */
  readonly missing: readonly VersionView[];
};

/**
 * Compares what a picture shows of a key in a bucket with what tracking has observed of it. Pure.
 *
 * `rows`: all observations of the key. `takenAt`: the ISO instant from which on things may be missing from the picture.
 *
 * A version is lost if tracking has no observation that made it or took it away, or if it would see it otherwise with
 * the picture than without: that is how a null version shows that it was replaced. So a picture that is older than
 * what tracking was told since finds nothing lost, a version deleted for good in the meantime included.
 *
 * Source: ruling on pictures of the past; filemanager vectors E17, E21, K5-K7.
 */
export const compareWithPicture = (
  rows: readonly ObservationRow[],
  { bucket, versions }: Pick<KeyPicture, "bucket" | "versions">,
  takenAt: string,
): Comparison => {
  const here = rows.filter(row => row.bucket === bucket && isPresence(row));
  const shown = new Set(versions.map(({ versionId }) => versionId));
  const byNews = Map.groupBy(versions, picture => tellsNew(here, picture));
  return {
    lost: byNews.get(true) ?? [],
    known: byNews.get(false) ?? [],
    missing: versionsOf(here, bucket).filter(
      ({ state, versionId, latest }) => state !== "gone" && !shown.has(versionId) && latest.time < takenAt,
    ),
  };
};

const tellsNew = (here: readonly ObservationRow[], picture: Observation): boolean => {
  const { bucket, versionId } = picture;
  const rows = here.filter(row => row.versionId === versionId);
  const row = { ...onlyKnown(picture), duplicates: 0 };
  const [before] = versionsOf(rows, bucket);
  const [after] = versionsOf([...rows, row], bucket);
  if (before === undefined || before.state !== after?.state) return true;
  return after.latest === row && !isSameContent(before.latest.eTag, picture.eTag);
};

/**
 * Whether the STATE row alone tells that a picture of a key shows nothing new: one object, and it is the one the state
 * has as current. An older version that tracking believes there and the picture does not show is passed over; it is
 * found once it would be the current one, since then the two differ.
 *
 * Where another bucket has another content under the key, the one object may be a further content, whose decision only
 * the rows know: the first one's version goes once it is placed.
 */
export const isPlain = (
  state: ObjectState | undefined,
  { bucket, versions }: Pick<KeyPicture, "bucket" | "versions">,
): boolean => {
  const [only] = versions;
  const view = state?.buckets[bucket];
  return (
    only !== undefined &&
    versions.length === 1 &&
    only.kind === "created" &&
    only.isLatest !== false &&
    view?.isPresent === true &&
    view.versionId === only.versionId &&
    isSameContent(view.eTag, only.eTag) &&
    Object.values(state?.buckets ?? {}).every(each => !each.isPresent || isSameContent(each.eTag, only.eTag))
  );
};

/**
 * What only the STATE row believes to be in a bucket, and the picture does not show: a torn restore may keep a state and
 * lose the rows it came of.
 */
export const believedAlone = (
  state: ObjectState | undefined,
  rows: readonly ObservationRow[],
  { bucket, key, versions }: KeyPicture,
): VersionView | undefined => {
  const view = state?.buckets[bucket];
  if (view?.isPresent !== true || versions.some(({ versionId }) => versionId === view.versionId))
    return undefined;
  if (rows.some(row => row.bucket === bucket && isPresence(row))) return undefined;
  const { versionId, time } = view;
  const latest: ObservationRow = {
    ...{ bucket, key, versionId, time, duplicates: 0 },
    ...{ kind: "created", source: "listing", event: "listing" },
  };
  return { versionId, state: "object", latest };
};

const isSameContent = (one: string | undefined, other: string | undefined): boolean =>
  one === undefined || other === undefined || one === other;

/** When anything was last seen of a version, ISO instant. */
export const latestTime = (rows: readonly ObservationRow[], { latest }: VersionView): string =>
  rows
    .filter(row => row.bucket === latest.bucket && row.versionId === latest.versionId)
    .reduce((time, row) => (row.time > time ? row.time : time), latest.time);
