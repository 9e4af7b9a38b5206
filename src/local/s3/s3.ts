import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import { forgetfulRecorder, type Recorder } from "../durability/recorder.ts";
import { type Bodies, memoryBodies } from "./bodies.ts";
import { eventMessage, type S3Event } from "./event-record.ts";
import { matchingRules } from "./notification-rules.ts";
import { S3Error } from "./s3-error.ts";
import { applyS3Change, emptyS3State, type S3Change, type S3State } from "./s3-state.ts";
import type { Bucket } from "./s3-types.ts";
import { type SequencerWidths, sequencerAt } from "./sequencer.ts";

export type S3Options = {
  readonly clock: Clock;
  readonly random: Random;
  readonly recorder?: Recorder;
  readonly bodies?: Bodies;
  /** Hands a notification to the topic or queue of that ARN. */
  readonly deliver?: (destination: string, message: string) => void;
  /** Whether a topic or queue of that ARN exists. Default: every ARN is taken. */
  readonly isDestination?: (destination: string) => boolean;
  /** Major 2; the minor is what AWS sends today. A reader must not care. */
  readonly eventVersion?: string;
  readonly sequencerWidths?: SequencerWidths;
  /** Waiting time of a restore as a multiple of the real one; 0 makes copies readable at once. Default 1. */
  readonly restoreTimeFactor?: number;
};

/**
 * The object store's model: its state and what its operations share. The operations are functions over it, in the
 * files beside this one. Deterministic given clock and random; keeps no timer.
 */
export type S3 = {
  readonly state: S3State;
  readonly clock: Clock;
  readonly random: Random;
  readonly bodies: Bodies;
  readonly restoreTimeFactor: number;
  readonly commit: (change: S3Change) => void;
  readonly operation: <T>(work: () => T) => T;
  /** The instant of the next event: the clock's, moved on so that instants strictly increase. */
  readonly tick: () => number;
  readonly sequencer: (atMs: number) => string;
  readonly publish: (event: S3Event) => void;
  readonly deliver: (destination: string, message: string) => void;
  readonly isDestination: (destination: string) => boolean;
};

export const createS3 = (options: S3Options): S3 => {
  const { clock, random, recorder = forgetfulRecorder, deliver = () => {} } = options;
  const state = emptyS3State();
  const commit = (change: S3Change): void => {
    applyS3Change(state, change);
    recorder.record("s3", change);
  };
  return {
    state,
    clock,
    random,
    deliver,
    isDestination: options.isDestination ?? (() => true),
    commit,
    bodies: options.bodies ?? memoryBodies,
    restoreTimeFactor: options.restoreTimeFactor ?? 1,
    operation: work => recorder.operation(work),
    tick: () => {
      const atMs = Math.max(clock.now(), state.lastEventMs + 1);
      commit({ type: "clock", atMs });
      return atMs;
    },
    sequencer: atMs => sequencerAt(atMs, random, options.sequencerWidths ?? "fixed"),
    publish: event => {
      const rules = state.buckets.get(event.bucket)?.settings.notifications ?? [];
      for (const rule of matchingRules(rules, event.name, event.object.key)) {
        deliver(rule.destination, eventMessage(event, rule.id, options.eventVersion ?? "2.6", random));
      }
    },
  };
};

/** Throws: S3Error NoSuchBucket. */
export const bucketNamed = (s3: S3, name: string): Bucket => {
  const bucket = s3.state.buckets.get(name);
  if (bucket === undefined) {
    throw new S3Error("NoSuchBucket", "The specified bucket does not exist", { facts: { BucketName: name } });
  }
  return bucket;
};

/** A version id as events carry it: the null version has none. */
export const eventVersionId = (versionId: string): string | undefined =>
  versionId === "null" ? undefined : versionId;
