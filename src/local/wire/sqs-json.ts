import { createHash } from "node:crypto";
import { SENDER_ID } from "../lambda/sqs-event.ts";
import { ACCOUNT_ID } from "../s3/event-record.ts";
import { startMoveTask } from "../sqs/move-task.ts";
import {
  changeVisibility,
  createQueue,
  deleteMessage,
  purgeQueue,
  queueDepth,
  queueNamed,
  type Received,
  receiveMessages,
  type Sqs,
  sendMessage,
} from "../sqs/sqs.ts";
import { SqsError } from "../sqs/sqs-error.ts";
import type { MessageAttributes, Queue, QueueSettings } from "../sqs/sqs-types.ts";
import { type Waiting, whenVisible } from "../sqs/waiting.ts";
import { systemClock } from "../system-clock.ts";
import { attributesMd5 } from "./message-attributes.ts";
import { queueAttributes, settingsOf } from "./queue-attributes.ts";

type Input = Readonly<Record<string, unknown>>;
type Output = Readonly<Record<string, unknown>>;
type Context = {
  readonly sqs: Sqs;
  readonly endpoint: string;
  /** Aborted when whoever asked is no longer connected. */
  readonly gone: AbortSignal;
};
type Handler = (context: Context, input: Input) => Output | Promise<Output>;

/** Source: Amazon SQS API: entries of a batch, messages of a receive. */
const BATCH_MAX = 10;
const WAIT_SECONDS_MAX = 20;

const urlOf = ({ endpoint }: Context, name: string): string => `${endpoint}/${ACCOUNT_ID}/${name}`;

const string = (input: Input, name: string): string => {
  const value = input[name];
  if (typeof value !== "string") {
    throw new SqsError(
      "MissingRequiredParameterException",
      `The request must contain the parameter ${name}.`,
    );
  }
  return value;
};

const number = (input: Input, name: string): number | undefined => {
  const value = input[name];
  return typeof value === "number" ? value : undefined;
};

const record = (input: Input, name: string): Readonly<Record<string, string>> =>
  (input[name] ?? {}) as Readonly<Record<string, string>>; // a map of texts in the API model

const queueNameOf = (input: Input): string => {
  const url = string(input, "QueueUrl");
  return url.slice(url.lastIndexOf("/") + 1);
};

const queueOf = ({ sqs }: Context, input: Input): Queue => queueNamed(sqs, queueNameOf(input));

const seconds = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : value * 1000;

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

const QUEUE_NAME = /^[A-Za-z0-9_-]{1,80}$/;

const createQueueOutput: Handler = (context, input) => {
  const name = string(input, "QueueName");
  if (!QUEUE_NAME.test(name)) {
    throw new SqsError(
      "InvalidParameterValueException",
      "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
    );
  }
  createQueue(context.sqs, name, settingsOf(record(input, "Attributes")));
  return { QueueUrl: urlOf(context, name) };
};

const listQueuesOutput: Handler = (context, input) => {
  const prefix = (input.QueueNamePrefix as string | undefined) ?? "";
  const names = [...context.sqs.state.queues.keys()].filter(name => name.startsWith(prefix)).sort();
  return { QueueUrls: names.map(name => urlOf(context, name)) };
};

const setAttributesOutput: Handler = (context, input) => {
  const queue = queueOf(context, input);
  const settings: QueueSettings = { ...queue.settings, ...settingsOf(record(input, "Attributes")) };
  context.sqs.operation(() => context.sqs.commit({ type: "queue-configured", queue: queue.name, settings }));
  return {};
};

const getAttributesOutput: Handler = ({ sqs, ...context }, input) => {
  const queue = queueOf({ sqs, ...context }, input);
  const asked = new Set((input.AttributeNames as readonly string[] | undefined) ?? []);
  const all = queueAttributes(queue, queueDepth(sqs, queue.name));
  const Attributes = Object.fromEntries(
    Object.entries(all).filter(([name]) => asked.has("All") || asked.has(name)),
  );
  return { Attributes };
};

type Entry = Input & { readonly Id: string };

const sent = ({ sqs }: Context, queueName: string, input: Input): Output => {
  const attributes = input.MessageAttributes as MessageAttributes | undefined;
  const body = string(input, "MessageBody");
  if (body === "")
    throw new SqsError("InvalidParameterValueException", "The message body must not be empty.");
  const delayMs = seconds(number(input, "DelaySeconds"));
  const { messageId } = sendMessage(sqs, queueName, { body, attributes, delayMs });
  return {
    MessageId: messageId,
    MD5OfMessageBody: md5(body),
    ...(attributes === undefined ? {} : { MD5OfMessageAttributes: attributesMd5(attributes) }),
  };
};

