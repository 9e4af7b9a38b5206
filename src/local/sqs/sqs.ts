import { Buffer } from "node:buffer";
import type { Clock } from "../../ports/clock.ts";
import type { QueueDepth } from "../../ports/messages.ts";
import type { Random } from "../../ports/random.ts";
import { Chaos } from "../chaos/chaos.ts";
import { forgetfulRecorder, type Recorder } from "../durability/recorder.ts";
import { randomHex, randomUuidOf } from "../ids.ts";
import { type AlarmClock, withAlarms } from "../system-clock.ts";
import { SqsError } from "./sqs-error.ts";
import { applySqsChange, emptySqsState, hide, type SqsChange, type SqsState } from "./sqs-state.ts";
import type { Message, MessageAttributes, MoveTask, Queue, QueueSettings } from "./sqs-types.ts";

export type SqsOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly recorder?: Recorder;
  readonly chaos?: Chaos;
};

/** The queues' model: its state and what its operations share. Deterministic given clock, random and chaos. */
export type Sqs = {
  readonly state: SqsState;
  readonly clock: AlarmClock;
  readonly random: Random;
  readonly chaos: Chaos;
  readonly moveTasks: MoveTask[];
  readonly commit: (change: SqsChange) => void;
  readonly operation: <T>(work: () => T) => T;
};

/** Source: Amazon SQS Developer Guide: visibility 30 s, no delay, 1 MiB. */
export const QUEUE_DEFAULTS: QueueSettings = {
  visibilityTimeoutMs: 30_000,
  delayMs: 0,
  waitMs: 0,
  maximumBytes: 1_048_576,
};

export const createSqs = (options: SqsOptions): Sqs => {
  const { recorder = forgetfulRecorder } = options;
  const state = emptySqsState();
  return {
    state,
    clock: withAlarms(options.clock),
    random: options.random,
    chaos: options.chaos ?? new Chaos(),
    moveTasks: [],
    commit: change => {
      applySqsChange(state, change);
      recorder.record("sqs", change);
    },
    operation: work => recorder.operation(work),
  };
};

/** Creates a queue; one of that name with the same settings is left as it is. Throws: SqsError QueueNameExists. */
export const createQueue = (sqs: Sqs, name: string, settings: Partial<QueueSettings> = {}): Queue =>
  sqs.operation(() => {
    const existing = sqs.state.queues.get(name);
    if (existing === undefined) {
      const all = { ...QUEUE_DEFAULTS, ...settings };
      sqs.commit({ type: "queue-created", queue: name, atMs: sqs.clock.now(), settings: all });
    } else if (JSON.stringify({ ...existing.settings, ...settings }) !== JSON.stringify(existing.settings)) {
      throw new SqsError("QueueNameExists", `A queue ${name} already exists with other attributes.`);
    }
    return queueNamed(sqs, name);
  });

/** Throws: SqsError QueueDoesNotExist. */
export const queueNamed = (sqs: Sqs, name: string): Queue => {
  const queue = sqs.state.queues.get(name);
  if (queue === undefined) {
    throw new SqsError("QueueDoesNotExist", "The specified queue does not exist.");
  }
  return queue;
};

/** The queue of an ARN, if there is one. */
export const queueByArn = (sqs: Sqs, arn: string): Queue | undefined => {
  const queue = sqs.state.queues.get(arn.slice(arn.lastIndexOf(":") + 1));
  return queue?.arn === arn ? queue : undefined;
};

export type NewMessage = {
  readonly body: string;
  readonly attributes?: MessageAttributes | undefined;
  /** Default: the queue's. */
  readonly delayMs?: number | undefined;
};

/** Returns: the message id. Throws: SqsError QueueDoesNotExist, InvalidParameterValueException (too large). */
export const sendMessage = (sqs: Sqs, queueName: string, message: NewMessage): Message =>
  sqs.operation(() => {
    const queue = queueNamed(sqs, queueName);
    if (Buffer.byteLength(message.body) > queue.settings.maximumBytes) {
      throw new SqsError(
        "InvalidParameterValueException",
        `One or more parameters are invalid. Reason: Message must be shorter than ${queue.settings.maximumBytes} bytes.`,
      );
    }
    const sentMs = sqs.clock.now();
    return add(sqs, queue, {
      messageId: randomUuidOf(sqs.random),
      body: message.body,
      attributes: message.attributes ?? {},
      sentMs,
      visibleAtMs: sentMs + (message.delayMs ?? queue.settings.delayMs),
      receiveCount: 0,
    });
  });

const add = (sqs: Sqs, queue: Queue, facts: Omit<Message, "order" | "receiptHandle">): Message => {
  const message = { ...facts, order: sqs.state.nextOrder };
  sqs.commit({ type: "message-added", queue: queue.name, message });
  return message;
};

/** Lets messages whose time has come become visible. */
const promote = (queue: Queue, nowMs: number): void => {
  for (let top = queue.waiting.peek(); top !== undefined && top.atMs <= nowMs; top = queue.waiting.peek()) {
    queue.waiting.pop();
    const { order } = top.message;
    if (queue.hidden.get(order) !== top) continue;
    queue.hidden.delete(order);
    queue.ready.push(top.message);
  }
};

/** A message as one receive hands it out. */
export type Received = Readonly<Message> & {
  readonly receiptHandle: string;
  readonly firstReceivedMs: number;
};

/**
 * Hands out up to `max` visible messages, the oldest first unless chaos shuffles, and hides them for the visibility
 * timeout. A message received too often goes to the dead-letter queue instead.
 * Throws: SqsError QueueDoesNotExist.
 */
