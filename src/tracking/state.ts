import { isDeepStrictEqual } from "node:util";
import { firstSeen } from "./arrange.ts";
import { type BucketView, bucketView, presentView } from "./bucket-view.ts";
import { onlyKnown } from "./known.ts";
import { type Lifecycle, type NextAction, nextStep } from "./lifecycle.ts";
import type { Observation, ObservationRow } from "./observation.ts";
import type { Attributes } from "./query/attributes.ts";
import { compareSequencers } from "./sequencer.ts";
import { bucketsOf } from "./views.ts";

/** The buckets that have a part in an object's life. Other buckets are tracked, but change no state. */
export type BucketRoles = { readonly requests: string; readonly archive: string; readonly rejected: string };

/** A decision as the STATE row of its request carries it: enough to find its record and its places in the chains. */
export type DecisionSummary = {
  /** SHA-256 of the request's bytes, hex. */
  readonly digest: string;
  readonly outcome: "accepted" | "refused";
  readonly code?: string | undefined;
  readonly epoch: number;
  /** ISO instant. */
  readonly decidedAt: string;
  readonly legs: readonly { readonly stream: string; readonly sequence: number; readonly hash: string }[];
};

/** What a request waits for, and since when: the S3 event time of the request, from which its deadline counts. */
export type Parking = { readonly since: string; readonly awaits?: string | undefined };

/** What the ledger adds to a request's state. */
export type Judgement = {
  readonly decision?: DecisionSummary | undefined;
  readonly parked?: Parking | undefined;
  /** The first stream of the decision; indexed. */
  readonly stream?: string | undefined;
  /** Business date, YYYYMMDD. */
  readonly date?: number | undefined;
  /** Business time, HHMMSS. */
  readonly time?: number | undefined;
};

/** The state of one object key over all buckets: one row, a function of its observations and its judgement. */
export type ObjectState = Judgement & {
  readonly key: string;
  readonly lifecycle: Lifecycle;
  readonly inEventBucket: boolean;
  readonly inArchiveBucket: boolean;
  readonly inRejectedBucket: boolean;
  /** Whether it was decided. */
  readonly processed: boolean;
  /** Where its content lies now; absent when it lies nowhere. */
  readonly location?:
    | { readonly bucket: string; readonly key: string; readonly versionId: string }
    | undefined;
  readonly buckets: Readonly<Record<string, BucketView>>;
  readonly nextAction?: NextAction | undefined;
  /** Since when the next action is due, ISO instant. */
  readonly since?: string | undefined;
  /** What users say of it; kept by every state that follows, whatever happens to the object. */
  readonly attributes?: Attributes | undefined;
  /** The earliest time of anything observed under this key, ISO instant. */
  readonly observedAt: string;
  /** Counts the writes of the row: the condition of the next one. */
  readonly revision: number;
};

/**
 * The state a judgement makes of a request, for the transaction that carries the judgement.
 *
 * `observation` is the one being judged; what `previous` knows of other buckets, or later of this one, stays.
 * A parked request is decided by giving `decision` without `parked`. Revision: one above the previous.
 */
export const judgedState = (input: {
  readonly previous: ObjectState | undefined;
  readonly observation: Observation;
  readonly judgement: Judgement;
  readonly roles: BucketRoles;
}): ObjectState => {
  const { previous, observation, judgement, roles } = input;
  const known = previous?.buckets[observation.bucket];
  const isOlder = known !== undefined && isBefore(observation, known);
  return deriveState({
    key: observation.key,
    buckets: isOlder
      ? (previous?.buckets ?? {})
      : { ...previous?.buckets, [observation.bucket]: presentView({ latest: observation }) },
    judgement,
    attributes: previous?.attributes,
    observedAt: earlier(observation.time, previous?.observedAt),
    revision: (previous?.revision ?? 0) + 1,
    roles,
  });
};

/**
 * The state of a key as its observation rows tell it; judgement and attributes of `previous` are kept untouched.
 *
 * Returns: `previous` itself if nothing changed; `undefined` if no row tells of any object.
 */
export const observedState = (input: {
  readonly previous: ObjectState | undefined;
  readonly key: string;
  readonly rows: readonly ObservationRow[];
  readonly roles: BucketRoles;
}): ObjectState | undefined => {
  const { previous, key, rows, roles } = input;
  const views = bucketsOf(rows).flatMap(bucket => {
    const view = bucketView(rows, bucket);
    return view === undefined ? [] : [[bucket, view] as const];
  });
  const observedAt = firstSeen(rows);
  if (observedAt === undefined) return previous;
  const next = deriveState({
    key,
    buckets: { ...previous?.buckets, ...Object.fromEntries(views) },
    judgement: previous ?? {},
    attributes: previous?.attributes,
    observedAt: earlier(observedAt, previous?.observedAt),
    revision: previous?.revision ?? 0,
    roles,
  });
  if (previous !== undefined && isDeepStrictEqual(next, previous)) return previous;
  return { ...next, revision: next.revision + 1 };
};

/** The state of a request whose decision or parking is undone, as a restore undoes what it lost. */
export const undecidedState = (previous: ObjectState, roles: BucketRoles): ObjectState =>
  deriveState({
    key: previous.key,
    buckets: previous.buckets,
    judgement: {},
    attributes: previous.attributes,
    observedAt: previous.observedAt,
    revision: previous.revision + 1,
    roles,
  });

/** The state with other attributes; without any if there is nothing in them. */
export const describedState = (previous: ObjectState, attributes: Attributes): ObjectState => {
  const { attributes: _, ...rest } = previous;
  const given = Object.keys(attributes).length === 0 ? {} : { attributes };
  return { ...rest, ...given, revision: previous.revision + 1 };
};

const deriveState = (facts: {
  readonly key: string;
  readonly buckets: Readonly<Record<string, BucketView>>;
  readonly judgement: Judgement;
  readonly attributes: Attributes | undefined;
  readonly observedAt: string;
  readonly revision: number;
  readonly roles: BucketRoles;
}): ObjectState => {
  const { key, buckets, judgement, attributes, observedAt, revision, roles } = facts;
  const { decision, parked, stream, date, time } = judgement;
  const holds = (bucket: string) => buckets[bucket]?.isPresent === true;
  return onlyKnown({
    key,
    ...nextStep({ buckets, roles, decision, parked }),
    inEventBucket: holds(roles.requests),
    inArchiveBucket: holds(roles.archive),
    inRejectedBucket: holds(roles.rejected),
    processed: decision !== undefined,
    location: locationOf(key, buckets, roles),
    buckets,
    decision,
    parked,
    stream,
    date,
    time,
    attributes,
    observedAt,
    revision,
  });
};

const locationOf = (
  key: string,
  buckets: Readonly<Record<string, BucketView>>,
  roles: BucketRoles,
): ObjectState["location"] => {
  for (const bucket of [roles.archive, roles.rejected, roles.requests]) {
    const view = buckets[bucket];
    if (view?.isPresent) return { bucket, key, versionId: view.versionId };
  }
  return undefined;
};

const isBefore = (observation: Observation, known: BucketView): boolean =>
  observation.sequencer !== undefined && known.sequencer !== undefined
    ? compareSequencers(observation.sequencer, known.sequencer) < 0
    : observation.time < known.time;

const earlier = (instant: string, other: string | undefined): string =>
  other !== undefined && other < instant ? other : instant;