/** Runs a batch entry by entry; one that fails fails alone. */
const batch = (context: Context, input: Input, one: (queueName: string, entry: Entry) => Output): Output => {
  const entries = (input.Entries as readonly Entry[] | undefined) ?? [];
  const queueName = queueOf(context, input).name;
  if (entries.length === 0)
    throw new SqsError("EmptyBatchRequest", "There should be at least one entry in the request.");
  if (entries.length > BATCH_MAX) {
    throw new SqsError("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10.");
  }
  if (new Set(entries.map(({ Id }) => Id)).size !== entries.length) {
    throw new SqsError("BatchEntryIdsNotDistinct", "Ids of entries in one request must be distinct.");
  }
  const Successful: Output[] = [];
  const Failed: Output[] = [];
  context.sqs.operation(() => {
    for (const entry of entries) {
      try {
        Successful.push({ Id: entry.Id, ...one(queueName, entry) });
      } catch (error) {
        if (!(error instanceof SqsError)) throw error;
        Failed.push({ Id: entry.Id, SenderFault: true, Code: error.code, Message: error.message });
      }
    }
  });
  return { Successful, Failed };
};

const receivedOutput: Handler = async ({ sqs, gone }, input) => {
  const queueName = queueNameOf(input);
  const { waitMs } = queueNamed(sqs, queueName).settings;
  const max = Math.min(number(input, "MaxNumberOfMessages") ?? 1, BATCH_MAX);
  const visibilityTimeoutMs = seconds(number(input, "VisibilityTimeout"));
  const patienceMs = Math.min(seconds(number(input, "WaitTimeSeconds")) ?? waitMs, WAIT_SECONDS_MAX * 1000);
  const deadlineMs = systemClock.now() + patienceMs;
  // Nobody would read what is handed out to a connection that is gone, and it would stay hidden until its timeout.
  const take = () => (gone.aborted ? [] : receiveMessages(sqs, queueName, { max, visibilityTimeoutMs }));
  let messages = take();
  while (messages.length === 0 && !gone.aborted && systemClock.now() < deadlineMs) {
    await arrivalUntil(deadlineMs, whenVisible(sqs, queueName), gone);
    messages = take();
  }
  if (messages.length === 0) return {};
  const names = [
    ...((input.AttributeNames as readonly string[] | undefined) ?? []),
    ...((input.MessageSystemAttributeNames as readonly string[] | undefined) ?? []),
  ];
  const attributeNames = (input.MessageAttributeNames as readonly string[] | undefined) ?? [];
  return { Messages: messages.map(message => messageOutput(message, new Set(names), attributeNames)) };
};

const arrivalUntil = async (
  deadlineMs: number,
  { done, cancel }: Waiting,
  gone: AbortSignal,
): Promise<void> => {
  const cancelAlarm = systemClock.alarm(deadlineMs - systemClock.now(), cancel);
  gone.addEventListener("abort", cancel);
  await done;
  gone.removeEventListener("abort", cancel);
  cancelAlarm();
};

const messageOutput = (message: Received, asked: ReadonlySet<string>, names: readonly string[]): Output => {
  const system = Object.entries({
    SenderId: SENDER_ID,
    SentTimestamp: String(message.sentMs),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs),
  }).filter(([name]) => asked.has("All") || asked.has(name));
  const isAsked = (name: string): boolean =>
    names.some(
      wanted =>
        wanted === "All" ||
        wanted === ".*" ||
        wanted === name ||
        (wanted.endsWith(".*") && name.startsWith(wanted.slice(0, -1))),
    );
  const attributes = Object.fromEntries(Object.entries(message.attributes).filter(([name]) => isAsked(name)));
  const hasAttributes = Object.keys(attributes).length > 0;
  return {
    MessageId: message.messageId,
    ReceiptHandle: message.receiptHandle,
    Body: message.body,
    MD5OfBody: md5(message.body),
    ...(system.length === 0 ? {} : { Attributes: Object.fromEntries(system) }),
    ...(hasAttributes
      ? { MessageAttributes: attributes, MD5OfMessageAttributes: attributesMd5(attributes) }
      : {}),
  };
};