export const receiveMessages = (
  sqs: Sqs,
  queueName: string,
  { max, visibilityTimeoutMs }: { readonly max: number; readonly visibilityTimeoutMs?: number | undefined },
): readonly Received[] => {
  const queue = queueNamed(sqs, queueName);
  const nowMs = sqs.clock.now();
  promote(queue, nowMs);
  if (queue.ready.size === 0) return [];
  return sqs.operation(() => {
    const received: Received[] = [];
    while (received.length < max && queue.ready.size > 0) {
      const message = queue.ready.takeAt(sqs.chaos.pick(queue.ready.size));
      if (message === undefined || !isReceivable(sqs, queue, message, nowMs)) continue;
      received.push(handOut(sqs, queue, message, visibilityTimeoutMs ?? queue.settings.visibilityTimeoutMs));
    }
    return received;
  });
};

const isReceivable = (sqs: Sqs, queue: Queue, message: Message, nowMs: number): boolean => {
  if (queue.messages.get(message.order) !== message) return false;
  const { retentionMs, redrive } = queue.settings;
  if (retentionMs !== undefined && nowMs - message.sentMs >= retentionMs) {
    sqs.commit({ type: "message-removed", queue: queue.name, order: message.order });
    return false;
  }
  if (redrive === undefined || message.receiveCount < redrive.receivesMax) return true;
  const deadLetters = queueByArn(sqs, redrive.deadLetterArn);
  if (deadLetters === undefined) return true;
  // The enqueue time stays: on a standard queue a dead letter's retention counts from its first sending.
  const { order: _order, receiptHandle: _handle, ...facts } = message;
  add(sqs, deadLetters, { ...facts, visibleAtMs: nowMs });
  sqs.commit({ type: "message-removed", queue: queue.name, order: message.order });
  return false;
};

const handOut = (sqs: Sqs, queue: Queue, message: Message, visibilityTimeoutMs: number): Received => {
  const nowMs = sqs.clock.now();
  const receiptHandle = Buffer.from(
    `${message.order} ${message.receiveCount} ${randomHex(sqs.random, 16)}`,
  ).toString("base64");
  const firstReceivedMs = message.firstReceivedMs ?? nowMs;
  message.receiptHandle = receiptHandle;
  message.visibleAtMs = nowMs + visibilityTimeoutMs;
  hide(queue, message);
  sqs.commit({
    type: "message-received",
    queue: queue.name,
    order: message.order,
    receiveCount: message.receiveCount + 1,
    firstReceivedMs,
  });
  if (sqs.chaos.receivesTwice()) {
    const { order: _order, receiptHandle: _handle, ...facts } = message;
    add(sqs, queue, { ...facts, visibleAtMs: nowMs });
  }
  return { ...message, receiptHandle, firstReceivedMs };
};

/** Throws: SqsError ReceiptHandleIsInvalid, if the text never was a handle. */
const messageHeldBy = (queue: Queue, receiptHandle: string): Message | undefined => {
  const [order = "", count, random] = Buffer.from(receiptHandle, "base64").toString("latin1").split(" ");
  if (!/^\d+$/.test(order) || count === undefined || random === undefined) {
    throw new SqsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.");
  }
  const message = queue.messages.get(Number(order));
  return message?.receiptHandle === receiptHandle ? message : undefined;
};

/**
 * Deletes the message a handle was given for. A handle that is not the latest deletes nothing and is no error.
 * Throws: SqsError QueueDoesNotExist, ReceiptHandleIsInvalid.
 * Source: Amazon SQS API, DeleteMessage, which leaves it open whether an old handle deletes; the worse is taken.
 */
export const deleteMessage = (sqs: Sqs, queueName: string, receiptHandle: string): void =>
  sqs.operation(() => {
    const queue = queueNamed(sqs, queueName);
    const message = messageHeldBy(queue, receiptHandle);
    if (message !== undefined)
      sqs.commit({ type: "message-removed", queue: queueName, order: message.order });
  });

/** Hides a received message for `visibilityTimeoutMs` from now. Throws: SqsError MessageNotInflight and as delete. */
export const changeVisibility = (
  sqs: Sqs,
  queueName: string,
  {
    receiptHandle,
    visibilityTimeoutMs,
  }: { readonly receiptHandle: string; readonly visibilityTimeoutMs: number },
): void => {
  const queue = queueNamed(sqs, queueName);
  const message = messageHeldBy(queue, receiptHandle);
  const nowMs = sqs.clock.now();
  if (message === undefined || message.visibleAtMs <= nowMs) {
    throw new SqsError("MessageNotInflight", "The specified message isn't in flight.");
  }
  message.visibleAtMs = nowMs + visibilityTimeoutMs;
  hide(queue, message);
  queue.listeners.tell();
};

export const purgeQueue = (sqs: Sqs, queueName: string): void =>
  sqs.operation(() => {
    queueNamed(sqs, queueName);
    sqs.commit({ type: "queue-purged", queue: queueName });
  });

/** How many messages a queue holds, by state, exactly. */
export const queueDepth = (sqs: Sqs, queueName: string): QueueDepth => {
  const nowMs = sqs.clock.now();
  const depth = { visible: 0, delayed: 0, inFlight: 0 };
  for (const message of queueNamed(sqs, queueName).messages.values()) {
    if (message.visibleAtMs <= nowMs) depth.visible += 1;
    else if (message.receiptHandle === undefined) depth.delayed += 1;
    else depth.inFlight += 1;
  }
  return depth;
};

/** When the next hidden message becomes visible, ms since the epoch: now or earlier if one is; absent if none will. */
export const nextVisibleMs = (sqs: Sqs, queueName: string): number | undefined => {
  const queue = queueNamed(sqs, queueName);
  const nowMs = sqs.clock.now();
  promote(queue, nowMs);
  return queue.ready.size > 0 ? nowMs : queue.waiting.peek()?.atMs;
};
