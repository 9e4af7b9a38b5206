import { ledgerEntities } from "../../src/ledger/entities.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { ManualClock } from "../../src/local/manual-clock.ts";
import { configureBucket, createBucket } from "../../src/local/s3/buckets.ts";
import { LocalObjectStore } from "../../src/local/s3/local-object-store.ts";
import { createS3 } from "../../src/local/s3/s3.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { silentLog } from "../../src/ports/log.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { type TableDefinition, tableDefinition } from "../../src/table/definition.ts";
import type { Store } from "../../src/table/store.ts";
import { trackingEntities } from "../../src/tracking/entities.ts";
import {
  type Gate,
  type Request,
  type Rules,
  TURNSTILE_NAMES,
  type Turn,
  turnRow,
  turnstile,
  turnstileRows,
} from "./turnstile.ts";

export const rows = { ...ledgerEntities(TURNSTILE_NAMES), ...trackingEntities(TURNSTILE_NAMES) };

export const GATE_TABLE: TableDefinition = tableDefinition(
  [...Object.values(rows), turnRow],
  [TURNSTILE_NAMES.streamIndex],
);

export const NEW_EVENTS = "new-events";
export const DECISIONS = "decisions";

export type GateLedger = Ledger<Request, Gate, Turn, Rules>;

/**
 * A ledger of turnstiles over a given table and the local object store, with the notifications its new-events bucket
 * sends. Time stands still but for those who sleep.
 */
export const openGates = (
  store: Store,
  {
    seed = 1,
    wrap = objects => objects,
  }: { seed?: number; wrap?: (objects: ObjectStore) => ObjectStore } = {},
) => {
  const manual = new ManualClock(Date.UTC(2026, 0, 5, 9));
  // Whoever sleeps moves the time on: nobody else does here.
  const clock = { now: () => manual.now(), sleep: async (delayMs: number) => manual.advance(delayMs) };
  const random = seededRandom(seed);
  const notifications: string[] = [];
  const s3 = createS3({ clock, random, deliver: (_, message) => notifications.push(message) });
  for (const bucket of [NEW_EVENTS, DECISIONS, "archive", "rejected"]) {
    createBucket(s3, bucket);
    configureBucket(s3, bucket, { versioning: "enabled" });
  }
  configureBucket(s3, NEW_EVENTS, {
    notifications: [
      {
        id: "all",
        destination: "queue",
        events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
        prefix: "",
        suffix: "",
      },
    ],
  });
  const objects = new LocalObjectStore(s3);
  const ledger: GateLedger = {
    store,
    objects: wrap(objects),
    clock,
    random,
    log: silentLog,
    domain: turnstile,
    projection: turnstileRows,
    settings: { price: 1 },
    rows,
    roles: { requests: NEW_EVENTS, archive: "archive", rejected: "rejected" },
    decisionsBucket: DECISIONS,
    epoch: 1,
    parkedDays: 30,
    published: new Map(),
  };
  /** Stores a request and returns the body of the message that tells of it. */
  const put = async (name: string, body: object | string): Promise<string> => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    await objects.put({ bucket: NEW_EVENTS, key: `${name}.event`, body: text });
    return notifications.at(-1) ?? "";
  };
  return { ledger, objects, clock, random, s3, notifications, put };
};
