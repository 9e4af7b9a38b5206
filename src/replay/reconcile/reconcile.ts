import pMap from "p-map";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { isoInstant } from "../../ports/clock.ts";
import { GET_KEYS_MAX } from "../../table/store.ts";
import type { Observation } from "../../tracking/observation.ts";
import { readObservations, readTracked } from "../../tracking/refresh-state.ts";
import type { VersionView } from "../../tracking/views.ts";
import type { Report } from "../inventory/open-report.ts";
import { chunksOf } from "./chunks.ts";
import { believedAlone, compareWithPicture, isPlain, type KeyPicture, latestTime } from "./compare.ts";
import type { Check, SeenKey } from "./due.ts";
import { createFeed, type Feed, type FeedPlace, noFeed, ownCopy } from "./feed.ts";
import { inventoryPicture, listingPicture, type Picture, type Scope } from "./picture.ts";
import { lookAgain } from "./second-look.ts";
import { refreshIfStale } from "./stale-state.ts";
import { type Counts, type Example, type Finding, newTally, type Tally } from "./tally.ts";
import { type TrackedKeys, trackedKeys } from "./tracked-keys.ts";
import { undecided } from "./undecided.ts";
import { tellReusedUnplaced, tellUnplaced } from "./unplaced.ts";
import { unpublishedCheck } from "./unpublished.ts";
import { wholeKeys } from "./whole-keys.ts";

export type ReconcileRequest = {
  readonly scope: Scope;
  /** Look at this report instead of listing the buckets. */
  readonly report?: Report | undefined;
  /** Buckets a report says nothing of are not searched for what is gone, unless the report is known to cover them. */
  readonly isReportOfAll?: boolean;
  /** UTC day, YYYY-MM-DD: what was first seen earlier is not searched for what is gone. */
  readonly since: string;
  /** How long the live path may take before what it left undone is told again. */
  readonly graceMs: number;
  /** Where what was found is told. Absent: nothing is told and nothing marked, only counted. */
  readonly feed?: FeedPlace | undefined;
  /** Whether decisions whose requests were not placed are told again, too. Default: no. */
  readonly looksForUnplaced?: boolean;
  /** Asked now and then: whether to leave the rest. */
  readonly isStopped?: () => boolean;
  /** Told now and then how far it is. */
  readonly onProgress?: (counts: Counts) => Promise<void>;
};

export type Reconciled = {
  readonly source: Picture["source"];
  readonly buckets: readonly string[];
  readonly prefix: string;
  /** ISO instant: what happened in S3 later was left to the next run. */
  readonly takenAt: string;
  /** UTC day from which on was looked for what is gone. */
  readonly lookedFrom: string;
  readonly isDryRun: boolean;
  /** False if it was stopped. */
  readonly isComplete: boolean;
  readonly counts: Counts;
  readonly examples: Readonly<Record<Finding, readonly Example[]>>;
};

/** Keys read at once; each is a query. */
const KEYS_AT_ONCE = 16;
/** S3 mostly tells within seconds: what nobody was told of is looked at again once it is this old. */
export const NOTIFICATION_MS = 10_000;
/** Keys held back for that; above it the rest is left to the next run. */
const HELD_BACK_MAX = 10_000;

/**
 * Compares what S3 shows with what tracking and the decisions know, and has the live path do what it left undone.
 *
 * Lost notifications are told on the topic of object events, as are requests without a decision and decisions that were
 * not published; so whatever was found takes the one path from news to rows. Decisions whose requests were not placed
 * are told on the topic of decisions. What tracking believes there and S3 does
 * not show is looked at again, and marked deleted if it is not there. Everything may be done twice.
 *
 * Throws: `TooManyKeys`, `UnusableReport`, `SplitBrain`; what the ports throw.
 */
export const reconcile = async (ledger: AnyLedger, request: ReconcileRequest): Promise<Reconciled> => {
  const { scope, report, since, feed } = request;
  const beganAtMs = ledger.clock.now();
  const picture = report ? inventoryPicture(report, scope) : listingPicture(ledger.objects, scope, beganAtMs);
  const work: Work = {
    ledger,
    takenAt: picture.takenAt,
    tally: newTally(),
    feed: feed ? createFeed(feed) : noFeed,
    isDryRun: feed === undefined,
    graceMs: request.graceMs,
    ...(request.looksForUnplaced === true && { unplacedBefore: isoInstant(beganAtMs - request.graceMs) }),
    feedPlace: feed,
    checks: [undecided, unpublishedCheck()],
    tracked: await trackedKeys(ledger, scope, { since, until: beganAtMs }),
    heldBack: [],
  };
  const isComplete = await walk(work, request, picture);
  await work.feed.flush();
  if (isComplete && request.looksForUnplaced === true && scope.buckets.includes(ledger.roles.requests))
    await tellUnplaced(
      ledger,
      { prefix: scope.prefix, before: isoInstant(beganAtMs - request.graceMs), feed },
      work.tally,
    );
  return {
    source: picture.source,
    ...scope,
    takenAt: picture.takenAt,
    lookedFrom: since,
    isDryRun: work.isDryRun,
    isComplete,
    counts: work.tally.counts(),
    examples: work.tally.examples(),
  };
};

/** One run: what it knows and where its findings go. */
type Work = {
  readonly ledger: AnyLedger;
  readonly takenAt: string;
  readonly tally: Tally;
  readonly feed: Feed;
  readonly isDryRun: boolean;
  readonly graceMs: number;
  /** ISO instant: what was decided by then is to be placed; absent where nobody asks. */
  readonly unplacedBefore?: string;
  readonly feedPlace: FeedPlace | undefined;
  readonly checks: readonly Check[];
  /** Known keys that the picture has not shown so far. */
  readonly tracked: TrackedKeys;
  /** Untold, but so young that the notification may be on its way. */
  readonly heldBack: KeyPicture[];
};

