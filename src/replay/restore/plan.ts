import type { AnyLedger } from "../../ledger/ledger.ts";
import {
  type Base,
  type LivePlace,
  type LivePointer,
  livePointers,
  type Origin,
  placeOfLive,
  repairedAt,
} from "../../ledger/live.ts";
import { epochMarkerName, epochText } from "../../ledger/names.ts";
import { isoInstant } from "../../ports/clock.ts";
import { wholeSecondMs } from "../../ports/point-in-time.ts";
import { RestoreRefused } from "./restore-errors.ts";

/**
 * More than a tear, the error of any clock and the longest invocation together: a decision is stamped before it is
 * committed, at most the 15 minutes that Lambda lets an invocation live. Source: ruling 29.
 */
export const MARGIN_MS = 3_600_000;
const MARKERS_PREFIX = "epoch/";
/** A thousand restores a page. */
const PAGES_MAX = 1_000;

/** What a restore does, once and for all: the body of the marker that begins it. Instants are ISO. */
export type RestorePlan = {
  /** The epoch it begins. */
  readonly epoch: number;
  /** The epoch it ends, and seals. */
  readonly sealed: number;
  readonly from: Base;
  /** The instant of the table that is made; earlier than asked for where its epoch had ended before. Of a snapshot none. */
  readonly at?: string;
  /** The table whose past is asked for; it was live at the instant. */
  readonly source: string;
  /** The table to be made. */
  readonly table: string;
  /** Whatever was decided or repaired from here on is written again. */
  readonly reach: string;
  readonly reason: string;
  readonly begunAt: string;
};

/** What is asked for. */
export type RestoreWish = {
  readonly from: Base;
  /** At least the longest invocation and the error of the clocks; of a torn table also its tear. */
  readonly marginMs: number;
  readonly reason: string;
  /** Begin anew, though a restore to something else has begun and is not finished. */
  readonly isInstead: boolean;
};

/** What a marker holds: the plan of a restore, or that of a new judgement, which makes its table of nothing. */
export type BegunPlan = Omit<RestorePlan, "from"> & { readonly from: Origin };

/** The same base, to the second: backups count in seconds. */
const isFrom = (plan: BegunPlan, base: Base): plan is RestorePlan => {
  const { from } = plan;
  return from.kind === "pitr" && base.kind === "pitr"
    ? wholeSecondMs(from.at) === wholeSecondMs(base.at)
    : from.kind === "snapshot" && base.kind === "snapshot" && from.id === base.id;
};

/** The plan in an epoch's marker; undefined if there is none. Throws: for a marker without a plan; what S3 throws. */
export const readPlan = async (
  { objects, bucket }: LivePlace,
  epoch: number,
): Promise<BegunPlan | undefined> => {
  const key = epochMarkerName(epoch);
  const found = await objects.get({ bucket, key });
  if (found === undefined) return undefined;
  try {
    const plan = JSON.parse(Buffer.from(found.body).toString("utf8")) as BegunPlan; // checked below
    if (plan.epoch === epoch && typeof plan.table === "string" && typeof plan.reach === "string") return plan;
  } catch {
    // Told below, like any other text that is no plan.
  }
  throw new RestoreRefused(`s3://${bucket}/${key} holds no plan of a restore: somebody else wrote it.`);
};

/** The newest marker's epoch, 1 if there is none. */
export const newestMarker = async ({ objects, bucket }: LivePlace): Promise<number> => {
  let newest = 1;
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const listed = await objects.list({ bucket, prefix: MARKERS_PREFIX, cursor });
    for (const { key } of listed.objects) newest = Math.max(newest, Number(key.slice(MARKERS_PREFIX.length)));
    cursor = listed.cursor;
    if (cursor === undefined) return newest;
  }
  throw new Error(`More than ${PAGES_MAX} pages of markers in s3://${bucket}/${MARKERS_PREFIX}`);
};

/** `begun`: its marker was written before, by a restore that did not finish. */
export type Planned = { readonly plan: RestorePlan; readonly begun: boolean };

/**
 * The plan of a restore: that of one that has begun with the same base, else a new one. Writes nothing. One that was
 * to end another epoch than the live one can never be finished: it is only begun anew.
 *
 * `table`: the live one. Throws: `RestoreRefused` where another restore has begun and is not finished.
 */
