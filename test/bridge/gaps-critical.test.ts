import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PutBucketNotificationConfigurationCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { messageSourceNamed } from "../../src/aws/message-source.ts";
import { localPaths } from "../../src/bridge/local-paths.ts";
import { type MessageRead, readMessage } from "../../src/bridge/read-message.ts";
import type { BatchReport } from "../../src/bridge/run-batch.ts";
import { watch } from "../../src/bridge/watch.ts";
import { createBridgeHandler } from "../../src/handlers/bridge.ts";
import { queueArn } from "../../src/local/sqs/sqs-state.ts";
import { until } from "../support/cli-process.ts";
import {
  bridgeWith,
  freshBucket,
  messageOf,
  messageWith,
  openWire,
  put,
  recordOf,
  run,
  textsOf,
  type Wire,
} from "./bridge-on-wire.ts";
import { spy } from "./spy.ts";

let wire: Wire;
beforeAll(async () => {
  wire = await openWire();
});
afterAll(() => wire.close());

test("G1 keys are decoded; one that cannot be is taken as it came, and told of", async () => {
  const read = (encoded: string) =>
    readMessage(messageWith([recordOf("bucket", "", { encoded })])) as MessageRead;
  expect(read("a+b/c%2Bd%C3%A9").triggers[0]?.key).toBe("a b/c+dé");
  expect(read("in/100%")).toMatchObject({ triggers: [{ key: "in/100%" }], badEscapes: 1 });
  const handler = spy(wire);
  const bucket = freshBucket(wire);
  await put(wire, bucket, { "in/100%": "x" });
  await run(wire, await bridgeWith(wire, handler.env), [
    messageWith([recordOf(bucket, "", { encoded: "in/100%" })]),
  ]);
  expect(handler.files()).toEqual(["100%"]);
  expect(wire.said.some(({ message }) => message.startsWith("Keys were not encoded"))).toBe(true);
});

describe("G2 no key leads out of the folder", () => {
  const paths = (key: string, isWindows = false) =>
    localPaths([{ key, eTag: "", sizeBytes: 1, lastModified: "", storageClass: "STANDARD" }], {
      prefix: "in/",
      unsafeKeys: "fail",
      traits: { isFolding: false, isWindows },
    });

  test.each([
    "../x",
    "a/../../x",
    "..",
    ".",
    "./a",
    "a/./b",
    "/etc/x",
    "a//b",
    "a/",
    "",
    "a\0b",
    "a\\..\\b",
    "\ud800",
  ])("refuses %j", rest => {
    expect(() => paths(`in/${rest}`)).toThrow(expect.objectContaining({ code: "UNSAFE_KEY" }));
  });

  test.each(["..a", "a..", "...", "a b", "-rf", "~", "$HOME", "a\nb", "\u0001", "é", "💶", " ", "%2e%2e"])(
    "keeps %j as it is",
    rest => {
      expect(paths(`in/${rest}`).files).toMatchObject([{ path: rest }]);
    },
  );

  test.each(["con", "NUL.txt", "a:b", "a.", "a?"])("refuses %j on Windows only", rest => {
    expect(() => paths(`in/${rest}`, true)).toThrow(expect.objectContaining({ code: "UNSAFE_KEY" }));
    expect(paths(`in/${rest}`).files).toHaveLength(1);
  });
});

describe("G3 a handler that fails is no success", () => {
  const ends = async (then: string, env: Readonly<Record<string, string>> = {}) => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "in/a": "x" });
    const handler = spy(wire, `printf new > o; ${then}`);
    const bridge = await bridgeWith(wire, { ...handler.env, ...env });
    const report = await run(wire, bridge, [messageOf(bucket, "in/a")]);
    return { group: report.groups[0], isBack: report.failed.size === 1, texts: await textsOf(wire, bucket) };
  };

  test("by its exit code, with the last it said", async () => {
    const { group, isBack, texts } = await ends("echo the reason >&2; exit 3");
    expect(group).toMatchObject({ code: "HANDLER_EXIT", reason: "The handler exited with 3: the reason" });
    expect([isBack, texts]).toEqual([true, { "in/a": "x" }]);
  });

  test("by a signal", async () => {
    const { group, isBack } = await ends("kill -9 $$");
    expect(group).toMatchObject({ code: "HANDLER_SIGNAL" });
    expect(isBack).toBe(true);
  });

  test("unless that code was to be taken for good", async () => {
    const { group, texts } = await ends("exit 3", { HANDLER_OK_EXIT_CODES: "0,3" });
    expect(group).toMatchObject({ outcome: "ran" });
    expect(texts).toEqual({ "in/a": "x", "in/o": "new" });
  });
});

