import { arrange, newestSequencedTime } from "./arrange.ts";
import { onlyKnown } from "./known.ts";
import { isPresence, type ObservationRow } from "./observation.ts";
import { compareText } from "./sequencer.ts";
import { coldestOf } from "./storage-class.ts";

/** What is known of one version of an object. */
export type VersionView = {
  readonly versionId: string;
  readonly state: "object" | "marker" | "gone";
  /** The observation that says so: the last of this version. */
  readonly latest: ObservationRow;
  readonly storageClass?: string | undefined;
  readonly accessTier?: string | undefined;
  /** State of the readable copy of a cold object; absent when there is none and none was asked for. */
  readonly restore?: { readonly isOngoing: boolean; readonly expiresAt?: string | undefined } | undefined;
};

/** All buckets that the rows of an object key tell of, in order. */
export const bucketsOf = (rows: readonly ObservationRow[]): readonly string[] =>
  [...new Set(rows.map(({ bucket }) => bucket))].sort(compareText);

/**
 * The versions of one key in one bucket, oldest first: each as its last observation says. Versions known only from
 * events that tell more of an object (tags, restores) are left out.
 *
 * Source: Amazon S3 User Guide, "How S3 Versioning works". The null version of an unversioned or suspended bucket
 * is one version that is replaced each time, by a delete marker too.
 */
export const versionsOf = (rows: readonly ObservationRow[], bucket: string): readonly VersionView[] => {
  const here = rows.filter(row => row.bucket === bucket);
  const versionIds = [...new Set(here.map(({ versionId }) => versionId))];
  const views = versionIds.flatMap(versionId => {
    const view = versionView(here.filter(row => row.versionId === versionId));
    return view === undefined ? [] : [view];
  });
  const byLatest = new Map(views.map(view => [view.latest, view]));
  // A version that is gone competes with none: the time of its deletion says nothing of a picture's age.
  const rivals = views.filter(({ state }) => state !== "gone").map(({ latest }) => latest);
  return arrange([...byLatest.keys()], newestSequencedTime(rivals)).flatMap(
    latest => byLatest.get(latest) ?? [],
  );
};

/**
 * The version a GET without version id would find, or `undefined`: of the versions that are still there the last
 * one, unless that is a delete marker.
 */
export const currentView = (rows: readonly ObservationRow[], bucket: string): VersionView | undefined => {
  const top = versionsOf(rows, bucket).findLast(({ state }) => state !== "gone");
  return top?.state === "object" ? top : undefined;
};

const versionView = (rows: readonly ObservationRow[]): VersionView | undefined => {
  const latest = arrange(rows.filter(isPresence), newestSequencedTime(rows)).at(-1);
  if (latest === undefined) return undefined;
  const state = STATE_OF[latest.kind];
  if (state === undefined) throw new Error(`Expected an observation of presence, got ${latest.kind}`);
  return {
    versionId: latest.versionId,
    state,
    latest,
    ...(state === "object" ? storageOf(rows, latest) : {}),
  };
};

const STATE_OF: Readonly<Partial<Record<ObservationRow["kind"], VersionView["state"]>>> = {
  created: "object",
  marker: "marker",
  deleted: "gone",
};

// Restores and transitions mostly have no sequencer; what S3 did to an object, it did after it was made.
const storageOf = (rows: readonly ObservationRow[], latest: ObservationRow) => {
  const later = rows
    .filter(row => !isPresence(row) && row.time >= latest.time)
    .sort((left, right) => compareText(left.time, right.time) || compareText(left.event, right.event));
  const pictures = rows.filter(row => showsSameObject(row, latest));
  return onlyKnown({
    storageClass: coldestOf([latest, ...pictures, ...later].map(({ storageClass }) => storageClass)),
    accessTier: later.findLast(({ kind }) => kind === "transitioned")?.accessTier,
    restore: restoreOf(later),
  });
};

const showsSameObject = (row: ObservationRow, latest: ObservationRow): boolean =>
  row.kind === "created" &&
  row.source !== "notification" &&
  row.eTag !== undefined &&
  row.eTag === latest.eTag;

const restoreOf = (later: readonly ObservationRow[]): VersionView["restore"] => {
  const last = later.findLast(({ kind }) => kind.startsWith("restore"));
  if (last === undefined || last.kind === "restore-expired") return undefined;
  return onlyKnown({ isOngoing: last.kind === "restore-started", expiresAt: last.restoreExpiresAt });
};

/** One observation, and whether it is the one that makes its version the current one. */
export type FlatRow = ObservationRow & { readonly isCurrent: boolean };

/** Every observation of a key, by bucket and then in order. Source: filemanager's flat mode, vectors F1-F19. */
export const flatView = (rows: readonly ObservationRow[]): readonly FlatRow[] =>
  bucketsOf(rows).flatMap(bucket => {
    const here = rows.filter(row => row.bucket === bucket);
    const current = currentView(here, bucket)?.latest;
    return arrange(here, newestSequencedTime(here)).map(row => ({ ...row, isCurrent: row === current }));
  });

export type Counters = {
  readonly observations: number;
  /** Further deliveries of notifications already known. */
  readonly duplicates: number;
  /** Notifications delivered after one with a higher sequencer; counted where the time of delivery is known. */
  readonly reordered: number;
};

export const countersOf = (rows: readonly ObservationRow[]): Counters => ({
  observations: rows.length,
  duplicates: rows.reduce((sum, { duplicates }) => sum + duplicates, 0),
  reordered: rows.filter(row => isReordered(row, rows)).length,
});

/** Whether a notification was delivered after one of its object with a higher sequencer, as far as is known. */
export const isReordered = (row: ObservationRow, rows: readonly ObservationRow[]): boolean =>
  rows.some(other => overtook(other, row));

const overtook = (other: ObservationRow, row: ObservationRow): boolean =>
  other.bucket === row.bucket &&
  other.sequencer !== undefined &&
  row.sequencer !== undefined &&
  other.sequencer > row.sequencer &&
  other.receivedAt !== undefined &&
  row.receivedAt !== undefined &&
  other.receivedAt < row.receivedAt;
