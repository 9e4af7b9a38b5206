import { once } from "node:events";
import { connect } from "node:net";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterEach, describe, expect, test } from "vitest";
import { createLocalCloud, type LocalCloud } from "../../src/local/cloud.ts";
import { ManualClock } from "../../src/local/manual-clock.ts";
import { createBucket } from "../../src/local/s3/buckets.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { createQueue } from "../../src/local/sqs/sqs.ts";
import { createDaybookTopology } from "../../src/local/topology.ts";
import { awsClients } from "./aws-clients.ts";

const clouds: LocalCloud[] = [];
const started = async () => {
  const cloud = createLocalCloud({ clock: new ManualClock(1_800_000_000_000), random: seededRandom(1) });
  clouds.push(cloud);
  createBucket(cloud.s3, "bucket");
  return { cloud, server: await cloud.listen() };
};
afterEach(async () => {
  for (const cloud of clouds.splice(0)) await cloud.close();
});

const raw = (port: number, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("data", data => {
      answer += data.toString();
      socket.end();
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });

describe("the server", () => {
  test("two of them on different ports know nothing of each other", async () => {
    const [one, two] = [await started(), await started()];
    const clients = [awsClients(one.server.endpoint), awsClients(two.server.endpoint)];
    await clients[0]?.s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "k", Body: "one" }));
    await expect(
      clients[1]?.s3.send(new GetObjectCommand({ Bucket: "bucket", Key: "k" })),
    ).rejects.toMatchObject({
      name: "NoSuchKey",
    });
    for (const client of clients) client.destroy();
  });

  test("answers bad requests and goes on", async () => {
    const { server } = await started();
    const { endpoint, port } = server;
    const statuses = [
      await fetch(`${endpoint}/bucket/%E0%A4%A`),
      await fetch(`${endpoint}/bucket/k?versionId=`),
      await fetch(`${endpoint}/bucket?delete`, { method: "POST", body: "<Delete><Object>" }),
      await fetch(`${endpoint}/bucket?delete`, { method: "POST", body: "<Delete/>" }),
      await fetch(`${endpoint}/bucket/k?tagging`, { method: "PUT", body: "" }),
      await fetch(`${endpoint}/bucket/k`, {
        method: "PUT",
        body: "zz\r\n",
        headers: { "content-encoding": "aws-chunked" },
      }),
      await fetch(`${endpoint}/bucket/${"k".repeat(1025)}`, { method: "PUT", body: "" }),
      await fetch(`${endpoint}/bucket/k`, {
        method: "PUT",
        body: "",
        headers: { "x-amz-meta-a": "x".repeat(2100) },
      }),
      await fetch(`${endpoint}/bucket/k`, {
        method: "PUT",
        body: "",
        headers: { "x-amz-storage-class": "WARM" },
      }),
      await fetch(`${endpoint}/bucket?list-type=2&max-keys=x`),
      await fetch(endpoint, {
        method: "POST",
        headers: { "x-amz-target": "AmazonSQS.SendMessage" },
        body: "{",
      }),
      await fetch(endpoint, {
        method: "POST",
        headers: { "x-amz-target": "AmazonSQS.SendMessage" },
        body: "{}",
      }),
      await fetch(endpoint, { method: "POST", body: new URLSearchParams({ Action: "Publish" }) }),
      await fetch(`${endpoint}/_daybook/chaos`, { method: "POST", body: '{"drop":2}' }),
      await fetch(`${endpoint}/_daybook/none`),
    ].map(({ status }) => status);
    expect(statuses).toEqual([400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 404]);
    expect(await raw(port, "NONSENSE\r\n\r\n")).toContain("400 Bad Request");
    expect(
      await raw(port, `PUT /bucket/k HTTP/1.1\r\nhost: x\r\ncontent-length: ${2 ** 40}\r\n\r\n`),
    ).toContain("EntityTooLarge");
    expect((await fetch(`${endpoint}/bucket`, { method: "HEAD" })).status).toBe(200);
  });

  test("serves this machine only", async () => {
    const { server } = await started();
    expect(server.endpoint).toBe(`http://127.0.0.1:${server.port}`);
  });

  test("shows and moves its clock, shows its queues and counts, takes chaos settings", async () => {
    const { cloud, server } = await started();
    const { queues } = createDaybookTopology(cloud);
    const control = async (path: string, body?: unknown): Promise<unknown> => {
      const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
      return (await fetch(`${server.endpoint}/_daybook/${path}`, init)).json();
    };
    expect(await control("clock")).toMatchObject({ nowMs: 1_800_000_000_000, isMovable: true });
    expect(await control("clock", { advanceMs: 5 })).toMatchObject({ nowMs: 1_800_000_000_005 });
    expect(await control("clock", { now: "2027-02-01T00:00:00Z" })).toMatchObject({
      now: "2027-02-01T00:00:00.000Z",
    });
    expect(await control("idle")).toMatchObject({
      isIdle: false,
      queues: { [queues.project.name]: { visible: 3, delayed: 0, inFlight: 0 } },
    });
    for (const { name } of [queues.project, queues.place]) {
      const poller = cloud.startPoller({ queue: name, handler: async () => {} });
      await poller.idle();
      await poller.stop();
    }
    expect(await control("idle")).toMatchObject({ isIdle: true });
    expect(await control("chaos", { seed: 5, drop: 0.5, shuffle: true })).toMatchObject({
      settings: { seed: 5, drop: 0.5, shuffle: true, duplicate: 0 },
    });
    const s3 = new S3Client({
      endpoint: server.endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });
    await s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "k", Body: "x" }));
    s3.destroy();
    expect(await control("counts")).toEqual({ "s3:PutObject": 1 });
  });
});

describe("a long poll whose client has gone", () => {
  const waitingQueue = async () => {
    const { cloud, server } = await started();
    createQueue(cloud.sqs, "queue");
    const aws = awsClients(server.endpoint);
    const QueueUrl = `${server.endpoint}/000000000000/queue`;
    return {
      port: server.port,
      QueueUrl,
      sqs: aws.sqs,
      destroy: aws.destroy,
      polls: (count: number) =>
        expect.poll(() => server.counts.get("sqs:ReceiveMessage"), { interval: 1 }).toBe(count),
      /** A message sent now, as another client receives it. */
      sendAndReceive: async () => {
        await aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "next" }));
        const { Messages = [] } = await aws.sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ["ApproximateReceiveCount"] }),
        );
        return Messages.map(({ Body, Attributes }) => [Body, Attributes?.ApproximateReceiveCount]);
      },
    };
  };

  test("takes nothing once its connection is cut", async () => {
    const { port, QueueUrl, polls, sendAndReceive, destroy } = await waitingQueue();
    const body = JSON.stringify({ QueueUrl, WaitTimeSeconds: 20 });
    const socket = connect(port, "127.0.0.1");
    socket.write(
      `POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: AmazonSQS.ReceiveMessage\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await polls(1);
    socket.destroy();
    await once(socket, "close");
    expect(await sendAndReceive()).toEqual([["next", "1"]]);
    destroy();
  });

  test("takes nothing once its request is abandoned", async () => {
    const { QueueUrl, sqs, polls, sendAndReceive, destroy } = await waitingQueue();
    const impatient = new AbortController();
    const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), {
      abortSignal: impatient.signal,
    });
    await polls(1);
    impatient.abort();
    await expect(poll).rejects.toThrow("aborted");
    expect(await sendAndReceive()).toEqual([["next", "1"]]);
    destroy();
  });
});
