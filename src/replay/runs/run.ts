import { isoInstant } from "../../ports/clock.ts";
import { highestUnder, numbered, runKeys, runPrefix } from "./run-keys.ts";
import type { BegunBody, CheckpointBody, EndedBody, RunOutcome, RunPlace } from "./run-record.ts";
import { readRun } from "./run-record.ts";

/** A run that has begun. One process works on it; whatever it does must be safe to do twice. */
export type Run<At> = {
  readonly number: number;
  /**
   * Tells how far it is: everything before `at` is done for good. The first is written, then one every
   * `CHECKPOINT_EVERY_MS`; those between are kept for the end. Throws `RunTakenOver`; what the object store throws.
   */
  checkpoint(at: At): Promise<void>;
  /** Ends it, at the last checkpoint given. `summary` must be JSON. */
  end(outcome: RunOutcome, summary: unknown): Promise<void>;
};

export type Begun<At> =
  | {
      readonly outcome: "begun";
      readonly run: Run<At>;
      /** Where the run before stopped, if it was not completed and worked on this life of the table. */
      readonly from?: At;
    }
  /** Another one runs. Instants are ISO. */
  | { readonly outcome: "busy"; readonly since: string; readonly lastSeen: string };

/** Another process took this run for dead and began the next: it must not go on. Nothing is lost by that. */
export class RunTakenOver extends Error {
  override readonly name = "RunTakenOver";
  constructor(kind: string, subject: string, number: number) {
    super(
      `Run ${number} of ${kind} ${subject} was silent for so long that another one began: leave it to that one.`,
    );
  }
}

/** Short beside the lease, and long enough that a day's run leaves no more than some ten thousand objects. */
export const CHECKPOINT_EVERY_MS = 10_000;

/**
 * Begins a run, one at a time for each kind and subject. `kind`: lower-case letters and hyphens; `subject`: any text.
 *
 * The run with the highest number counts: while it has not ended and was seen within `RUN_LEASE_MS`, none may begin.
 * Of two that begin at once the first to put its object wins. An answer of S3 that is lost makes the winner believe it
 * lost: the run it began is abandoned when its lease is over.
 * Throws: what the object store throws.
 */
export const beginRun = async <At>(
  place: RunPlace,
  { kind, subject, what }: { readonly kind: string; readonly subject: string; readonly what: unknown },
): Promise<Begun<At>> => {
  const prefix = runPrefix(kind, subject);
  const latest = await highestUnder(place, prefix);
  const before = latest === 0 ? undefined : await readRun<At>(place, prefix, latest);
  if (before?.status === "running")
    return { outcome: "busy", since: before.begunAt, lastSeen: before.lastSeen };
  const number = latest + 1;
  const isUnfinished = before !== undefined && before.status !== "completed" && before.epoch === place.epoch;
  const from = isUnfinished ? before.at : undefined;
  const begunAt = isoInstant(place.clock.now());
  const { epoch } = place;
  const body: BegunBody = {
    kind,
    subject,
    number,
    begunAt,
    epoch,
    what,
    ...(from !== undefined && { from }),
  };
  if (!(await putOnce(place, runKeys(prefix, number).begun, body))) {
    const winner = await readRun(place, prefix, number);
    return {
      outcome: "busy",
      since: winner?.begunAt ?? begunAt,
      lastSeen: winner?.lastSeen ?? begunAt,
    };
  }
  const run = runOf<At>(place, { kind, subject, number });
  return { outcome: "begun", run, ...(from !== undefined && { from }) };
};

const runOf = <At>(
  place: RunPlace,
  { kind, subject, number }: { readonly kind: string; readonly subject: string; readonly number: number },
): Run<At> => {
  const prefix = runPrefix(kind, subject);
  const keys = runKeys(prefix, number);
  let checkpoints = 0;
  let writtenAtMs = Number.NEGATIVE_INFINITY;
  let last: { readonly at: At } | undefined;
  return {
    number,
    checkpoint: async at => {
      last = { at };
      const nowMs = place.clock.now();
      if (nowMs - writtenAtMs < CHECKPOINT_EVERY_MS) return;
      writtenAtMs = nowMs;
      checkpoints += 1;
      const body: CheckpointBody = { at, seenAt: isoInstant(nowMs) };
      await putOnce(place, numbered(keys.checkpoints, checkpoints), body);
      // After the put: whoever takes over has not seen it, or is seen here.
      const successor = { bucket: place.bucket, key: runKeys(prefix, number + 1).begun };
      if ((await place.objects.head(successor)) !== undefined) throw new RunTakenOver(kind, subject, number);
    },
    end: async (outcome, summary) => {
      const endedAt = isoInstant(place.clock.now());
      const body: EndedBody = { outcome, endedAt, ...last, summary };
      await putOnce(place, keys.ended, body);
    },
  };
};

/** Returns: false if the object was there before. */
const putOnce = async ({ objects, bucket }: RunPlace, key: string, body: object): Promise<boolean> => {
  const { outcome } = await objects.put({
    bucket,
    key,
    body: JSON.stringify(body),
    ifAbsent: true,
    contentType: "application/json",
  });
  return outcome === "stored";
};
