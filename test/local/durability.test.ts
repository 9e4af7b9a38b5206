import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createLocalCloud, type LocalCloud } from "../../src/local/cloud.ts";
import { JournalCorrupt } from "../../src/local/durability/journal.ts";
import { DataFolderLocked } from "../../src/local/durability/lock.ts";
import { ManualClock } from "../../src/local/manual-clock.ts";
import { configureBucket } from "../../src/local/s3/buckets.ts";
import { createUpload, putPart } from "../../src/local/s3/multipart.ts";
import { dumpS3State } from "../../src/local/s3/s3-state.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { dumpSnsState } from "../../src/local/sns/sns.ts";
import { deleteMessage, queueDepth, receiveMessages } from "../../src/local/sqs/sqs.ts";
import { dumpSqsState } from "../../src/local/sqs/sqs-state.ts";
import { createDaybookTopology, inventoryBucket } from "../../src/local/topology.ts";
import { awsClients } from "./aws-clients.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "daybook-cloud-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const open = (seed = 1): LocalCloud =>
  createLocalCloud({ clock: new ManualClock(1_800_000_000_000), random: seededRandom(seed), dataDir });

const dump = ({ s3, sns, sqs }: LocalCloud): string =>
  JSON.stringify([[...dumpS3State(s3.state)], [...dumpSnsState(sns.state)], [...dumpSqsState(sqs.state)]]);

/** A bit of everything that has state. */
const fill = async (cloud: LocalCloud): Promise<void> => {
  const { buckets, queues } = createDaybookTopology(cloud, { requireIfNoneMatch: false });
  const bucket = buckets.newEvents;
  for (const body of ["1", "2"]) await cloud.objects.put({ bucket, key: "twice", body, tags: { a: body } });
  await cloud.objects.put({ bucket, key: "large", body: "x".repeat(100_000), storageClass: "GLACIER" });
  await cloud.objects.restore({ bucket, key: "large" }, 2, "Standard");
  await cloud.objects.put({ bucket, key: "gone", body: "z" });
  await cloud.objects.delete({ bucket, key: "gone" });
  await cloud.objects.putTags({ bucket, key: "twice" }, { b: "3" });
  const facts = {
    bucket,
    key: "parts",
    storageClass: "STANDARD",
    metadata: {},
    headers: {},
    tags: {},
  } as const;
  const upload = createUpload(cloud.s3, facts);
  putPart(
    cloud.s3,
    { bucket, key: "parts", uploadId: upload.id },
    { number: 1, body: Buffer.alloc(70_000, 7) },
  );
  // A bucket whose rules the topology leaves alone.
  const rules = [{ id: "r", enabled: true, expirationDays: 3 }];
  configureBucket(cloud.s3, inventoryBucket(buckets.archive), { lifecycle: rules });
  const [first] = receiveMessages(cloud.sqs, queues.project.name, { max: 3 });
  deleteMessage(cloud.sqs, queues.project.name, first?.receiptHandle ?? "");
};

