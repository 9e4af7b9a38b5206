import { afterEach, expect, test } from "vitest";
import { cloudApp } from "../../src/app.ts";
import { createClients } from "../../src/aws/clients.ts";
import { OBSERVATION_RANGE, objectPartition } from "../../src/tracking/entities.ts";
import { endAll, startUp, until } from "../support/cli-process.ts";

afterEach(endAll);

/** How long S3 says that a standard restore takes. */
const RESTORE_MS = 5 * 3_600_000;
/** So much before the restore is due the clock is put; the rest passes by itself. */
const SHORT_OF_MS = 1_000;

test("a restore completes on a running up although nobody asks S3 for anything", async () => {
  const up = await startUp();
  const clients = createClients(up.env);
  const { ledger, config } = await cloudApp(clients, up.env);
  const object = { bucket: config.buckets.archive, key: "cold.txt" };
  await ledger.objects.put({ ...object, body: "cold", storageClass: "GLACIER" });
  await ledger.objects.restore(object, 1, "Standard");
  const seen = async (): Promise<readonly string[]> => {
    const partition = objectPartition(object.key);
    const { items } = await ledger.store.query({ partition, ...OBSERVATION_RANGE });
    return items.map(ledger.rows.observation.read).map(({ event }) => event);
  };
  // From here on only the table is asked.
  await until(async () => (await seen()).includes("ObjectRestore:Post"));
  await fetch(`${up.env.AWS_ENDPOINT_URL}/_daybook/clock`, {
    method: "POST",
    body: JSON.stringify({ advanceMs: RESTORE_MS - SHORT_OF_MS }),
  });
  await until(async () => (await seen()).includes("ObjectRestore:Completed"));
  clients.close();
  expect(await seen()).not.toContain("ObjectRestore:Delete");
});