describe("G4 only what failed comes again", () => {
  const REMAINING = { getRemainingTimeInMillis: () => 60_000 };
  const queueEvent = (arn: string, messages: readonly { readonly id: string; readonly body: string }[]) => ({
    Records: messages.map(({ id, body }) => ({
      messageId: id,
      body,
      eventSource: "aws:sqs",
      eventSourceARN: arn,
    })),
  });

  test("in Lambda's own answer, for a standard queue", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "a/1": "x", "k/1": "x", "z/1": "x" });
    const handler = spy(wire, '[ "$KEY_PREFIX" != k/ ]');
    const answer = createBridgeHandler(await bridgeWith(wire, handler.env));
    const messages = ["a/1", "k/1", "z/1"].map(key => messageOf(bucket, key));
    const event = queueEvent("arn:aws:sqs:eu-central-1:1:events", messages);
    expect(await answer(event, REMAINING)).toEqual({
      batchItemFailures: [{ itemIdentifier: messages[1]?.id }],
    });
  });

  test("and all behind it, for a queue that keeps its order", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "a/1": "x", "k/1": "x", "z/1": "x" });
    const handler = spy(wire, '[ "$KEY_PREFIX" != k/ ]');
    const answer = createBridgeHandler(await bridgeWith(wire, handler.env));
    const messages = ["z/1", "k/1", "a/1"].map(key => messageOf(bucket, key));
    const event = queueEvent("arn:aws:sqs:eu-central-1:1:events.fifo", messages);
    const { batchItemFailures } = await answer(event, REMAINING);
    expect(batchItemFailures.map(each => each.itemIdentifier)).toEqual([messages[1]?.id, messages[2]?.id]);
    expect(handler.seen().map(({ prefix }) => prefix)).toEqual(["z/", "k/"]);
  });

  test("and nothing before it is lost, where one of such a queue cannot be read", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "a/1": "x" });
    const answer = createBridgeHandler(await bridgeWith(wire, spy(wire).env));
    const messages = [messageOf(bucket, "a/1"), { id: "bad", body: "?" }];
    const { batchItemFailures } = await answer(queueEvent("arn:events.fifo", messages), REMAINING);
    expect(batchItemFailures.map(each => each.itemIdentifier).sort()).toEqual(
      ["bad", messages[0]?.id].sort(),
    );
  });

  test("or all of it throws, where nobody reads an answer", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "a/1": "x" });
    const answer = createBridgeHandler(await bridgeWith(wire, spy(wire, "exit 1").env));
    await expect(answer(JSON.parse(messageOf(bucket, "a/1").body), REMAINING)).rejects.toThrow(
      "HANDLER_EXIT",
    );
  });
});

describe("G5 no message poisons its batch", () => {
  const bridgeEvent = (bucket: string, key: string) => ({
    "detail-type": "Object Created",
    detail: { bucket: { name: bucket }, object: { key, etag: "e", sequencer: "1a" }, reason: "PutObject" },
  });
  const WRAPPINGS: Readonly<Record<string, (event: object) => object>> = {
    "S3 itself": event => event,
    "S3 in SNS": event => ({ Type: "Notification", Message: JSON.stringify(event) }),
    "SNS as Lambda gets it": event => ({ Records: [{ Sns: { Message: JSON.stringify(event) } }] }),
    "SQS as Lambda gets it": event => ({ Records: [{ body: JSON.stringify(event) }] }),
    "SNS in SQS": event => ({ Records: [{ body: JSON.stringify({ Message: JSON.stringify(event) }) }] }),
  };

  test.each(Object.keys(WRAPPINGS))("reads %s", name => {
    const body = JSON.stringify(WRAPPINGS[name]?.({ Records: [recordOf("bucket", "my dir/a")] }));
    expect(readMessage({ id: "m", body })).toMatchObject({
      triggers: [{ bucket: "bucket", key: "my dir/a" }],
    });
  });

  test.each(Object.keys(WRAPPINGS))("reads EventBridge's form in %s", name => {
    const body = JSON.stringify(WRAPPINGS[name]?.(bridgeEvent("bucket", "my+dir/a")));
    expect(readMessage({ id: "m", body })).toMatchObject({
      triggers: [{ key: "my+dir/a", eventName: "ObjectCreated:Put", eTag: "e" }],
    });
  });

  test("fails what cannot be read alone", async () => {
    const bucket = freshBucket(wire);
    await put(wire, bucket, { "in/a": "x" });
    const handler = spy(wire);
    const bad = ["{", "[]", "{}", '"x"', '{"Records":[{"body":"?"}]}'].map((body, at) => ({
      id: `bad${at}`,
      body,
    }));
    const bridge = await bridgeWith(wire, handler.env);
    const report = await run(wire, bridge, [...bad, messageOf(bucket, "in/a")]);
    expect([...report.failed]).toEqual(bad.map(({ id }) => id));
    expect(handler.files()).toEqual(["a"]);
  });
});