export const planRestore = async (
  ledger: AnyLedger,
  table: string,
  { from, marginMs, reason, isInstead }: RestoreWish,
): Promise<Planned> => {
  const place = placeOfLive(ledger);
  const newest = Math.max(await newestMarker(place), ledger.epoch);
  const unfinished = newest > ledger.epoch ? await readPlan(place, newest) : undefined;
  const canGoOn = unfinished?.sealed === ledger.epoch;
  if (canGoOn && isFrom(unfinished, from)) return { plan: unfinished, begun: true };
  if (unfinished !== undefined && !canGoOn && !isInstead)
    throw new RestoreRefused(
      `A restore from ${baseText(unfinished.from)} to epoch ${newest} has begun, but epoch ${ledger.epoch} went live since and it would lose that one's decisions: begin anew with --instead.`,
    );
  if (unfinished !== undefined && !isInstead)
    throw new RestoreRefused(
      `A restore from ${baseText(unfinished.from)} to epoch ${newest} has begun and is not finished: start it again as it was, or begin another one with --instead.`,
    );
  const epoch = newest + 1;
  const pointers = await livePointers(place);
  const source = sourceOf(pointers, table, from);
  if (from.kind === "pitr") checkNotJudgedSince(pointers, source?.epoch ?? 1);
  const at = from.kind === "pitr" ? await instantOf(place, pointers, source, from.at) : undefined;
  const reach = await reachOf(place, source?.epoch ?? 1, at, marginMs);
  return {
    begun: false,
    plan: {
      epoch,
      sealed: ledger.epoch,
      from,
      ...(at !== undefined && { at }),
      source: source?.table ?? firstTable(table),
      table: `${firstTable(table)}-${epochText(epoch)}`,
      reach,
      reason,
      begunAt: isoInstant(ledger.clock.now()),
    },
  };
};

/** A table of before knows decisions that count no more. Throws: `RestoreRefused`. */
export const checkNotJudgedSince = (pointers: readonly LivePointer[], epoch: number): void => {
  const anew = pointers.find(each => each.from.kind === "rejudge" && each.epoch > epoch);
  if (anew !== undefined)
    throw new RestoreRefused(
      `All decisions were judged anew at ${anew.restoredAt}: name a later instant, or a snapshot that was taken since.`,
    );
};

/** The table of the first epoch: later ones carry their epoch behind it. */
export const firstTable = (table: string): string => table.replace(/-\d{6}$/, "");

/** The pointer that was live at the instant; undefined for the first table. */
const sourceOf = (pointers: readonly LivePointer[], table: string, from: Base): LivePointer | undefined => {
  if (from.kind === "snapshot") return pointers.find(each => each.table === table);
  // The second in which the pointer moved belongs to the table before.
  const atMs = wholeSecondMs(from.at);
  return pointers.findLast(({ restoredAt }) => Date.parse(restoredAt) <= atMs);
};

/**
 * The instant to ask the source for: not after the restore that ended its epoch began, since workers that did not know
 * went on writing there, and what they wrote is sealed in no manifest.
 */
const instantOf = async (
  place: LivePlace,
  pointers: readonly LivePointer[],
  source: LivePointer | undefined,
  at: string,
): Promise<string> => {
  const next = pointers.find(({ epoch }) => epoch > (source?.epoch ?? 1));
  const ended = next && (await readPlan(place, next.epoch));
  const atMs = wholeSecondMs(at);
  return isoInstant(ended === undefined ? atMs : Math.min(atMs, wholeSecondMs(ended.begunAt)));
};

/**
 * From when on everything is written again: the instant less the margin; earlier where the table of that instant was
 * itself still being repaired, since its rows then came late. Of a snapshot: from the beginning.
 */
const reachOf = async (
  place: LivePlace,
  epoch: number,
  at: string | undefined,
  marginMs: number,
): Promise<string> => {
  if (at === undefined) return isoInstant(0);
  const reach = isoInstant(Math.max(0, wholeSecondMs(at) - marginMs));
  const repaired = await repairedAt(place, epoch);
  if (repaired !== undefined && repaired < reach) return reach;
  const before = epoch === 1 ? undefined : await readPlan(place, epoch);
  return before === undefined || reach < before.reach ? reach : before.reach;
};

/** A base in words. */
export const baseText = (from: Origin): string => {
  if (from.kind === "rejudge") return `a rejudge, of digest ${from.digest}`;
  return from.kind === "pitr" ? from.at : `snapshot ${from.id}`;
};
