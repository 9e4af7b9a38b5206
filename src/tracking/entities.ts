import { hash } from "node:crypto";
import { CustomAttributeType, Entity } from "electrodb";
import { boundedKey } from "../table/bounded-key.ts";
import { type RowKind, rowKind } from "../table/row.ts";
import type { BucketView } from "./bucket-view.ts";
import { identityOf, STAND_IN_MARK } from "./identity.ts";
import { onlyKnown } from "./known.ts";
import { LIFECYCLES, NEXT_ACTIONS } from "./lifecycle.ts";
import type { Observation, ObservationRow } from "./observation.ts";
import type { Attributes } from "./query/attributes.ts";
import type { DecisionSummary, ObjectState, Parking } from "./state.ts";

/** How the domain at hand calls the things that tracking shows in its rows. */
export type TrackingNames = {
  /** Attribute that holds a stream's name, and the index over it. */
  readonly streamField: string;
  readonly streamIndex: string;
  /** Attributes of the business date (YYYYMMDD) and time (HHMMSS). */
  readonly dateField: string;
  readonly timeField: string;
};

/** A decision about other content under a key that was decided before. */
export type ReusedContent = { readonly key: string; readonly decision: DecisionSummary };

/**
 * The rows of tracking, all under the partition `KEY#<object key>`.
 *
 * `observation`: one per observed event, written once but for its counter of duplicates.
 * `state`: where the object stands, one row; read by sweeps through `WorkIdx` and by time through `RecentIdx`.
 * `event`: the audit trail, appended to.
 * `reused`: decisions of further contents under the same key, by their digest.
 */
export const trackingEntities = (names: TrackingNames) => ({
  observation: observationRows(),
  state: stateRows(names),
  event: rowKind(auditEntity(names)),
  reused: rowKind(reusedEntity()),
});

export type TrackingEntities = ReturnType<typeof trackingEntities>;

/** The partition of everything known of one object key, over all buckets. */
export const objectPartition = (key: string): string => `KEY#${key}`;

/** All observation rows of a partition lie between these sort keys. */
export const OBSERVATION_RANGE = { from: "OBJECT#", to: "OBJECT#\u{10FFFF}" } as const;

const partition = { field: "PK", composite: ["key"], template: "KEY#${key}", casing: "none" } as const;

const observationEntity = () =>
  new Entity({
    model: { entity: "observation", version: "1", service: "daybook" },
    attributes: {
      key: { type: "string", required: true },
      bucket: { type: "string", required: true },
      versionId: { type: "string", required: true },
      /** Normalised; or a stand-in that begins with `~`. */
      sequencer: { type: "string", required: true },
      suffix: { type: "string", required: true },
      kind: { type: CustomAttributeType<Observation["kind"]>("string"), required: true },
      source: { type: CustomAttributeType<Observation["source"]>("string"), required: true },
      event: { type: "string", required: true },
      time: { type: "string", required: true },
      sizeBytes: { type: "number" },
      eTag: { type: "string" },
      storageClass: { type: "string" },
      accessTier: { type: "string" },
      restoreExpiresAt: { type: "string" },
      lastModified: { type: "string" },
      isLatest: { type: "boolean" },
      receivedAt: { type: "string" },
      duplicates: { type: "number", required: true },
    },
    indexes: {
      observation: {
        pk: partition,
        sk: {
          field: "SK",
          composite: ["bucket", "versionId", "sequencer", "suffix"],
          template: "OBJECT#${bucket}#${versionId}#${sequencer}#${suffix}",
          casing: "none",
        },
      },
    },
  });

const observationRows = (): RowKind<ObservationRow, ObservationRow, Observation> => {
  const rows = rowKind(observationEntity());
  return {
    entity: rows.entity,
    name: rows.name,
    key: observation => rows.key({ key: observation.key, ...identityOf(observation) }),
    item: row => rows.item({ ...onlyKnown(row), ...identityOf(row) }),
    read: item => {
      const { suffix: _, sequencer, ...row } = rows.read(item);
      return sequencer.startsWith(STAND_IN_MARK) ? row : { ...row, sequencer };
    },
  };
};

