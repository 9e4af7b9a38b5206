import { tableDefinition } from "../../src/table/definition.ts";
import { trackingEntities } from "../../src/tracking/entities.ts";
import type { BucketRoles } from "../../src/tracking/state.ts";

/** Rows under neutral names, as another domain would have them. */
export const rows = trackingEntities({
  streamField: "Stream",
  streamIndex: "StreamIdx",
  dateField: "Date",
  timeField: "Time",
});

export const definition = tableDefinition(Object.values(rows), ["StreamIdx"]);

export const ROLES: BucketRoles = { requests: "bucket", archive: "archive", rejected: "rejected" };
