import { Entity } from "electrodb";
import { rowKind } from "../table/row.ts";

const seenEntity = () =>
  new Entity({
    model: { entity: "bridgeSeen", version: "1", service: "daybook" },
    attributes: {
      bridge: { type: "string", required: true },
      /** SHA-256 of bucket and key: a key alone may be longer than a partition key allows. */
      object: { type: "string", required: true },
      bucket: { type: "string", required: true },
      key: { type: "string", required: true },
      /** Of the last event that was worked on; empty where it had none. */
      sequencer: { type: "string", required: true },
      /** Version and ETag of it, for events without a sequencer. */
      identity: { type: "string", required: true },
      /** Of whoever works on a newer event; empty if nobody does. */
      token: { type: "string", required: true },
      untilMs: { type: "number", required: true },
      revision: { type: "number", required: true },
      /** Seconds, for the table's time to live. */
      expiresAt: { type: "number", required: true },
    },
    indexes: {
      seen: {
        pk: {
          field: "PK",
          composite: ["bridge", "object"],
          template: "BRIDGE#${bridge}#SEEN#${object}",
          casing: "none",
        },
        sk: { field: "SK", composite: [], template: "SEEN", casing: "none" },
      },
    },
  });

const runEntity = () =>
  new Entity({
    model: { entity: "bridgeRun", version: "1", service: "daybook" },
    attributes: {
      bridge: { type: "string", required: true },
      /** SHA-256 of bucket, prefix and inputs. */
      inputs: { type: "string", required: true },
      bucket: { type: "string", required: true },
      prefix: { type: "string", required: true },
      state: { type: ["running", "done"] as const, required: true },
      token: { type: "string", required: true },
      untilMs: { type: "number", required: true },
      revision: { type: "number", required: true },
      expiresAt: { type: "number", required: true },
    },
    indexes: {
      run: {
        pk: {
          field: "PK",
          composite: ["bridge", "inputs"],
          template: "BRIDGE#${bridge}#RUN#${inputs}",
          casing: "none",
        },
        sk: { field: "SK", composite: [], template: "RUN", casing: "none" },
      },
    },
  });

/** What a bridge writes down of what it did. Nobody lists these rows: each is found by its key. */
export const bridgeEntities = { bridgeSeen: rowKind(seenEntity()), bridgeRun: rowKind(runEntity()) };
