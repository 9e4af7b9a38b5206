import "./calm-zlib.ts";
import { describe, expect, it } from "vitest";
import { bankTable } from "../../src/app.ts";
import { type Clients, createClients } from "../../src/aws/clients.ts";
import { S3ObjectStore } from "../../src/aws/object-store.ts";
import { createLocalCloud, type LocalCloud } from "../../src/local/cloud.ts";
import { ManualClock } from "../../src/local/manual-clock.ts";
import { runLifecycle } from "../../src/local/s3/lifecycle.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { createDaybookTopology } from "../../src/local/topology.ts";
import { freshTable } from "../support/tables.ts";
import { conform } from "./conformance.ts";
import { tellHistory } from "./history.ts";
import type { Recorded } from "./recording.ts";
import { tapeOfSeed } from "./tape.ts";
import { createTrace } from "./trace.ts";

/** `HISTORIES=1000` is the full number. */
const HISTORIES = Number(process.env.HISTORIES ?? 1);
const FIRST_SEED = 5_000_000;

/** When every history begins. */
const BEGINS_AT_MS = Date.UTC(2026, 0, 5, 9);
const clock = new ManualClock(BEGINS_AT_MS);
let cloud: LocalCloud;
let clients: Clients;

/** Buckets as a history has them, under one wire. */
const openCloud = async (): Promise<void> => {
  clock.set(BEGINS_AT_MS);
  cloud = createLocalCloud({ clock, random: seededRandom(2) });
  createDaybookTopology(cloud);
  const { endpoint } = await cloud.listen();
  clients = createClients({ AWS_ENDPOINT_URL: endpoint });
};

const closeCloud = async (): Promise<void> => {
  clients.close();
  await cloud.close();
};

describe("the calls of a history, made again of DynamoDB Local and over the wire", () => {
  for (let n = 0; n < HISTORIES; n += 1)
    it(`get the answers the models gave: seed ${FIRST_SEED + n}`, async () => {
      await openCloud();
      try {
        const calls: Recorded[] = [];
        await tellHistory(tapeOfSeed(FIRST_SEED + n), createTrace(), {}, {}, calls);
        const end = await conform(calls, {
          objects: new S3ObjectStore(await clients.s3()),
          make: async items => {
            const store = await freshTable(bankTable);
            expect((await store.putAll(items)).outcome).toBe("committed");
            return store;
          },
          setClock: atMs => clock.set(atMs),
          runLifecycle: () => void runLifecycle(cloud.s3),
        });
        expect(end.differences).toEqual([]);
        expect(end.calls).toBeGreaterThan(50);
      } finally {
        await closeCloud();
      }
    }, 300_000);
});
