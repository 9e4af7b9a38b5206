import { CreateBucketCommand, PutBucketVersioningCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Clients, createClients } from "../../src/aws/clients.ts";
import { S3ObjectStore } from "../../src/aws/object-store.ts";
import { createLocalCloud, type LocalCloud } from "../../src/local/cloud.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { systemClock } from "../../src/local/system-clock.ts";
import { objectStoreContract } from "./object-store.contract.ts";

let cloud: LocalCloud;
let clients: Clients;
let made = 0;

beforeAll(async () => {
  cloud = createLocalCloud({ clock: systemClock, random: seededRandom(1) });
  const { endpoint } = await cloud.listen();
  clients = createClients({ AWS_ENDPOINT_URL: endpoint });
});

afterAll(async () => {
  clients.close();
  await cloud.close();
});

const freshBuckets = async () => {
  const client = await clients.s3();
  made += 1;
  const names = { bucket: `bucket-${made}`, other: `other-${made}` };
  for (const Bucket of Object.values(names)) {
    await client.send(new CreateBucketCommand({ Bucket }));
    await client.send(
      new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }),
    );
  }
  return { store: new S3ObjectStore(client), ...names };
};

objectStoreContract("S3ObjectStore on the local wire", freshBuckets);

test("asks once whether the bucket is there, and not at all once it answered", async () => {
  const { store, bucket } = await freshBuckets();
  const asked = () => clients.counts.requests["s3.HeadBucket"] ?? 0;
  const before = asked();
  await store.head({ bucket, key: "none" });
  await store.head({ bucket, key: "none" });
  expect(asked() - before).toBe(1);
});
