import type { SQSEvent } from "aws-lambda";
import { describe, expect, test } from "vitest";
import { createLocalCloud } from "../../src/local/cloud.ts";
import { ManualClock } from "../../src/local/manual-clock.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { queueDepth, queueNamed, sendMessage } from "../../src/local/sqs/sqs.ts";
import { systemClock } from "../../src/local/system-clock.ts";
import { createDaybookTopology } from "../../src/local/topology.ts";

const cloudWith = (clock: ManualClock | typeof systemClock, chaos = {}, receivesMax = 5) => {
  const cloud = createLocalCloud({ clock, random: seededRandom(1), chaos });
  const topology = createDaybookTopology(cloud, { visibilityTimeoutMs: 20, receivesMax });
  return { cloud, topology, queue: topology.queues.project.name };
};

/** Turns of the event loop, for what is waited for by promises only. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await new Promise(resolve => setImmediate(resolve));
};

const keyOf = (body: string): string | undefined => JSON.parse(body).Records?.[0]?.s3.object.key;

describe("the poller", () => {
  test("hands over object events in batches, in order, as Lambda does, and empties the queue", async () => {
    const { cloud, topology, queue } = cloudWith(systemClock);
    const events: SQSEvent[] = [];
    for (let at = 10; at < 35; at += 1) {
      await cloud.objects.put({ bucket: topology.buckets.newEvents, key: `k${at}`, body: "x" });
    }
    const poller = cloud.startPoller({ queue, handler: async event => void events.push(event) });
    await poller.idle();
    await cloud.objects.put({ bucket: topology.buckets.newEvents, key: "k35", body: "x" });
    await cloud.idle([queue]);
    await poller.stop();
    const keys = events.flatMap(({ Records }) => Records.map(({ body }) => keyOf(body)));
    expect(keys.filter(key => key !== undefined)).toEqual(
      Array.from({ length: 26 }, (_, at) => `k${at + 10}`),
    );
    expect(events.map(({ Records }) => Records.length)).toEqual([10, 10, 8, 1]);
    expect(events[0]?.Records[0]).toEqual({
      messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      receiptHandle: expect.any(String),
      body: expect.stringContaining("s3:TestEvent"),
      attributes: {
        ApproximateReceiveCount: "1",
        SentTimestamp: expect.stringMatching(/^\d{13}$/),
        SenderId: expect.any(String),
        ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
      },
      messageAttributes: {},
      md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventSource: "aws:sqs",
      eventSourceARN: topology.queues.project.arn,
      awsRegion: "us-east-1",
    });
    expect(poller.counts()).toEqual({ invocations: 4, succeeded: 29, failed: 0 });
  });

  test("brings back what failed, alone, until it is a dead letter", async () => {
    const { cloud, queue, topology } = cloudWith(systemClock, {}, 3);
    const tries = new Map<string, number>();
    const poller = cloud.startPoller({
      queue,
      retryDelayMs: 1,
      handler: async ({ Records }) => {
        for (const { body } of Records) tries.set(body, (tries.get(body) ?? 0) + 1);
        const failed = Records.filter(({ body }) => body === "bad");
        return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
      },
    });
    for (const body of ["good", "bad", "fine"]) sendMessage(cloud.sqs, queue, { body });
    await poller.idle();
    await poller.stop();
    expect([tries.get("good"), tries.get("bad"), tries.get("fine")]).toEqual([1, 3, 1]);
    expect(queueDepth(cloud.sqs, topology.queues.project.deadLetters.name).visible).toBe(1);
  });

  test.each<[string, () => Promise<{ batchItemFailures: { itemIdentifier: string }[] }>]>([
    ["a handler that throws", () => Promise.reject(new Error("no"))],
    ["an unknown message id", async () => ({ batchItemFailures: [{ itemIdentifier: "unknown" }] })],
    ["an empty message id", async () => ({ batchItemFailures: [{ itemIdentifier: "" }] })],
  ])("fails the whole batch for %s", async (_name, answer) => {
    const { cloud, queue } = cloudWith(systemClock);
    let calls = 0;
    const poller = cloud.startPoller({
      queue,
      handler: async () => (calls++ === 0 ? await answer() : undefined),
    });
    await poller.idle();
    await poller.stop();
    // What comes back may come in one batch or in two.
    expect(poller.counts()).toMatchObject({ succeeded: 3, failed: 3 });
  });

  test("waits for a full batch as long as the window says, by the cloud's clock", async () => {
    const clock = new ManualClock(1_800_000_000_000);
    const { cloud, queue } = cloudWith(clock);
    const sizes: number[] = [];
    const poller = cloud.startPoller({
      queue,
      batchSize: 5,
      batchingWindowMs: 10,
      handler: async ({ Records }) => void sizes.push(Records.length),
    });
    await settled();
    expect(sizes).toEqual([]);
    sendMessage(cloud.sqs, queue, { body: "4" });
    await settled();
    clock.advance(9);
    await settled();
    expect(sizes).toEqual([]);
    clock.advance(1);
    await poller.idle();
    expect(sizes).toEqual([4]);
    for (let at = 0; at < 5; at += 1) sendMessage(cloud.sqs, queue, { body: String(at) });
    await poller.idle();
    expect(sizes).toEqual([4, 5]);
    await poller.stop();
  });

  test("stops only after the running call has ended, and takes nothing more", async () => {
    const { cloud, queue } = cloudWith(systemClock);
    let release = (): void => {};
    const started = new Promise<void>(resolve => {
      release = resolve;
    });
    let finish = (): void => {};
    const gate = new Promise<void>(resolve => {
      finish = resolve;
    });
    let isDone = false;
    const poller = cloud.startPoller({
      queue,
      batchSize: 1,
      handler: async () => {
        release();
        await gate;
        isDone = true;
      },
    });
    await started;
    const stopped = poller.stop();
    finish();
    await stopped;
    expect(isDone).toBe(true);
    expect(poller.counts().invocations).toBe(1);
  });

  test("takes nothing while it is disabled, and goes on where it was", async () => {
    const { cloud, queue } = cloudWith(systemClock);
    const bodies: string[] = [];
    const poller = cloud.startPoller({
      queue,
      isEnabled: false,
      handler: async ({ Records }) => void bodies.push(...Records.map(({ body }) => body)),
    });
    const before = queueDepth(cloud.sqs, queue).visible;
    sendMessage(cloud.sqs, queue, { body: "first" });
    await settled();
    expect([poller.state(), poller.counts().invocations]).toEqual(["Disabled", 0]);
    expect(queueDepth(cloud.sqs, queue)).toEqual({ visible: before + 1, delayed: 0, inFlight: 0 });
    poller.enable(true);
    poller.enable(true);
    await poller.idle();
    expect([poller.state(), bodies.at(-1)]).toEqual(["Enabled", "first"]);
    // By now it waits for a message; one that comes together with the switch is not taken.
    await settled();
    poller.enable(false);
    sendMessage(cloud.sqs, queue, { body: "second" });
    await settled();
    expect([poller.state(), bodies.at(-1)]).toEqual(["Disabled", "first"]);
    expect([...queueNamed(cloud.sqs, queue).messages.values()].map(each => each.receiveCount)).toEqual([0]);
    await poller.stop();
    poller.enable(true);
    await settled();
    expect(bodies.at(-1)).toBe("first");
  });

  test("lets the running call end when it is disabled", async () => {
    const { cloud, queue } = cloudWith(systemClock);
    let finish = (): void => {};
    const gate = new Promise<void>(resolve => {
      finish = resolve;
    });
    const poller = cloud.startPoller({ queue, batchSize: 1, handler: () => gate });
    await settled();
    const before = queueDepth(cloud.sqs, queue);
    expect(before.inFlight).toBe(1);
    poller.enable(false);
    expect(poller.state()).toBe("Disabling");
    finish();
    await settled();
    expect([poller.state(), poller.counts()]).toEqual([
      "Disabled",
      { invocations: 1, succeeded: 1, failed: 0 },
    ]);
    expect(queueDepth(cloud.sqs, queue)).toEqual({ ...before, inFlight: 0 });
    await poller.stop();
  });

  test("calls several handlers at a time where chaos shuffles", async () => {
    const { cloud, queue } = cloudWith(systemClock, { seed: 3, shuffle: true });
    let running = 0;
    let most = 0;
    const poller = cloud.startPoller({
      queue,
      batchSize: 1,
      handler: async () => {
        most = Math.max(most, ++running);
        await new Promise(resolve => setImmediate(resolve));
        running -= 1;
      },
    });
    for (let at = 0; at < 20; at += 1) sendMessage(cloud.sqs, queue, { body: String(at) });
    await poller.idle();
    await poller.stop();
    expect(most).toBe(4);
  });
});

describe("the clock moved by hand", () => {
  test("wakes sleepers in the order of their time, each at its own", async () => {
    const clock = new ManualClock(100);
    const woken: string[] = [];
    const sleeper = async (name: string, delayMs: number) => {
      await clock.sleep(delayMs);
      woken.push(name);
    };
    const rings: number[] = [];
    clock.alarm(25, () => rings.push(clock.now()));
    const cancel = clock.alarm(26, () => rings.push(-1));
    void sleeper("late", 30);
    void sleeper("early", 10);
    void sleeper("late too", 30);
    cancel();
    clock.advance(29);
    await settled();
    expect([woken, rings, clock.now()]).toEqual([["early"], [125], 129]);
    clock.set(130);
    await settled();
    expect(woken).toEqual(["early", "late", "late too"]);
    expect(clock.nextWakeMs()).toBeUndefined();
  });
});