describe("G6 a watched queue loses nothing", () => {
  const watched = async (then: string, env: Readonly<Record<string, string>> = {}) => {
    const bucket = freshBucket(wire);
    const queue = `${bucket}-events`;
    const [s3, sqs] = [await wire.clients.s3(), await wire.clients.sqs()];
    await sqs.send(new CreateQueueCommand({ QueueName: queue }));
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: queue }));
    await s3.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket: bucket,
        NotificationConfiguration: {
          QueueConfigurations: [{ QueueArn: queueArn(queue), Events: ["s3:ObjectCreated:*"] }],
        },
      }),
    );
    const handler = spy(wire, then);
    const bridge = await bridgeWith(wire, { ...handler.env, ...env });
    const source = await messageSourceNamed(sqs, queue);
    const abort = new AbortController();
    const reports: BatchReport[] = [];
    const depths = async () => {
      const { Attributes = {} } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
      );
      return (
        Number(Attributes.ApproximateNumberOfMessages) +
        Number(Attributes.ApproximateNumberOfMessagesNotVisible)
      );
    };
    const start = (time = bridge.time) =>
      watch({ ...bridge, time }, source, { signal: abort.signal, onBatch: report => reports.push(report) });
    return { bucket, s3, sqs, QueueUrl, handler, bridge, abort, reports, depths, start };
  };

  test("works on S3's own notifications, a test event among them, and deletes what is done", async () => {
    const { bucket, s3, handler, abort, depths, start } = await watched("cp a o", { MATCH_KEY: "/a$" });
    const watching = start();
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "in/a", Body: "x" }));
    await until(async () => handler.seen().length > 0 && (await depths()) === 0);
    abort.abort();
    await watching;
    expect(handler.seen()).toEqual([{ bucket, prefix: "in/", files: ["a"] }]);
    expect(await textsOf(wire, bucket)).toEqual({ "in/a": "x", "in/o": "x" });
  });

  test("hands back what failed, and what cannot be read", async () => {
    const { bucket, s3, sqs, QueueUrl, reports, abort, depths, start } = await watched("exit 1");
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "in/a", Body: "x" }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "?" }));
    const watching = start();
    await until(() => reports.reduce((sum, { failed }) => sum + failed.size, 0) >= 2);
    abort.abort();
    await watching;
    expect(await depths()).toBe(2);
  });

  test("ends its wait at once when it is stopped, and finishes the batch that runs", async () => {
    const idle = await watched("");
    const waiting = idle.start();
    await until(() => idle.reports.length === 1); // the test event
    idle.abort.abort();
    await waiting;
    const busy = await watched('touch "$OUT/started"; sleep 0.5; cp a o', { MATCH_KEY: "/a$" });
    await busy.s3.send(new PutObjectCommand({ Bucket: busy.bucket, Key: "in/a", Body: "x" }));
    const watching = busy.start();
    await until(() => {
      try {
        readFileSync(join(busy.handler.env.OUT ?? "", "started"));
        return true;
      } catch {
        return false;
      }
    });
    busy.abort.abort();
    await watching;
    expect(await textsOf(wire, busy.bucket)).toEqual({ "in/a": "x", "in/o": "x" });
    // The output's own event waits for the next watcher.
    expect(await busy.depths()).toBe(1);
  });

  test("keeps messages hidden while their handler runs", async () => {
    const { bucket, s3, bridge, handler, abort, depths, start } = await watched("sleep 1");
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "in/a", Body: "x" }));
    const hidden = () => wire.clients.counts.requests["sqs.ChangeMessageVisibility"] ?? 0;
    const before = hidden();
    // A beat of 20 s, a hundred times as fast; all else takes its time.
    const { time } = bridge;
    const fast: typeof time = {
      now: () => time.now(),
      sleep: delayMs => time.sleep(delayMs),
      alarm: (delayMs, ring) => time.alarm(delayMs === 20_000 ? 200 : delayMs, ring),
    };
    const watching = start(fast);
    await until(async () => handler.seen().length > 0 && (await depths()) === 0);
    abort.abort();
    await watching;
    expect(hidden() - before).toBeGreaterThanOrEqual(3);
    expect(handler.seen()).toHaveLength(1);
  });
});
