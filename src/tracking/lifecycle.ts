import type { BucketView } from "./bucket-view.ts";
import type { BucketRoles, DecisionSummary, Parking } from "./state.ts";

/** Where a request stands between its arrival and its end. */
export const LIFECYCLES = [
  "RECEIVED",
  "PARKED",
  "ACCEPTED",
  "REFUSED",
  "ARCHIVED",
  "REJECTED",
  "EXPIRED",
  "RESTORING",
  "RESTORED",
  "GONE",
] as const;

export type Lifecycle = (typeof LIFECYCLES)[number];

/**
 * What sweeps look for: `decide` a request that has no decision, `release` a parked one (or let its deadline pass),
 * `place` a decided one in its bucket.
 */
export const NEXT_ACTIONS = ["decide", "release", "place"] as const;

export type NextAction = (typeof NEXT_ACTIONS)[number];

type Facts = {
  readonly buckets: Readonly<Record<string, BucketView>>;
  readonly roles: BucketRoles;
  readonly decision: DecisionSummary | undefined;
  readonly parked: Parking | undefined;
};

type Step = {
  readonly lifecycle: Lifecycle;
  readonly nextAction?: NextAction | undefined;
  readonly since?: string | undefined;
};

/**
 * The lifecycle of a key and what is to be done next, from where its object lies and how it was judged.
 *
 * A placed object is ARCHIVED or REJECTED wherever else it still lies, even if its decision is not known here. A
 * decided one that is in no bucket of its own is GONE, or EXPIRED if S3's lifecycle took the placed copy; it is
 * still to be placed if no copy was ever seen, since a noncurrent version can be copied.
 */
export const nextStep = ({ buckets, roles, decision, parked }: Facts): Step => {
  const request = buckets[roles.requests];
  const archived = buckets[roles.archive];
  const rejected = buckets[roles.rejected];
  if (archived?.isPresent) return { lifecycle: archivedAs(archived) };
  if (rejected?.isPresent) return { lifecycle: "REJECTED" };
  const placed = archived ?? rejected;
  if (placed !== undefined && decision !== undefined)
    return { lifecycle: placed.isExpired ? "EXPIRED" : "GONE" };
  if (decision !== undefined) return unplaced(decision, request);
  if (parked !== undefined) return { lifecycle: "PARKED", nextAction: "release", since: parked.since };
  if (request?.isPresent) return { lifecycle: "RECEIVED", nextAction: "decide", since: request.time };
  return { lifecycle: nothingDecided(buckets, request) };
};

const archivedAs = (archived: Extract<BucketView, { isPresent: true }>): Lifecycle => {
  if (archived.restore === undefined) return "ARCHIVED";
  return archived.restore.isOngoing ? "RESTORING" : "RESTORED";
};

const unplaced = (decision: DecisionSummary, request: BucketView | undefined): Step => {
  const judged = decision.outcome === "accepted" ? "ACCEPTED" : "REFUSED";
  const lifecycle = request !== undefined && !request.isPresent ? "GONE" : judged;
  return { lifecycle, nextAction: "place", since: decision.decidedAt };
};

const nothingDecided = (
  buckets: Readonly<Record<string, BucketView>>,
  request: BucketView | undefined,
): Lifecycle => {
  if (Object.values(buckets).some(view => view.isPresent)) return "RECEIVED";
  return request !== undefined && !request.isPresent && request.isExpired ? "EXPIRED" : "GONE";
};