describe("a cloud with a data folder", () => {
  test("continues where it ended, with received but undeleted messages visible again", async () => {
    const before = open();
    await fill(before);
    const state = dump(before);
    await before.close();
    const after = open(2);
    expect(dump(after) === state).toBe(true);
    const queue = createDaybookTopology(after).queues.project.name;
    expect(dump(after) === state).toBe(true);
    expect(queueDepth(after.sqs, queue)).toMatchObject({ inFlight: 0, delayed: 0 });
    const body = await after.objects.get({ bucket: "new-events", key: "twice" });
    expect(Buffer.from(body?.body ?? []).toString()).toBe("2");
    await after.close();
  });

  test("forgets a last line that was cut short, and nothing else", async () => {
    const before = open();
    await fill(before);
    const state = dump(before);
    await before.close();
    appendFileSync(join(dataDir, "journal.ndjson"), '[["s3",{"type":"bucket-deleted","bucket":"new-ev');
    const after = open();
    expect(dump(after) === state).toBe(true);
    await after.close();
  });

  test("loses only the operation whose line is cut, wherever the file ends", async () => {
    const before = open();
    createDaybookTopology(before);
    await before.objects.put({ bucket: "new-events", key: "first", body: "1" });
    await before.objects.put({ bucket: "new-events", key: "second", body: "2" });
    await before.close();
    const path = join(dataDir, "journal.ndjson");
    truncateSync(path, statSync(path).size - 10);
    const after = open();
    expect(await after.objects.head({ bucket: "new-events", key: "first" })).toBeDefined();
    expect(await after.objects.head({ bucket: "new-events", key: "second" })).toBeUndefined();
    await after.close();
  });

  test("refuses a journal that is damaged in the middle and leaves it as it is", async () => {
    const before = open();
    await fill(before);
    await before.close();
    const path = join(dataDir, "journal.ndjson");
    appendFileSync(path, "half a line\n[]\n");
    const damaged = readFileSync(path, "utf8");
    expect(open).toThrow(JournalCorrupt);
    expect(readFileSync(path, "utf8")).toBe(damaged);
    expect(readdirSync(dataDir)).not.toContain("lock");
  });

  test("keeps large bodies in files, and removes those nobody needs at the next start", async () => {
    const before = open();
    createDaybookTopology(before);
    const address = { bucket: "new-events", key: "large" };
    await before.objects.put({ ...address, body: "x".repeat(100_000) });
    const versionId = (await before.objects.head(address))?.versionId;
    expect(readdirSync(join(dataDir, "objects"))).toHaveLength(1);
    const range = await before.objects.get(address, { start: 99_998, end: 200_000 });
    expect(Buffer.from(range?.body ?? []).toString()).toBe("xx");
    await before.objects.delete({ ...address, versionId });
    await before.close();
    const after = open();
    expect(readdirSync(join(dataDir, "objects"))).toEqual([]);
    await after.close();
  });

  test("is for one at a time", async () => {
    const first = open();
    expect(open).toThrow(DataFolderLocked);
    await first.close();
    await open().close();
  });
});

const WRITES_BEFORE_KILL = 60;
/** Writes of one writer, should the kill not stop it. */
const WRITES_MAX = 200;

const started = async (folder: string): Promise<{ child: ChildProcess; endpoint: string }> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "cloud-process.ts"), folder], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const [endpoint] = (await once(lines, "line")) as [string];
  return { child, endpoint };
};

const killed = async (child: ChildProcess): Promise<void> => {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
};

test("nothing that was acknowledged is lost when the process is killed", async () => {
  const first = await started(dataDir);
  const aws = awsClients(first.endpoint);
  const acknowledged: string[] = [];
  const sent: string[] = [];
  const Bucket = "new-events";
  const QueueUrl = `${first.endpoint}/000000000000/place`;
  const writer = async (name: number): Promise<void> => {
    for (let at = 0; at < WRITES_MAX; at += 1) {
      const Key = `writer-${name}-${at}`;
      const Body = at % 7 === 0 ? Key.repeat(10_000) : Key;
      await aws.s3.send(new PutObjectCommand({ Bucket, Key, Body }));
      acknowledged.push(Key);
      await aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: Key }));
      sent.push(Key);
      if (acknowledged.length >= WRITES_BEFORE_KILL && !first.child.killed) await killed(first.child);
    }
  };
  await Promise.allSettled([1, 2, 3].map(writer));
  aws.destroy();
  expect(acknowledged.length).toBeGreaterThanOrEqual(WRITES_BEFORE_KILL);
  expect(acknowledged.length).toBeLessThan(3 * WRITES_MAX);

  const second = await started(dataDir);
  const again = awsClients(second.endpoint);
  try {
    for (const Key of acknowledged) {
      const found = await again.s3.send(new GetObjectCommand({ Bucket, Key }));
      expect((await found.Body?.transformToString())?.startsWith(Key)).toBe(true);
    }
    const messages = await drained(again, `${second.endpoint}/000000000000/place`);
    expect(sent.filter(key => !messages.includes(key))).toEqual([]);
    const events = await drained(again, `${second.endpoint}/000000000000/project`);
    expect(acknowledged.filter(key => !events.some(body => body.includes(`"key":"${key}"`)))).toEqual([]);
  } finally {
    again.destroy();
    await killed(second.child);
  }
});

const drained = async (aws: ReturnType<typeof awsClients>, QueueUrl: string): Promise<readonly string[]> => {
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await aws.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) return bodies;
    for (const { Body = "", ReceiptHandle } of Messages) {
      bodies.push(Body);
      await aws.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
};
