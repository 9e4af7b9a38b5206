import { NULL_VERSION, type Observation } from "../../tracking/observation.ts";
import type { InventoryRecord } from "./record.ts";

/**
 * What a row of a report tells tracking: a picture of a version, or of a delete marker, without a sequencer.
 *
 * Its time is the version's LastModified, so that the next report of the same version is the same observation. A report
 * configured without that column gets `reportTime` instead, when the report was begun (ISO instant): the version was
 * there then, and each such report is a new observation of it.
 *
 * An absent version id is the null version; so for a bucket with versioning a report of current versions only, which has
 * no version ids, is of no use here.
 */
export const observationOf = (record: InventoryRecord, reportTime: string): Observation => ({
  source: "inventory",
  bucket: record.bucket,
  key: record.key,
  versionId: record.versionId ?? NULL_VERSION,
  kind: record.isDeleteMarker === true ? "marker" : "created",
  time: record.lastModified ?? reportTime,
  event: "inventory",
  sizeBytes: record.size ?? undefined,
  eTag: record.eTag ?? undefined,
  storageClass: record.storageClass ?? undefined,
  lastModified: record.lastModified ?? undefined,
  isLatest: record.isLatest ?? undefined,
});
