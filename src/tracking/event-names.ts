import type { Kind } from "./observation.ts";

const KIND_OF_EVENT: Readonly<Record<string, Kind>> = {
  "ObjectRemoved:DeleteMarkerCreated": "marker",
  "LifecycleExpiration:DeleteMarkerCreated": "marker",
  "ObjectRestore:Post": "restore-started",
  "ObjectRestore:Completed": "restored",
  "ObjectRestore:Delete": "restore-expired",
  LifecycleTransition: "transitioned",
  IntelligentTiering: "transitioned",
  ReducedRedundancyLostObject: "lost",
};

const KIND_OF_FAMILY: Readonly<Record<string, Kind>> = {
  ObjectCreated: "created",
  ObjectRemoved: "deleted",
  LifecycleExpiration: "deleted",
  ObjectTagging: "tagged",
};

/** The event name without the `s3:` that configurations put in front and messages do not. */
export const plainEventName = (eventName: string): string => eventName.replace(/^s3:/, "");

/**
 * What an S3 event means here; `ignored` for names that are unknown or mean nothing to tracking (ACL, replication,
 * annotations, retention, and what S3 will add). Source: the enumeration `s3.Event` of the S3 API.
 */
export const kindOfEvent = (event: string): Kind =>
  lookUp(KIND_OF_EVENT, event) ?? lookUp(KIND_OF_FAMILY, event.split(":", 1)[0] ?? "") ?? "ignored";

const EVENT_OF_DETAIL_TYPE: Readonly<Record<string, string>> = {
  "Object Restore Initiated": "ObjectRestore:Post",
  "Object Restore Completed": "ObjectRestore:Completed",
  "Object Restore Expired": "ObjectRestore:Delete",
  "Object Storage Class Changed": "LifecycleTransition",
  "Object Access Tier Changed": "IntelligentTiering",
  "Object ACL Updated": "ObjectAcl:Put",
  "Object Tags Added": "ObjectTagging:Put",
  "Object Tags Deleted": "ObjectTagging:Delete",
};

/** AWS documents `POST Object`, though its neighbours have no space. */
const WAY_OF_CREATION: Readonly<Record<string, string>> = {
  PutObject: "ObjectCreated:Put",
  "POST Object": "ObjectCreated:Post",
  PostObject: "ObjectCreated:Post",
  CopyObject: "ObjectCreated:Copy",
  CompleteMultipartUpload: "ObjectCreated:CompleteMultipartUpload",
};

/**
 * The S3 event name for what EventBridge calls by detail type, reason and deletion type, so that one event has one
 * name on both channels. An unknown detail type is returned as it is and will be ignored.
 * Source: Amazon S3 User Guide, "Amazon S3 EventBridge mapping and troubleshooting".
 */
export const eventOfDetail = (detail: {
  readonly type: string;
  readonly reason?: string | undefined;
  readonly deletionType?: string | undefined;
}): string => {
  if (detail.type === "Object Created")
    return lookUp(WAY_OF_CREATION, detail.reason ?? "") ?? "ObjectCreated";
  if (detail.type !== "Object Deleted") return lookUp(EVENT_OF_DETAIL_TYPE, detail.type) ?? detail.type;
  const family = detail.reason === "Lifecycle Expiration" ? "LifecycleExpiration" : "ObjectRemoved";
  return `${family}:${detail.deletionType === "Delete Marker Created" ? "DeleteMarkerCreated" : "Delete"}`;
};

// The names come from outside: `constructor` must not find what every object inherits.
const lookUp = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