const visibilityChanged = ({ sqs }: Context, queueName: string, input: Input): Output => {
  const visibilityTimeoutMs = seconds(number(input, "VisibilityTimeout")) ?? 0;
  changeVisibility(sqs, queueName, { receiptHandle: string(input, "ReceiptHandle"), visibilityTimeoutMs });
  return {};
};

const sourcesOutput: Handler = (context, input) => {
  const { arn } = queueOf(context, input);
  const sources = [...context.sqs.state.queues.values()].filter(
    ({ settings }) => settings.redrive?.deadLetterArn === arn,
  );
  return { queueUrls: sources.map(({ name }) => urlOf(context, name)) };
};

const moveTasksOutput: Handler = ({ sqs }, input) => ({
  Results: sqs.moveTasks
    .filter(task => task.sourceArn === string(input, "SourceArn"))
    .reverse()
    .map(task => ({
      TaskHandle: task.handle,
      Status: "COMPLETED",
      SourceArn: task.sourceArn,
      ...(task.destinationArn === undefined ? {} : { DestinationArn: task.destinationArn }),
      ApproximateNumberOfMessagesMoved: task.moved,
      ApproximateNumberOfMessagesToMove: task.moved,
      StartedTimestamp: task.startedMs,
    })),
});

const tagged = (context: Context, input: Input, tags: Readonly<Record<string, string>>): Output => {
  const { name } = queueOf(context, input);
  context.sqs.operation(() => context.sqs.commit({ type: "queue-tagged", queue: name, tags }));
  return {};
};

/** What is implemented, by operation name. Everything else answers 501. */
export const SQS_HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ["CreateQueue", createQueueOutput],
  ["ListQueues", listQueuesOutput],
  ["SetQueueAttributes", setAttributesOutput],
  ["GetQueueAttributes", getAttributesOutput],
  ["ReceiveMessage", receivedOutput],
  ["ListDeadLetterSourceQueues", sourcesOutput],
  ["ListMessageMoveTasks", moveTasksOutput],
  [
    "GetQueueUrl",
    (context, input) => ({
      QueueUrl: urlOf(context, queueNamed(context.sqs, string(input, "QueueName")).name),
    }),
  ],
  [
    "DeleteQueue",
    (context, input) => {
      const { name } = queueOf(context, input);
      context.sqs.operation(() => context.sqs.commit({ type: "queue-deleted", queue: name }));
      return {};
    },
  ],
  [
    "PurgeQueue",
    (context, input) => {
      purgeQueue(context.sqs, queueNameOf(input));
      return {};
    },
  ],
  ["SendMessage", (context, input) => sent(context, queueNameOf(input), input)],
  [
    "SendMessageBatch",
    (context, input) => batch(context, input, (queueName, entry) => sent(context, queueName, entry)),
  ],
  [
    "DeleteMessage",
    ({ sqs }, input) => {
      deleteMessage(sqs, queueNameOf(input), string(input, "ReceiptHandle"));
      return {};
    },
  ],
  [
    "DeleteMessageBatch",
    (context, input) =>
      batch(context, input, (queueName, entry) => {
        deleteMessage(context.sqs, queueName, string(entry, "ReceiptHandle"));
        return {};
      }),
  ],
  ["ChangeMessageVisibility", (context, input) => visibilityChanged(context, queueNameOf(input), input)],
  [
    "ChangeMessageVisibilityBatch",
    (context, input) =>
      batch(context, input, (queueName, entry) => visibilityChanged(context, queueName, entry)),
  ],
  [
    "StartMessageMoveTask",
    ({ sqs }, input) => {
      const destinationArn = input.DestinationArn as string | undefined;
      return {
        TaskHandle: startMoveTask(sqs, { sourceArn: string(input, "SourceArn"), destinationArn }).handle,
      };
    },
  ],
  ["ListQueueTags", (context, input) => ({ Tags: queueOf(context, input).tags })],
  [
    "TagQueue",
    (context, input) => tagged(context, input, { ...queueOf(context, input).tags, ...record(input, "Tags") }),
  ],
  [
    "UntagQueue",
    (context, input) => {
      const removed = new Set(input.TagKeys as readonly string[] | undefined);
      const kept = Object.entries(queueOf(context, input).tags).filter(([name]) => !removed.has(name));
      return tagged(context, input, Object.fromEntries(kept));
    },
  ],
]);