const stateEntity = ({ streamField, streamIndex, dateField, timeField }: TrackingNames) =>
  new Entity({
    model: { entity: "state", version: "1", service: "daybook" },
    attributes: {
      key: { type: "string", required: true },
      lifecycle: { type: LIFECYCLES, required: true },
      inEventBucket: { type: "boolean", required: true, field: "InEventBucket" },
      inArchiveBucket: { type: "boolean", required: true, field: "InArchiveBucket" },
      inRejectedBucket: { type: "boolean", required: true, field: "InRejectedBucket" },
      processed: { type: "boolean", required: true, field: "Processed" },
      stream: { type: "string", field: streamField },
      date: { type: "number", field: dateField },
      time: { type: "number", field: timeField },
      location: { type: CustomAttributeType<NonNullable<ObjectState["location"]>>("any") },
      buckets: { type: CustomAttributeType<Readonly<Record<string, BucketView>>>("any"), required: true },
      nextAction: { type: NEXT_ACTIONS, field: "NextAction" },
      since: { type: "string", field: "Since" },
      decision: { type: CustomAttributeType<DecisionSummary>("any") },
      parked: { type: CustomAttributeType<Parking>("any") },
      attributes: { type: CustomAttributeType<Attributes>("any") },
      observedAt: { type: "string", required: true },
      revision: { type: "number", required: true },
      recentDay: { type: "string", required: true, field: "RecentDay" },
      recentTime: { type: "string", required: true, field: "RecentTime" },
    },
    indexes: {
      state: { pk: partition, sk: { field: "SK", composite: [], template: "STATE", casing: "none" } },
      byStream: {
        index: streamIndex,
        pk: { field: streamField, composite: ["stream"], template: "${stream}", casing: "none" },
      },
      work: {
        index: "WorkIdx",
        pk: { field: "NextAction", composite: ["nextAction"], template: "${nextAction}", casing: "none" },
        sk: { field: "Since", composite: ["since"], template: "${since}", casing: "none" },
      },
      recent: {
        index: "RecentIdx",
        pk: { field: "RecentDay", composite: ["recentDay"], template: "${recentDay}", casing: "none" },
        sk: { field: "RecentTime", composite: ["recentTime"], template: "${recentTime}", casing: "none" },
      },
    },
  });

const stateRows = (names: TrackingNames): RowKind<ObjectState, ObjectState, { readonly key: string }> => {
  const rows = rowKind(stateEntity(names));
  return {
    entity: rows.entity,
    name: rows.name,
    key: rows.key,
    item: state =>
      rows.item({
        ...onlyKnown(state),
        recentDay: recentPartition(state.observedAt.slice(0, 10), shardOf(state.key)),
        recentTime: recentTimeOf(state),
      }),
    read: item => {
      const { recentDay: _day, recentTime: _time, ...state } = rows.read(item);
      return state;
    },
  };
};

/** The audit trail of an object: what was tried, what failed, what comes next. Append-only. */
const auditEntity = ({ streamField, streamIndex }: TrackingNames) =>
  new Entity({
    model: { entity: "event", version: "1", service: "daybook" },
    attributes: {
      key: { type: "string", required: true },
      /** ISO instant. */
      at: { type: "string", required: true },
      /** From `auditId`. */
      id: { type: "string", required: true },
      eventType: { type: "string", required: true, field: "EventType" },
      errorState: { type: "boolean", required: true, field: "ErrorState" },
      errorReason: { type: "string", field: "ErrorReason" },
      nextAction: { type: "string", field: "NextAction" },
      stream: { type: "string", field: streamField },
    },
    indexes: {
      event: {
        pk: partition,
        sk: { field: "SK", composite: ["at", "id"], template: "EVENT#${at}#${id}", casing: "none" },
      },
      byStream: {
        index: streamIndex,
        pk: { field: streamField, composite: ["stream"], template: "${stream}", casing: "none" },
      },
    },
  });

const reusedEntity = () =>
  new Entity({
    model: { entity: "reused", version: "1", service: "daybook" },
    attributes: {
      key: { type: "string", required: true },
      digest: { type: "string", required: true },
      decision: { type: CustomAttributeType<DecisionSummary>("any"), required: true },
    },
    indexes: {
      reused: {
        pk: partition,
        sk: { field: "SK", composite: ["digest"], template: "REUSED#${digest}", casing: "none" },
      },
    },
  });

/** `RecentIdx` spreads a day over as many partitions: one takes 1,000 writes a second. */
export const RECENT_SHARDS = "0123456789abcdef";

/** Partition of `RecentIdx` for a UTC day (YYYY-MM-DD) and a shard; a reader of a day merges all shards. */
export const recentPartition = (day: string, shard: string): string => `${day}#${shard}`;

/** Sort key of `RecentIdx`: the first observation of a key, then the key itself, shortened if it is very long. */
export const recentTimeOf = ({ observedAt, key }: Pick<ObjectState, "observedAt" | "key">): string =>
  `${observedAt}#${boundedKey(key)}`;

const shardOf = (key: string): string => hash("sha256", key).slice(0, 1);
