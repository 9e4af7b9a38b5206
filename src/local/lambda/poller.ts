import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { type Log, silentLog } from "../../ports/log.ts";
import {
  changeVisibility,
  deleteMessage,
  queueNamed,
  type Received,
  receiveMessages,
  type Sqs,
} from "../sqs/sqs.ts";
import { type Waiting, whenEmpty, whenVisible } from "../sqs/waiting.ts";
import { createGate } from "./gate.ts";
import { sqsEvent } from "./sqs-event.ts";

/** A function as Lambda calls it for a queue. No answer counts as "all done". */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without partial failures returns nothing
export type SqsHandler = (event: SQSEvent) => Promise<SQSBatchResponse | void>;

export type PollerOptions = {
  readonly sqs: Sqs;
  readonly queue: string;
  readonly handler: SqsHandler;
  /** Name of the function, for whoever switches its event sources. Default: the queue's. */
  readonly functionName?: string | undefined;
  /** Default true. */
  readonly isEnabled?: boolean | undefined;
  /** Default 10, Lambda's own. */
  readonly batchSize?: number;
  /** How long a batch that is not full waits for more. Default 0. */
  readonly batchingWindowMs?: number;
  /** Batches at the same time. Default 1, and 4 where chaos shuffles: order is gone there anyhow. */
  readonly concurrency?: number;
  /** When failed messages come back. Default: when their visibility timeout ends, as with Lambda. */
  readonly retryDelayMs?: number;
  readonly log?: Log;
};

export type PollerCounts = {
  readonly invocations: number;
  readonly succeeded: number;
  readonly failed: number;
};

/** The part of Lambda that reads a queue and calls a function (event source mapping). */
export type Poller = {
  readonly counts: () => PollerCounts;
  /** Resolves when the queue has nothing visible, delayed or in flight, and so no call is running. */
  readonly idle: () => Promise<void>;
  /** A disabled poller takes no more batches and leaves its messages as they are; running calls end. */
  readonly enable: (isEnabled: boolean) => void;
  /** `Disabling` until the running calls have ended. */
  readonly state: () => "Enabled" | "Disabling" | "Disabled";
  /** Takes no more batches; resolves when the running calls have ended. */
  readonly stop: () => Promise<void>;
};

/** Lambda's own default. */
export const BATCH_SIZE = 10;
const CONCURRENCY_SHUFFLED = 4;

/** Starts reading. Sleeps until a message arrives; never asks an empty queue twice. */
export const startPoller = (options: PollerOptions): Poller => {
  const { sqs, queue } = options;
  const counts = { invocations: 0, succeeded: 0, failed: 0 };
  const gate = createGate(options.isEnabled ?? true);
  let running = 0;
  const concurrency = options.concurrency ?? (sqs.chaos.settings.shuffle ? CONCURRENCY_SHUFFLED : 1);
  const loops = Array.from({ length: concurrency }, async () => {
    for (
      let signal = await gate.opened();
      signal && sqs.state.queues.has(queue);
      signal = await gate.opened()
    ) {
      const batch = await nextBatch(options, signal);
      if (batch.length === 0) continue;
      running += 1;
      await callHandler(options, batch, counts);
      running -= 1;
    }
  });
  return {
    counts: () => ({ ...counts }),
    idle: () => whenEmpty(sqs, [queue]),
    enable: isEnabled => (isEnabled ? gate.open() : gate.close()),
    state: () => (gate.isOpen() ? "Enabled" : running > 0 ? "Disabling" : "Disabled"),
    stop: async () => {
      gate.end();
      await Promise.all(loops);
    },
  };
};

const nextBatch = async (options: PollerOptions, signal: AbortSignal): Promise<readonly Received[]> => {
  const { sqs, queue, batchSize = BATCH_SIZE, batchingWindowMs = 0 } = options;
  await ended(whenVisible(sqs, queue), signal);
  if (signal.aborted || !sqs.state.queues.has(queue)) return [];
  const batch = [...receiveMessages(sqs, queue, { max: batchSize })];
  const closesMs = sqs.clock.now() + batchingWindowMs;
  while (batch.length > 0 && batch.length < batchSize && !signal.aborted) {
    const leftMs = closesMs - sqs.clock.now();
    if (leftMs <= 0) break;
    await visibleWithin(sqs, queue, leftMs, signal);
    batch.push(...receiveMessages(sqs, queue, { max: batchSize - batch.length }));
  }
  return batch;
};

const visibleWithin = async (
  sqs: Sqs,
  queue: string,
  limitMs: number,
  signal: AbortSignal,
): Promise<void> => {
  const waiting = whenVisible(sqs, queue);
  const cancelAlarm = sqs.clock.alarm(limitMs, waiting.cancel);
  await ended(waiting, signal);
  cancelAlarm();
};

const ended = async ({ done, cancel }: Waiting, signal: AbortSignal): Promise<void> => {
  if (signal.aborted) return cancel();
  signal.addEventListener("abort", cancel);
  await done;
  signal.removeEventListener("abort", cancel);
};

type Counts = { invocations: number; succeeded: number; failed: number };

const callHandler = async (
  options: PollerOptions,
  batch: readonly Received[],
  counts: Counts,
): Promise<void> => {
  const { sqs, queue, handler, log = silentLog } = options;
  counts.invocations += 1;
  let failed: ReadonlySet<string>;
  try {
    failed = failedIds(batch, await handler(sqsEvent(queueNamed(sqs, queue).arn, batch)));
  } catch (error) {
    // Lambda's rule: whatever a function throws fails its batch and goes to its log; the queue hands it out again.
    log.error("The handler threw; its batch goes back to the queue.", { queue, error: String(error) });
    failed = new Set(batch.map(({ messageId }) => messageId));
  }
  if (!sqs.state.queues.has(queue)) return;
  sqs.operation(() => {
    for (const message of batch) settle(options, message, failed.has(message.messageId), counts);
  });
};

const settle = (options: PollerOptions, message: Received, isFailed: boolean, counts: Counts): void => {
  const { sqs, queue, retryDelayMs } = options;
  counts[isFailed ? "failed" : "succeeded"] += 1;
  if (!isFailed) {
    deleteMessage(sqs, queue, message.receiptHandle);
  } else if (retryDelayMs !== undefined && isStillHeld(sqs, queue, message)) {
    changeVisibility(sqs, queue, { receiptHandle: message.receiptHandle, visibilityTimeoutMs: retryDelayMs });
  }
};

/** A call that outlives the visibility timeout has lost its messages: they may be with another call by now. */
const isStillHeld = (sqs: Sqs, queue: string, { order, receiptHandle }: Received): boolean => {
  const message = queueNamed(sqs, queue).messages.get(order);
  return message?.receiptHandle === receiptHandle && message.visibleAtMs > sqs.clock.now();
};

/**
 * Which messages failed. An answer that names none of the batch's messages, or an empty name, fails the whole batch.
 * Source: AWS Lambda Developer Guide, "Implementing partial batch responses".
 */
const failedIds = (
  batch: readonly Received[],
  // biome-ignore lint/suspicious/noConfusingVoidType: what a handler may return
  response: SQSBatchResponse | void | null,
): ReadonlySet<string> => {
  const ids = new Set(batch.map(({ messageId }) => messageId));
  const named = (response?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
  return named.every(id => ids.has(id)) ? new Set(named) : ids;
};
