import { auditId } from "../tracking/audit-id.ts";
import { NULL_VERSION, type Observation } from "../tracking/observation.ts";
import type { Decided } from "./decide.ts";
import type { DecisionRecord } from "./domain.ts";
import type { AnyLedger } from "./ledger.ts";

/** Tries for a row nobody else writes otherwise: only throttling stands in the way. */
const TRIES_MAX = 3;

type Trail = {
  readonly eventType: string;
  readonly errorReason?: string | undefined;
  readonly nextAction?: string | undefined;
};

/**
 * Adds to the audit trail of an object. The row's id follows from what it says, so that telling again adds nothing.
 *
 * Throws: if the table keeps refusing; the message comes again.
 */
const addToTrail = async (
  { store, rows }: AnyLedger,
  seen: Pick<Observation, "key" | "bucket" | "versionId" | "time">,
  trail: Trail,
): Promise<void> => {
  const { eventType, errorReason, nextAction } = trail;
  const put = rows.event.item({
    key: seen.key,
    at: seen.time,
    id: auditId(`${eventType} ${seen.bucket} ${seen.versionId} ${errorReason ?? ""}`),
    eventType,
    errorState: errorReason !== undefined,
    ...(errorReason === undefined ? {} : { errorReason }),
    ...(nextAction === undefined ? {} : { nextAction }),
  });
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    if ((await store.write({ put })).outcome === "committed") return;
  }
  throw new Error(`The audit trail of ${seen.key} could not be written in ${TRIES_MAX} tries.`);
};

/** Tells what did not go the plain way; an acceptance is told by its line and its state. */
export const auditDecision = async (
  ledger: AnyLedger,
  seen: Observation,
  decided: Decided,
): Promise<void> => {
  if (decided.result === "parked")
    await addToTrail(ledger, seen, { eventType: "Parked", nextAction: "release" });
  else if (decided.decision.outcome === "refused") {
    const { code } = decided.decision;
    await addToTrail(ledger, seen, { eventType: "RejectEvent", errorReason: code, nextAction: "place" });
  }
};

/** Tells that a decided request can be placed nowhere: its source is gone and its record does not carry it. */
export const auditLost = (ledger: AnyLedger, { key, source }: DecisionRecord): Promise<void> =>
  addToTrail(
    ledger,
    { key, bucket: source.bucket, versionId: source.versionId ?? NULL_VERSION, time: source.eventTime },
    { eventType: "RequestLost", errorReason: "gone before it was placed, and too large to be in its record" },
  );

/** Tells that a request was deleted for good before anybody could decide it. */
export const auditGone = (ledger: AnyLedger, seen: Observation): Promise<void> =>
  addToTrail(ledger, seen, {
    eventType: "ObjectGone",
    errorReason: `version ${seen.versionId} was deleted before it was decided`,
  });
