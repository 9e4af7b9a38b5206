import { readCatalogue } from "../../ledger/catalogue.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { placeOfLive } from "../../ledger/live.ts";
import { isEpochOver } from "../../ledger/publish.ts";
import { createReads } from "../../ledger/reads.ts";
import { releaseOpened } from "../../ledger/release.ts";
import { repairStream } from "../../ledger/repair.ts";
import { OffTheChain } from "../../ledger/repair-errors.ts";
import { OutOfTime } from "../../ledger/waits.ts";
import { haltGuard } from "../control/halt-guard.ts";
import { manifestsUpTo } from "../manifest/read-manifest.ts";
import { newCounts, type ReplayCounts, type ReplayTrouble, type Tallied, TROUBLES_MAX } from "./counts.ts";
import { createPace, type Pace } from "./pace.ts";
import { EpochOver, StopAsked } from "./replay-errors.ts";
import { sealedStreams } from "./work-list.ts";

/** Streams repaired at once: each reads up to sixteen decisions at a time and holds its own in memory. */
export const PARALLEL_DEFAULT = 8;
export const PARALLEL_MAX = 64;
/** For what waits under one stream; what takes longer is left to the sweep. */
const RELEASE_MS_MAX = 60_000;
/** How often is asked whether another restore has begun. */
const LOOK_EVERY_MS = 3_000;

export type RepairOptions = {
  /** 1 to `PARALLEL_MAX`. Default: `PARALLEL_DEFAULT`. */
  readonly parallel?: number | undefined;
  /** Decisions a second, over all streams; as fast as it goes without. */
  readonly rate?: number | undefined;
  readonly isStopping?: (() => boolean) | undefined;
  /** Told after each stream, and now and then while it waits. What it throws ends the work. */
  readonly onProgress?: ((counts: ReplayCounts) => Promise<void>) | undefined;
};

/** `isComplete`: false if it was stopped. */
export type RepairedAll = {
  readonly isComplete: boolean;
  readonly counts: ReplayCounts;
  readonly troubles: readonly ReplayTrouble[];
};

type Work = {
  readonly ledger: AnyLedger;
  readonly counts: Tallied;
  readonly troubles: ReplayTrouble[];
  /** Absent without a rate: then nobody need know beforehand how much a stream lacks. */
  readonly pace: Pace | undefined;
  readonly beat: () => Promise<void>;
  readonly isHalted: () => Promise<boolean>;
};

/**
 * Repairs every stream that the sealed manifests of the ledger's epoch list, several at once, and decides what waits
 * under it, unless all is halted. A stream without a catalogue costs two reads. Safe to break off anywhere, and to do
 * twice at once: what is repaired is found repaired.
 *
 * A stream off its chain is told, and the others go on. Throws: `EpochOver`, `ManifestDamaged`, `SplitBrain`; what
 * `onProgress` and the ports throw. When it ends, nothing of it is under way.
 */
export const repairAll = async (ledger: AnyLedger, options: RepairOptions = {}): Promise<RepairedAll> => {
  const { parallel = PARALLEL_DEFAULT, rate } = options;
  if (!(parallel >= 1 && parallel <= PARALLEL_MAX))
    throw new RangeError(`Expected 1 to ${PARALLEL_MAX} streams at once, got ${parallel}`);
  // Before anything is begun: later on the others have begun more by the time one of them knows.
  if (await isEpochOver(ledger)) throw new EpochOver(ledger.epoch);
  const place = placeOfLive(ledger);
  const manifests = await manifestsUpTo(place, ledger.epoch);
  const counts = newCounts(manifests.reduce((sum, { decisions }) => sum + decisions, 0));
  const work: Work = {
    ledger,
    counts,
    troubles: [],
    pace: rate === undefined ? undefined : createPace(ledger.clock, rate),
    beat: beatOf(ledger, counts, options),
    isHalted: haltGuard({ ...place, clock: ledger.clock }),
  };
  const streams = sealedStreams(place, manifests, () => {
    counts.lines += 1;
  });
  const workers = await Promise.allSettled(
    Array.from({ length: parallel }, () => workThrough(work, streams)),
  );
  const errors = workers.flatMap(each => (each.status === "rejected" ? [each.reason] : []));
  const error = errors.find(each => !(each instanceof StopAsked)) ?? errors[0];
  if (error !== undefined && !(error instanceof StopAsked)) throw error;
  return { isComplete: error === undefined, counts: { ...counts }, troubles: work.troubles };
};

/** All workers share one generator: leaving the loop, by an error too, ends it for the others. */
const workThrough = async (work: Work, streams: AsyncGenerator<string>): Promise<void> => {
  for await (const stream of streams) {
    await work.beat();
    await repairOne(work, stream);
  }
};

const repairOne = async (work: Work, stream: string): Promise<void> => {
  const { ledger, counts, troubles, pace, beat } = work;
  const catalogue = pace && (await readCatalogue(ledger, stream));
  if (pace && catalogue) await pace(catalogue.entries.length, beat);
  try {
    const { outcome, decisions, rows } = await repairStream(ledger, stream);
    counts[outcome === "repaired" ? "repaired" : "alreadyDone"] += 1;
    counts.decisions += decisions;
    counts.rows += rows;
  } catch (error) {
    if (!(error instanceof OffTheChain)) throw error;
    counts.offTheChain += 1;
    if (troubles.length < TROUBLES_MAX) troubles.push({ stream, reason: error.message });
    return;
  }
  await release(work, stream);
};

/** Also under a stream that was repaired before: who did it may have died before this. */
const release = async ({ ledger, counts, isHalted }: Work, stream: string): Promise<void> => {
  if (await isHalted()) return;
  const untilMs = ledger.clock.now() + RELEASE_MS_MAX;
  const invocation = { reads: createReads(ledger.store), remainingMs: () => untilMs - ledger.clock.now() };
  try {
    counts.released += await releaseOpened(ledger, invocation, stream);
  } catch (error) {
    if (!(error instanceof OutOfTime)) throw error;
    ledger.log.warn("What waits under a stream is left to the sweep", { stream, reason: error.message });
  }
};

const beatOf = (
  ledger: AnyLedger,
  counts: ReplayCounts,
  { isStopping = () => false, onProgress = async () => {} }: RepairOptions,
): (() => Promise<void>) => {
  let lookedAtMs = ledger.clock.now();
  return async () => {
    if (isStopping()) throw new StopAsked();
    const nowMs = ledger.clock.now();
    if (Math.abs(nowMs - lookedAtMs) >= LOOK_EVERY_MS) {
      lookedAtMs = nowMs;
      if (await isEpochOver(ledger)) throw new EpochOver(ledger.epoch);
    }
    await onProgress({ ...counts });
  };
};
