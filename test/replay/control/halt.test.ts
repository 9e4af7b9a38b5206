import { afterEach, describe, expect, test } from "vitest";
import { bankTable, createApp, tableRows } from "../../../src/app.ts";
import { createClients } from "../../../src/aws/clients.ts";
import { SqsDeadLetters } from "../../../src/aws/dead-letters.ts";
import { LambdaEventSources } from "../../../src/aws/event-sources.ts";
import { configFrom } from "../../../src/config.ts";
import { createProjectHandler } from "../../../src/handlers/project.ts";
import { createLocalCloud } from "../../../src/local/cloud.ts";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import { seededRandom } from "../../../src/local/seeded-random.ts";
import { queueDepth, queueNamed, sendMessage } from "../../../src/local/sqs/sqs.ts";
import { systemClock } from "../../../src/local/system-clock.ts";
import { createDaybookTopology } from "../../../src/local/topology.ts";
import { silentLog } from "../../../src/ports/log.ts";
import { setControl } from "../../../src/replay/control/control.ts";
import { halt, resume } from "../../../src/replay/control/halt.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const START_MS = Date.parse("2026-05-06T09:00:00Z");
const VISIBILITY_MS = 60_000;
const RECEIVES_MAX = 5;

/** A bank whose queues, functions and clock stand still but for the test, switched through Lambda's own API. */
const openBank = async () => {
  const clock = new ManualClock(START_MS);
  const random = seededRandom(5);
  const cloud = createLocalCloud({ clock, random });
  const topology = createDaybookTopology(cloud, {
    prefix: "daybook-",
    visibilityTimeoutMs: VISIBILITY_MS,
    receivesMax: RECEIVES_MAX,
  });
  const poison = new Set<string>();
  const store = new MemoryStore(bankTable, async call => {
    if ("writes" in call && [...poison].some(key => JSON.stringify(call.writes).includes(key)))
      throw new Error("The table is not to be had");
    return undefined;
  });
  const config = { ...configFrom({}), buckets: topology.buckets, currencyRequired: false };
  const newApp = () => createApp({ store, objects: cloud.objects, clock, random, log: silentLog }, config);
  const app = newApp();
  const { project } = topology.queues;
  const handler = createProjectHandler(app);
  const poller = cloud.startPoller({ queue: project.name, functionName: "daybook-project", handler });
  const { endpoint } = await cloud.listen();
  const clients = createClients({ AWS_ENDPOINT_URL: endpoint });
  closers.push(cloud.close, clients.close, poller.stop);
  const consumers = {
    objects: cloud.objects,
    bucket: topology.buckets.decisions,
    clock: { now: () => clock.now(), sleep: systemClock.sleep },
    sources: new LambdaEventSources(await clients.lambda()),
    functions: ["daybook-project", "daybook-place"],
  };
  let puts = 0;
  const put = async (name?: string) => {
    puts += 1;
    const key = `cash_deposit_${name ?? `n${puts}`}.event`;
    const EventTimeStamp = Math.floor(clock.now() / 1000);
    const body = {
      EventTimeStamp,
      TargetAccount: "700",
      CustomerNumber: "9",
      Amount: "1.00",
      Verified: true,
    };
    await cloud.objects.put({ bucket: topology.buckets.newEvents, key, body: JSON.stringify(body) });
    return key;
  };
  const decided = async () => {
    const [item] = await store.get([tableRows.head.key({ stream: "700" })]);
    return item === undefined ? 0 : tableRows.head.read(item).sequence;
  };
  return {
    ...{ app, newApp, cloud, clock, clients, consumers, poison, poller, project, put, decided, store },
    receives: () => [...queueNamed(cloud.sqs, project.name).messages.values()].map(each => each.receiveCount),
    dead: () => queueDepth(cloud.sqs, project.deadLetters.name).visible,
    idle: () => cloud.idle([project.name]),
  };
};

