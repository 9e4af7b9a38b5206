import {
  BATCH_WRITE,
  LEDGER_BUCKETS,
  LIST,
  LIVE_MEMORY_MB,
  LIVE_TIMEOUT_SECONDS,
  READ,
  ROWS,
  WRITE,
  without,
} from "./rights.ts";
import type { FunctionSpec } from "./spec.ts";

/** Functions that read the queues. */
export const LIVE = {
  project: {
    name: "project",
    entry: "src/handlers/project.ts",
    description: "Tracks object events and decides requests, once each",
    services: ["dynamodb", "s3"],
    memoryMb: LIVE_MEMORY_MB,
    timeoutSeconds: LIVE_TIMEOUT_SECONDS,
    grants: { buckets: LEDGER_BUCKETS, table: [...ROWS, ...BATCH_WRITE] },
    neverSent: [...without(), "Scan"],
  },
  place: {
    name: "place",
    entry: "src/handlers/place.ts",
    description: "Moves decided requests to archive or rejected, verified",
    services: ["dynamodb", "s3", "sns"],
    memoryMb: LIVE_MEMORY_MB,
    timeoutSeconds: LIVE_TIMEOUT_SECONDS,
    grants: {
      buckets: {
        newEvents: [
          ...READ,
          ...LIST,
          "s3:GetObjectTagging",
          "s3:GetObjectVersionTagging",
          "s3:PutObjectTagging",
          "s3:PutObjectVersionTagging",
          "s3:RestoreObject",
        ],
        archive: [...READ, ...LIST, ...WRITE, "s3:PutObjectTagging"],
        rejected: [...READ, ...LIST, ...WRITE, "s3:PutObjectTagging"],
        decisions: [...READ, ...LIST, ...WRITE],
      },
      table: ROWS,
      topics: ["payments"],
    },
    neverSent: [...without("copy", "getTags", "putTags", "restore"), "Scan", "BatchWriteItem"],
  },
} as const satisfies Readonly<Record<string, FunctionSpec>>;
