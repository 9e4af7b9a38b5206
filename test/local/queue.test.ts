import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Chaos, type ChaosSettings } from "../../src/local/chaos/chaos.ts";
import { ManualClock } from "../../src/local/manual-clock.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { createSns, createTopic, publish, subscribe } from "../../src/local/sns/sns.ts";
import { startMoveTask } from "../../src/local/sqs/move-task.ts";
import {
  changeVisibility,
  createQueue,
  createSqs,
  deleteMessage,
  queueDepth,
  receiveMessages,
  sendMessage,
} from "../../src/local/sqs/sqs.ts";
import type { QueueSettings } from "../../src/local/sqs/sqs-types.ts";
import { whenEmpty, whenVisible } from "../../src/local/sqs/waiting.ts";

const queueWith = (settings: Partial<QueueSettings> = {}, chaosSettings: Partial<ChaosSettings> = {}) => {
  const clock = new ManualClock(1_800_000_000_000);
  const chaos = new Chaos(chaosSettings);
  const random = seededRandom(2);
  const sqs = createSqs({ clock, random, chaos });
  const queue = createQueue(sqs, "queue", settings);
  const sns = createSns({ clock, random, chaos, sqs });
  const topic = createTopic(sns, "topic");
  subscribe(sns, { topicArn: topic, queueArn: queue.arn, isRaw: true });
  const receive = (max = 10) => receiveMessages(sqs, "queue", { max });
  return {
    clock,
    chaos,
    sqs,
    receive,
    bodies: () => receive().map(({ body }) => body),
    send: (...bodies: readonly string[]) => {
      for (const body of bodies) sendMessage(sqs, "queue", { body });
    },
    publishAll: (count: number) => {
      for (let at = 0; at < count; at += 1) publish(sns, topic, { message: String(at) });
    },
  };
};

/** Everything a queue still gives, deleted on receipt. */
const drained = ({ sqs, clock, receive }: ReturnType<typeof queueWith>): readonly string[] => {
  const bodies: string[] = [];
  while ((sqs.state.queues.get("queue")?.messages.size ?? 0) > 0) {
    for (const { body, receiptHandle } of receive(3)) {
      bodies.push(body);
      deleteMessage(sqs, "queue", receiptHandle);
    }
    clock.advance(1000);
  }
  return bodies;
};

describe("a queue", () => {
  test("hides what it handed out until the visibility timeout ends, and keeps the order", () => {
    const { clock, send, bodies, receive } = queueWith({ visibilityTimeoutMs: 5000 });
    send("1", "2", "3");
    expect(receive(2).map(({ body }) => body)).toEqual(["1", "2"]);
    expect(bodies()).toEqual(["3"]);
    clock.advance(4999);
    expect(bodies()).toEqual([]);
    clock.advance(1);
    expect(receive().map(({ body, receiveCount }) => [body, receiveCount])).toEqual([
      ["1", 2],
      ["2", 2],
      ["3", 2],
    ]);
  });

  test("deletes only by the latest receipt handle", () => {
    const { clock, sqs, send, receive } = queueWith({ visibilityTimeoutMs: 10 });
    send("1");
    const [first] = receive();
    clock.advance(10);
    const [second] = receive();
    deleteMessage(sqs, "queue", first?.receiptHandle ?? "");
    expect(queueDepth(sqs, "queue")).toEqual({ visible: 0, delayed: 0, inFlight: 1 });
    deleteMessage(sqs, "queue", second?.receiptHandle ?? "");
    expect(queueDepth(sqs, "queue")).toEqual({ visible: 0, delayed: 0, inFlight: 0 });
    expect(() => deleteMessage(sqs, "queue", "no handle")).toThrow("receipt handle is invalid");
  });

  test("gives a message back at once, or later, when asked to", () => {
    const { clock, sqs, send, receive, bodies } = queueWith();
    send("1");
    const [held] = receive();
    const receiptHandle = held?.receiptHandle ?? "";
    changeVisibility(sqs, "queue", { receiptHandle, visibilityTimeoutMs: 60_000 });
    clock.advance(59_999);
    expect(bodies()).toEqual([]);
    changeVisibility(sqs, "queue", { receiptHandle, visibilityTimeoutMs: 0 });
    expect(bodies()).toEqual(["1"]);
    expect(() => changeVisibility(sqs, "queue", { receiptHandle, visibilityTimeoutMs: 1 })).toThrow(
      "in flight",
    );
  });

  test("hands a message out once, also when it was given back and taken again within one instant", () => {
    const { clock, sqs, send, receive, bodies } = queueWith({ visibilityTimeoutMs: 100 });
    send("1");
    const [held] = receive();
    changeVisibility(sqs, "queue", { receiptHandle: held?.receiptHandle ?? "", visibilityTimeoutMs: 0 });
    expect(bodies()).toEqual(["1"]);
    clock.advance(100);
    expect(bodies()).toEqual(["1"]);
  });

  test("delays, counts by state, and drops what is older than a retention that was set", () => {
    const { clock, sqs, send, bodies } = queueWith({ delayMs: 100, retentionMs: 1000 });
    send("1");
    expect(queueDepth(sqs, "queue")).toEqual({ visible: 0, delayed: 1, inFlight: 0 });
    clock.advance(100);
    expect(queueDepth(sqs, "queue")).toEqual({ visible: 1, delayed: 0, inFlight: 0 });
    clock.advance(900);
    expect(bodies()).toEqual([]);
    expect(queueDepth(sqs, "queue")).toEqual({ visible: 0, delayed: 0, inFlight: 0 });
  });

  test("moves what fails too often to the dead letters, and back by a move task", () => {
    const parts = queueWith({ visibilityTimeoutMs: 1 });
    const { sqs, clock, send, bodies } = parts;
    const dead = createQueue(sqs, "dead");
    const settings = { visibilityTimeoutMs: 1, delayMs: 0, waitMs: 0, maximumBytes: 1000 };
    const redrive = { deadLetterArn: dead.arn, receivesMax: 3 };
    sqs.commit({ type: "queue-configured", queue: "queue", settings: { ...settings, redrive } });
    send("poison");
    for (let at = 0; at < 3; at += 1) {
      expect(bodies()).toEqual(["poison"]);
      clock.advance(1);
    }
    expect(bodies()).toEqual([]);
    expect(queueDepth(sqs, "dead").visible).toBe(1);
    expect(startMoveTask(sqs, { sourceArn: dead.arn }).moved).toBe(1);
    expect(bodies()).toEqual(["poison"]);
    expect(() => sendMessage(sqs, "queue", { body: "x".repeat(1001) })).toThrow("shorter than 1000 bytes");
  });

  test("wakes who waits when a message arrives, when one comes back, and when it is empty", async () => {
    const { clock, sqs, send, receive } = queueWith({ visibilityTimeoutMs: 50 });
    const arrival = whenVisible(sqs, "queue");
    send("1");
    await arrival.done;
    receive();
    const empty = whenEmpty(sqs, ["queue"]);
    const comesBack = whenVisible(sqs, "queue");
    clock.advance(50);
    await comesBack.done;
    const [again] = receive();
    deleteMessage(sqs, "queue", again?.receiptHandle ?? "");
    await empty;
    const never = whenVisible(sqs, "queue");
    never.cancel();
    await never.done;
  });
});