/** Returns: false if it was stopped. */
const walk = async (work: Work, request: ReconcileRequest, picture: Picture): Promise<boolean> => {
  const { isStopped = () => false, onProgress = async () => {} } = request;
  const shown = new Set<string>();
  for await (const keys of wholeKeys(picture.batches, GET_KEYS_MAX)) {
    if (isStopped()) return false;
    for (const { bucket } of keys) shown.add(bucket);
    await lookAtKeys(work, keys);
    await onProgress(work.tally.counts());
  }
  for (const [bucket, keys] of work.tracked) {
    if (picture.source === "inventory" && request.isReportOfAll !== true && !shown.has(bucket)) continue;
    for (const chunk of chunksOf([...keys], GET_KEYS_MAX)) {
      if (isStopped()) return false;
      await pMap(chunk, key => lookForKey(work, { bucket, key, versions: [] }), {
        concurrency: KEYS_AT_ONCE,
      });
      await onProgress(work.tally.counts());
    }
  }
  await lookAtHeldBack(work);
  return true;
};

const lookAtKeys = async (work: Work, keys: readonly KeyPicture[]): Promise<void> => {
  const { ledger, tally, checks } = work;
  const { state } = ledger.rows;
  const items = await ledger.store.get(keys.map(({ key }) => state.key({ key })));
  const seen = await pMap(
    keys,
    async (picture, i): Promise<SeenKey> => {
      const item = items[i];
      const known = item && state.read(item);
      work.tracked.get(picture.bucket)?.delete(picture.key);
      tally.look({ pictures: picture.versions.length });
      if (!isPlain(known, picture)) return { ...(await lookForKey(work, picture)), state: known };
      tally.look({ known: 1 });
      return { picture, known: picture.versions, state: known };
    },
    { concurrency: KEYS_AT_ONCE },
  );
  if (work.unplacedBefore !== undefined)
    await tellReusedUnplaced(ledger, seen, { before: work.unplacedBefore, feed: work.feedPlace }, tally);
  for (const check of checks) {
    for (const { finding, observation, since } of await check(ledger, seen)) {
      if (ageMs(work, since) < work.graceMs) tally.add("underWay", observation);
      else await tell(work, finding, observation);
    }
  }
};

/** Reads all that was observed of a key, and compares. */
const lookForKey = async (work: Work, picture: KeyPicture): Promise<Omit<SeenKey, "state">> => {
  const { ledger, tally, takenAt, isDryRun } = work;
  const { rows, state } = await readTracked(ledger, picture.key);
  if (state !== undefined && !isDryRun) await refreshIfStale(ledger, picture.key, rows, state);
  const { lost, known, missing } = compareWithPicture(rows, picture, takenAt);
  tally.look({ known: known.length });
  const isYoung = (each: Observation): boolean => ageMs(work, each.time) < notificationMs(work);
  holdBack(work, picture, lost.filter(isYoung));
  for (const each of lost) if (!isYoung(each)) await tell(work, "lost", each);
  for (const view of missing) await lookForVersion(work, view, latestTime(rows, view));
  const believed = believedAlone(state, rows, picture);
  if (believed) await lookForVersion(work, believed, believed.latest.time);
  return { picture, known, rows };
};

const tell = async ({ tally, feed }: Work, finding: Finding, observation: Observation): Promise<void> => {
  tally.add(finding, observation);
  await feed.add(observation);
};

const lookForVersion = async (
  { ledger, tally, isDryRun }: Work,
  view: VersionView,
  seenAt: string,
): Promise<void> => {
  try {
    const looked = await lookAgain(ledger, view, { isDryRun, seenAt });
    tally.add(looked.outcome, view.latest, "reason" in looked ? looked.reason : undefined);
  } catch (error) {
    // S3 would not say: this one stays as it is, and the run says so.
    if (!(error instanceof Error)) throw error;
    tally.add("failed", view.latest, `${error.name}: ${error.message}`);
  }
};

const holdBack = ({ heldBack, tally }: Work, picture: KeyPicture, young: readonly Observation[]): void => {
  if (young.length === 0) return;
  if (heldBack.length < HELD_BACK_MAX) heldBack.push({ ...picture, versions: young.map(ownCopy) });
  else for (const each of young) tally.add("underWay", each);
};

/** Waits until what was held back is old enough, and tells what is still untold. */
const lookAtHeldBack = async (work: Work): Promise<void> => {
  const { ledger, tally, heldBack, takenAt } = work;
  const ages = heldBack.flatMap(({ versions }) => versions.map(({ time }) => ageMs(work, time)));
  if (ages.length === 0) return;
  await ledger.clock.sleep(Math.max(0, notificationMs(work) - Math.min(...ages)));
  await pMap(
    heldBack,
    async picture => {
      const rows = await readObservations(ledger, picture.key);
      const { lost, known } = compareWithPicture(rows, picture, takenAt);
      tally.look({ known: known.length });
      for (const each of lost) await tell(work, "lost", each);
    },
    { concurrency: KEYS_AT_ONCE },
  );
};

/** Whoever grants no grace says that nothing is on its way. */
const notificationMs = ({ graceMs }: Work): number => Math.min(graceMs, NOTIFICATION_MS);

/** Not below 0: S3's clock may be ahead of ours, and nobody waits longer for that. */
const ageMs = ({ ledger }: Work, instant: string): number =>
  Math.max(0, ledger.clock.now() - Date.parse(instant));
