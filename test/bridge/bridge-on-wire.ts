import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { type Clients, createClients } from "../../src/aws/clients.ts";
import { S3ObjectStore } from "../../src/aws/object-store.ts";
import { S3PartUploads } from "../../src/aws/part-uploads.ts";
import { createBridge } from "../../src/bridge/create-bridge.ts";
import { memoryRows } from "../../src/bridge/memory-rows.ts";
import type { Bridge } from "../../src/bridge/ports.ts";
import type { Rows } from "../../src/bridge/records.ts";
import { type BatchReport, type Message, runBatch } from "../../src/bridge/run-batch.ts";
import { createLocalCloud, type LocalCloud } from "../../src/local/cloud.ts";
import { createBucket } from "../../src/local/s3/buckets.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { systemClock } from "../../src/local/system-clock.ts";
import type { Log, LogFacts } from "../../src/ports/log.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";

/** Shell that copies the tree it was given beside the folder, so that a test can see what the handler saw. */
export type Said = { readonly level: string; readonly message: string; readonly facts: LogFacts };

export type Wire = {
  readonly cloud: LocalCloud;
  readonly endpoint: string;
  readonly clients: Clients;
  readonly objects: ObjectStore;
  /** For whatever a test wants to keep beside the bridge's own folders. */
  readonly scratch: string;
  /** Where the bridge makes its folders; empty when nothing runs. */
  readonly temporaryFolder: string;
  readonly said: Said[];
  readonly close: () => Promise<void>;
};

let bucketsMade = 0;

/** A local cloud behind HTTP, and the SDK in front of it. */
export const openWire = async (options: { readonly restoreTimeFactor?: number } = {}): Promise<Wire> => {
  const cloud = createLocalCloud({ clock: systemClock, random: seededRandom(1), ...options });
  const { endpoint } = await cloud.listen();
  const clients = createClients({ AWS_ENDPOINT_URL: endpoint });
  const scratch = mkdtempSync(join(tmpdir(), "bridge-test-"));
  const temporaryFolder = mkdtempSync(join(tmpdir(), "bridge-folders-"));
  return {
    cloud,
    endpoint,
    clients,
    objects: new S3ObjectStore(await clients.s3()),
    scratch,
    temporaryFolder,
    said: [],
    close: async () => {
      clients.close();
      await cloud.close();
      rmSync(scratch, { recursive: true, force: true });
      rmSync(temporaryFolder, { recursive: true, force: true });
    },
  };
};

/** A bucket of its own for a test. */
export const freshBucket = ({ cloud }: Wire, name = "b"): string => {
  bucketsMade += 1;
  const bucket = `${name}-${bucketsMade}`;
  createBucket(cloud.s3, bucket);
  return bucket;
};

const logTo = (said: Said[]): Log => {
  const at =
    (level: string) =>
    (message: string, facts: LogFacts = {}) => {
      said.push({ level, message, facts });
    };
  return { info: at("info"), warn: at("warn"), error: at("error") };
};

/** A view of S3 with some calls replaced, to have something happen at a moment of one's choice. */
export const withCalls = (objects: ObjectStore, calls: Partial<ObjectStore>): ObjectStore => ({
  put: request => objects.put(request),
  get: (address, range) => objects.get(address, range),
  stream: address => objects.stream(address),
  head: address => objects.head(address),
  copy: request => objects.copy(request),
  delete: address => objects.delete(address),
  list: request => objects.list(request),
  listVersions: request => objects.listVersions(request),
  getTags: address => objects.getTags(address),
  putTags: (address, tags) => objects.putTags(address, tags),
  restore: (address, days, tier) => objects.restore(address, days, tier),
  ...calls,
});

type Env = Readonly<Record<string, string>>;

/** A bridge with these variables, and nothing else of Daybook or AWS in its environment. */
export const bridgeWith = (
  wire: Wire,
  env: Env,
  {
    rows = memoryRows(),
    objects = wire.objects,
    aheadMs = 0,
  }: { readonly rows?: Rows; readonly objects?: ObjectStore; readonly aheadMs?: number } = {},
): Promise<Bridge> =>
  wire.clients.s3().then(client =>
    createBridge({
      env: { PATH: process.env.PATH ?? "", OUT: wire.scratch, ...env },
      objects,
      parts: new S3PartUploads(client),
      time: { ...systemClock, now: () => systemClock.now() + aheadMs },
      random: { next: Math.random },
      log: logTo(wire.said),
      temporaryFolder: wire.temporaryFolder,
      rowsOf: () => Promise.resolve(rows),
    }),
  );

/** S3's own event of a key, form-encoded as S3 does it. */
export const recordOf = (
  bucket: string,
  key: string,
  more: { readonly eventName?: string; readonly sequencer?: string; readonly encoded?: string } = {},
) => ({
  eventVersion: "2.1",
  eventSource: "aws:s3",
  eventTime: "2026-03-01T10:00:00.000Z",
  eventName: more.eventName ?? "ObjectCreated:Put",
  s3: {
    bucket: { name: bucket },
    object: {
      key: more.encoded ?? encodeURIComponent(key).replaceAll("%20", "+").replaceAll("%2F", "/"),
      size: 1,
      ...(more.sequencer !== undefined && { sequencer: more.sequencer }),
    },
  },
});

let messagesMade = 0;
let lastSequencer = 0x10_0000;

/** A message with one record per key; each has a sequencer later than all before. */
export const messageOf = (bucket: string, ...keys: readonly string[]): Message =>
  messageWith(
    keys.map(key => {
      lastSequencer += 1;
      return recordOf(bucket, key, { sequencer: lastSequencer.toString(16) });
    }),
  );

export const messageWith = (records: readonly object[]): Message => {
  messagesMade += 1;
  return { id: `m${messagesMade}`, body: JSON.stringify({ Records: records }) };
};

/** Longer than any test. */
const TIME_MS = 120_000;

/** Works on messages, and looks that nothing is left behind, whatever happened. */
export const run = async (
  wire: Wire,
  bridge: Bridge,
  messages: readonly Message[],
  options: { readonly isOrdered?: boolean; readonly remainingMs?: () => number } = {},
): Promise<BatchReport> => {
  const report = await runBatch(bridge, messages, { remainingMs: () => TIME_MS, ...options });
  expect(readdirSync(wire.temporaryFolder)).toEqual([]);
  return report;
};

/** Puts objects by key: their text. */
export const put = async (
  { objects }: Wire,
  bucket: string,
  texts: Readonly<Record<string, string>>,
): Promise<void> => {
  for (const [key, body] of Object.entries(texts)) await objects.put({ bucket, key, body });
};

/** Everything in a bucket, by key: its text. */
export const textsOf = async ({ objects }: Wire, bucket: string): Promise<Record<string, string>> => {
  const texts: Record<string, string> = {};
  const { objects: listed } = await objects.list({ bucket });
  for (const { key } of listed)
    texts[key] = Buffer.from((await objects.get({ bucket, key }))?.body ?? []).toString();
  return texts;
};
