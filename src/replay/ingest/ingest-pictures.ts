import pMap from "p-map";
import { tellsNew } from "../../tracking/news.ts";
import { NULL_VERSION, type Observation, type ObservationRow } from "../../tracking/observation.ts";
import { readTracked, refreshState } from "../../tracking/refresh-state.ts";
import { type BucketRoles, observedState } from "../../tracking/state.ts";
import { type TrackingTable, track } from "../../tracking/track.ts";
import { addTallies, type IngestTally, type Trouble, tallyOf } from "./tally.ts";

/** Where pictures go. */
export type Intake = { readonly table: TrackingTable; readonly roles: BucketRoles };

/** Keys looked at at once, each by a query: enough to keep a table busy, few enough that it is not throttled. */
const KEYS_AT_ONCE = 32;
/** S3's own limit. */
const KEY_BYTES_MAX = 1_024;

/**
 * Takes pictures (rows of an inventory, versions of a listing) into tracking: those that tell something new (see
 * `tellsNew`) are recorded, and the states of their keys brought up to date. Of what is known nothing is written, so
 * that it is safe to repeat, and what a crash left undone is done then.
 *
 * `pictures`: some hundred; they and the rows of their keys are held in memory.
 * Returns: what became of them. Throws: what the store throws.
 * Source: ruling 39; filemanager vectors I1-I7, K1-K5, edge cases E17-E20.
 */
export const ingestPictures = async (
  intake: Intake,
  pictures: readonly Observation[],
): Promise<IngestTally> => {
  const byKey = Map.groupBy(pictures, ({ key }) => key);
  const tallies = await pMap(byKey, ([key, shown]) => ingestKey(intake, key, shown), {
    concurrency: KEYS_AT_ONCE,
  });
  return addTallies(tallies);
};

const ingestKey = async (
  { table, roles }: Intake,
  key: string,
  pictures: readonly Observation[],
): Promise<IngestTally> => {
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) return tallyOf({ ...NOTHING, ...refusedKey(pictures) });
  const { rows, state } = await readTracked(table, key);
  const { news, ambiguous } = sifted(rows, pictures);
  const tracked = news.length === 0 ? [] : await track(table, news);
  const troubles = tracked.flatMap(each => (each.outcome === "failed" ? [troubleOf(each, each.reason)] : []));
  const isStale = news.length > 0 || observedState({ previous: state, key, rows, roles }) !== state;
  const refreshed = isStale ? await refreshState(table, key, roles) : undefined;
  const [first] = pictures;
  if (refreshed?.outcome === "failed" && first !== undefined)
    troubles.push(troubleOf({ observation: first }, refreshed.reason));
  return tallyOf({
    records: pictures.length,
    new: tracked.filter(({ outcome }) => outcome === "recorded").length,
    known: pictures.length - news.length - ambiguous + tracked.filter(isKnown).length,
    ambiguous,
    states: refreshed?.outcome === "written" ? 1 : 0,
    troubles,
  });
};

const NOTHING = { new: 0, known: 0, ambiguous: 0, states: 0 };

const refusedKey = (pictures: readonly Observation[]) => ({
  records: pictures.length,
  troubles: pictures.map(observation =>
    troubleOf({ observation }, `S3 has no key of more than ${KEY_BYTES_MAX} bytes: the report is damaged`),
  ),
});

/** Somebody else recorded the same meanwhile. */
const isKnown = ({ outcome }: { readonly outcome: string }): boolean => outcome === "duplicate";

/** The pictures that tell something new; each is compared with the rows and with those before it. */
const sifted = (
  rows: readonly ObservationRow[],
  pictures: readonly Observation[],
): { readonly news: readonly Observation[]; readonly ambiguous: number } => {
  const news: Observation[] = [];
  const known = [...rows];
  let ambiguous = 0;
  for (const picture of pictures) {
    if (isAmbiguous(known, picture)) ambiguous += 1;
    else if (tellsNew(known, picture)) {
      news.push(picture);
      known.push({ ...picture, duplicates: 0 });
    }
  }
  return { news, ambiguous };
};

/**
 * A report of current versions only has no version ids. In a bucket that is known to have versions it would show each
 * object a second time, as a null version that nobody would ever see deleted.
 */
const isAmbiguous = (rows: readonly ObservationRow[], picture: Observation): boolean =>
  picture.versionId === NULL_VERSION &&
  picture.isLatest === undefined &&
  rows.some(row => row.bucket === picture.bucket && row.versionId !== NULL_VERSION);

const troubleOf = ({ observation }: { readonly observation: Observation }, reason: string): Trouble => ({
  bucket: observation.bucket,
  key: observation.key,
  versionId: observation.versionId,
  reason,
});