describe("a halt", () => {
  test("of an hour under load spends no receive and loses nothing; then all is decided", async () => {
    const bank = await openBank();
    await bank.put();
    await bank.idle();
    let isHalting = true;
    const load = (async () => {
      let puts = 0;
      for (; isHalting || puts < 60; puts += 1) {
        await bank.put();
        await new Promise(resolve => setImmediate(resolve));
      }
      return puts;
    })();
    const done = await halt(bank.consumers, "wrong fees");
    isHalting = false;
    const putsBefore = await load;
    await bank.put();
    expect(done).toMatchObject({ outcome: "changed", isSettled: true, record: { reason: "wrong fees" } });
    expect(done.sources).toMatchObject([{ functionName: "daybook-project", state: "Disabled" }]);
    const [before, atHalt] = [await bank.decided(), bank.receives()];
    expect(atHalt.length).toBeGreaterThan(0);
    // The test events of the buckets' configurations may still be among those that wait.
    expect(before).toBeGreaterThan(0);
    expect(before + atHalt.length).toBeGreaterThanOrEqual(putsBefore + 2);

    for (let minute = 0; minute < 60; minute += 1) {
      await bank.put();
      bank.clock.advance(60_000);
      await new Promise(resolve => setImmediate(resolve));
    }
    expect(await bank.decided()).toBe(before);
    expect(bank.dead()).toBe(0);
    expect(bank.receives()).toEqual([...atHalt, ...Array(60).fill(0)]);
    expect(atHalt.every(count => count === 0)).toBe(true);

    expect(await resume(bank.consumers, "")).toMatchObject({ outcome: "changed", isSettled: true });
    await bank.idle();
    expect(await bank.decided()).toBe(putsBefore + 62);
    expect(bank.dead()).toBe(0);
  });

  test("said twice tells since when, and disables what was enabled behind its back", async () => {
    const bank = await openBank();
    await halt(bank.consumers, "wrong fees");
    bank.poller.enable(true);
    const again = await halt(bank.consumers, "once more");
    expect(again).toMatchObject({ outcome: "already", isSettled: true, record: { reason: "wrong fees" } });
    expect(bank.poller.state()).toBe("Disabled");
    expect(await resume(bank.consumers, "")).toMatchObject({ outcome: "changed" });
    expect(await resume(bank.consumers, "")).toMatchObject({ outcome: "already" });
    expect(bank.poller.state()).toBe("Enabled");
  });

  test("is heeded by the functions where the event source goes on: nothing is acknowledged or decided", async () => {
    const bank = await openBank();
    await setControl(bank.consumers, { state: "halted", reason: "an event source that lags" });
    const messages = [
      { id: "a", body: "no event at all" },
      { id: "b", body: JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent" }) },
    ];
    const fresh = bank.newApp();
    expect(await fresh.project(messages, () => 60_000)).toEqual(new Set(["a", "b"]));
    expect(await fresh.place(messages, () => 60_000)).toEqual(new Set(["a", "b"]));
    await setControl(bank.consumers, { state: "running", reason: "" });
    expect(await fresh.project(messages, () => 60_000)).toEqual(new Set(["a"]));
  });

  test("is written down also if the event sources cannot be switched", async () => {
    const bank = await openBank();
    const sources = { of: () => Promise.reject(new Error("not allowed")), enable: async () => {} };
    await expect(halt({ ...bank.consumers, sources }, "wrong fees")).rejects.toThrow("not allowed");
    expect(await bank.newApp().project([{ id: "a", body: "" }], () => 60_000)).toEqual(new Set(["a"]));
  });
});

describe("dead letters", () => {
  test("are shown and kept; sent back once their cause is gone, they are decided", async () => {
    const bank = await openBank();
    const deadLetters = new SqsDeadLetters(await bank.clients.sqs());
    await bank.idle();
    const key = await bank.put("poison1");
    bank.poison.add(key);
    for (let receive = 0; receive <= RECEIVES_MAX; receive += 1) {
      await systemClock.sleep(20);
      bank.clock.advance(VISIBILITY_MS);
    }
    await bank.idle();
    expect(bank.dead()).toBe(1);
    for (let i = 0; i < 5; i += 1) await bank.put();
    await bank.idle();
    expect(await bank.decided()).toBe(5);

    for (let look = 0; look < 2; look += 1) {
      const seen = await deadLetters.peek(bank.project.name, 10);
      expect(seen).toMatchObject({ deadLetterQueue: bank.project.deadLetters.name, total: 1 });
      expect(seen.letters).toMatchObject([{ sentAt: "2026-05-06T09:00:00.000Z" }]);
      expect(seen.letters[0]?.receives).toBeGreaterThanOrEqual(RECEIVES_MAX);
      expect(seen.letters[0]?.body).toContain(key);
      expect(bank.dead()).toBe(1);
    }

    bank.poison.clear();
    const queue = bank.project.name;
    expect(await deadLetters.redrive(queue)).toMatchObject({ queue, moved: 1, isComplete: true });
    await bank.idle();
    expect([bank.dead(), await bank.decided()]).toEqual([0, 6]);
    expect(await deadLetters.redrive(queue)).toMatchObject({ moved: 0, isComplete: true });
  });

  test("that are many are all seen, once each, up to the number asked for", async () => {
    const bank = await openBank();
    const sqs = await bank.clients.sqs();
    const deadLetters = new SqsDeadLetters(sqs);
    await halt(bank.consumers, "to fill the queue");
    for (let i = 0; i < 34; i += 1)
      sendMessage(bank.cloud.sqs, bank.project.deadLetters.name, { body: String(i) });
    const { total, letters } = await deadLetters.peek(bank.project.name, 100);
    expect(total).toBe(34);
    expect(new Set(letters.map(({ body }) => body)).size).toBe(34);
    expect((await deadLetters.peek(bank.project.name, 15)).letters).toHaveLength(15);
    await expect(deadLetters.peek(bank.project.deadLetters.name, 1)).rejects.toThrow("no dead-letter queue");
  });
});
