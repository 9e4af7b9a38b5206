import { jsonIn } from "../../ledger/json-in-s3.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { highestUnder, numbered, type RunKeys, runKeys, runPrefix } from "./run-keys.ts";

/**
 * Where runs are kept: the bucket of decisions, which admits no overwriting. So a run is objects written once.
 * `epoch`: the life of the table they work on; what a run did to an earlier one says nothing of this one.
 */
export type RunPlace = {
  readonly objects: ObjectStore;
  readonly bucket: string;
  readonly clock: Clock;
  readonly epoch: number;
};

/** How a run ended. `stopped`: somebody asked it to; the next one goes on. */
export type RunOutcome = "completed" | "failed" | "stopped";

/** What is known of one run. Instants are ISO, by the clock of the machine it ran on. */
export type RunRecord<At = unknown> = {
  readonly kind: string;
  readonly subject: string;
  /** From 1, of this kind and subject. */
  readonly number: number;
  readonly begunAt: string;
  /** When it last wrote anything. */
  readonly lastSeen: string;
  /** `abandoned`: it did not end, and was not seen for longer than the lease, or another one took over. */
  readonly status: "running" | "abandoned" | RunOutcome;
  /** The life of the table it worked on. */
  readonly epoch: number;
  /** What it was asked to do. */
  readonly what: unknown;
  /** Its last checkpoint; that of the run it went on from, if it made none itself. */
  readonly at?: At | undefined;
  /** What it said at its end. */
  readonly summary?: unknown;
};

/** The object that begins a run. */
export type BegunBody = Pick<RunRecord, "kind" | "subject" | "number" | "begunAt" | "epoch" | "what"> & {
  readonly from?: unknown;
};
/** One checkpoint. */
export type CheckpointBody = { readonly at: unknown; readonly seenAt: string };
/** The object that ends a run. */
export type EndedBody = {
  readonly outcome: RunOutcome;
  readonly endedAt: string;
  readonly at?: unknown;
  readonly summary: unknown;
};

/**
 * How long a run may stay silent before it counts as abandoned and another one may begin: far longer than the pause
 * between two checkpoints. Source: filemanager, which gives up a crawl after the same time.
 */
export const RUN_LEASE_MS = 15 * 60_000;

/** All runs of a kind and subject that a listing walks through: one each minute for two months. */
const RUNS_MAX = 100_000;

/**
 * The record of one run; `undefined` if there is none of this number. `prefix`: of its kind and subject.
 *
 * Throws: what the object store throws.
 */
export const readRun = async <At>(
  place: RunPlace,
  prefix: string,
  number: number,
): Promise<RunRecord<At> | undefined> => {
  const keys = runKeys(prefix, number);
  const begun = await readJson<BegunBody>(place, keys.begun);
  if (begun === undefined) return undefined;
  const { from, ...told } = begun;
  const ended = await readJson<EndedBody>(place, keys.ended);
  if (ended !== undefined) {
    const { outcome, endedAt, summary } = ended;
    const at = (ended.at ?? from) as At | undefined; // written by a run of the same kind
    return { ...told, lastSeen: endedAt, status: outcome, ...(at !== undefined && { at }), summary };
  }
  const last = await lastCheckpoint(place, keys);
  const at = (last?.at ?? from) as At | undefined; // likewise
  const lastSeen = last?.seenAt ?? begun.begunAt;
  const status = isOver(place, lastSeen) ? "abandoned" : "running";
  return { ...told, lastSeen, status, ...(at !== undefined && { at }) };
};

/**
 * The runs there were, by kind, subject and number. Without a kind: of all.
 *
 * Throws: above `RUNS_MAX` runs; what the object store throws.
 */
export async function* listRuns<At = unknown>(
  place: RunPlace,
  kind?: string,
  subject?: string,
): AsyncGenerator<RunRecord<At>> {
  const prefix = runPrefix(kind, subject);
  let startAfter = prefix;
  let before: RunRecord<At> | undefined;
  for (let runs = 0; runs < RUNS_MAX; runs += 1) {
    const [first] = (await place.objects.list({ bucket: place.bucket, prefix, startAfter, limit: 1 }))
      .objects;
    const found = first && placeIn(first.key);
    const run = found && (await readRun<At>(place, found.prefix, found.number));
    if (before !== undefined) yield run === undefined ? before : overtaken(before, run);
    if (first === undefined) return;
    before = run;
    startAfter = found === undefined ? first.key : `${numbered(found.prefix, found.number)}~`;
  }
  throw new Error(`More than ${RUNS_MAX} runs under ${prefix}: ask for one kind and subject.`);
}

/** Reads an object that a run wrote. Throws: `ObjectDamaged`. */
export const readJson = async <Body>(
  { objects, bucket }: RunPlace,
  key: string,
): Promise<Body | undefined> => {
  const found = await objects.get({ bucket, key });
  return found && (jsonIn(found.body, { bucket, key }, "the record of a run") as Body); // only runs write here
};

const lastCheckpoint = async (place: RunPlace, keys: RunKeys): Promise<CheckpointBody | undefined> => {
  const number = await highestUnder(place, keys.checkpoints);
  return number === 0 ? undefined : readJson(place, numbered(keys.checkpoints, number));
};

const isOver = ({ clock }: RunPlace, lastSeen: string): boolean =>
  clock.now() - Date.parse(lastSeen) > RUN_LEASE_MS;

/** The numbers of a subject do not end with a run that was silent for long: the next one is its successor. */
const overtaken = <At>(run: RunRecord<At>, next: RunRecord<At>): RunRecord<At> =>
  run.status === "running" && run.kind === next.kind && run.subject === next.subject
    ? { ...run, status: "abandoned" }
    : run;

const RUN_KEY = /^(run\/[^/]+\/[^/]+\/)(\d{6})\//;

const placeIn = (key: string): { readonly prefix: string; readonly number: number } | undefined => {
  const [, prefix, number] = RUN_KEY.exec(key) ?? [];
  return prefix === undefined || number === undefined ? undefined : { prefix, number: Number(number) };
};