describe("chaos", () => {
  const COUNT = 400;
  const numbers = Array.from({ length: COUNT }, (_, at) => String(at));

  test("off: everything once and in order", () => {
    const parts = queueWith();
    parts.publishAll(COUNT);
    expect(drained(parts)).toEqual(numbers);
  });

  test("duplicates, drops and delays as much as it counts, and loses nothing else", () => {
    const parts = queueWith({}, { seed: 4, duplicate: 0.2, drop: 0.1, delayMaxMs: 5000 });
    parts.publishAll(COUNT);
    const found = drained(parts);
    const { counts } = parts.chaos;
    expect(counts.delivered + counts.dropped).toBe(COUNT);
    expect(found.length).toBe(counts.delivered + counts.duplicated + counts.receivedTwice);
    expect(new Set(found).size).toBe(counts.delivered);
    for (const count of [counts.dropped, counts.duplicated, counts.receivedTwice, counts.delayed]) {
      expect(count).toBeGreaterThan(10);
    }
  });

  test("shuffles without losing, and the same seed shuffles alike", () => {
    const orders = [1, 1, 2].map(seed => {
      const parts = queueWith({}, { seed, shuffle: true });
      parts.publishAll(COUNT);
      return drained(parts);
    });
    expect(orders[0]).toEqual(orders[1]);
    expect(orders[0]).not.toEqual(orders[2]);
    expect(orders[0]).not.toEqual(numbers);
    expect([...(orders[0] ?? [])].sort()).toEqual([...numbers].sort());
  });
});

test("a queue never loses a message, never gives two receivers the same one, whatever is done to it", () => {
  const step = fc.oneof(
    fc.constant({ do: "send" as const }),
    fc.record({ do: fc.constant("receive" as const), max: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ do: fc.constant("delete" as const), at: fc.nat(20) }),
    fc.record({ do: fc.constant("release" as const), at: fc.nat(20) }),
    fc.record({ do: fc.constant("wait" as const), byMs: fc.integer({ min: 0, max: 150 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (history, shuffle) => {
      const { clock, sqs, receive, send } = queueWith({ visibilityTimeoutMs: 100 }, { shuffle, seed: 9 });
      const held = new Map<string, { readonly body: string; readonly untilMs: number }>();
      const alive = new Set<string>();
      let next = 0;
      for (const one of history) {
        const [handle, holding] = [...held][("at" in one ? one.at : 0) % Math.max(1, held.size)] ?? [];
        const isHeld = holding !== undefined && holding.untilMs > clock.now();
        if (one.do === "send") {
          send(String(next));
          alive.add(String(next++));
        } else if (one.do === "wait") clock.advance(one.byMs);
        else if (one.do === "receive") {
          for (const { body, receiptHandle } of receive(one.max)) {
            const holders = [...held.values()].filter(
              other => other.body === body && other.untilMs > clock.now(),
            );
            expect(holders).toEqual([]);
            expect(alive.has(body)).toBe(true);
            for (const [other, { body: theirs }] of held) if (theirs === body) held.delete(other);
            held.set(receiptHandle, { body, untilMs: clock.now() + 100 });
          }
        } else if (handle !== undefined && holding !== undefined && one.do === "delete") {
          deleteMessage(sqs, "queue", handle);
          alive.delete(holding.body);
          held.delete(handle);
        } else if (handle !== undefined && isHeld) {
          changeVisibility(sqs, "queue", { receiptHandle: handle, visibilityTimeoutMs: 0 });
          held.delete(handle);
        }
        const { visible, delayed, inFlight } = queueDepth(sqs, "queue");
        expect(visible + delayed + inFlight).toBe(alive.size);
      }
      clock.advance(1000);
      expect(
        receive(1000)
          .map(({ body }) => body)
          .sort(),
      ).toEqual([...alive].sort());
    }),
    { numRuns: 100 },
  );
});
