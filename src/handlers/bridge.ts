import { tmpdir } from "node:os";
import type { SQSBatchResponse } from "aws-lambda";
import { bridgeParts } from "../aws/bridge-parts.ts";
import { createClients } from "../aws/clients.ts";
import { jsonLog } from "../aws/json-log.ts";
import { createBridge } from "../bridge/create-bridge.ts";
import type { Bridge } from "../bridge/ports.ts";
import { type Message, runBatch } from "../bridge/run-batch.ts";
import { systemClock } from "../local/system-clock.ts";

/** The part of Lambda's context that is used. */
export type BridgeContext = { getRemainingTimeInMillis(): number };

type Batch = {
  readonly messages: readonly Message[];
  readonly isQueue: boolean;
  readonly isOrdered: boolean;
};

/** A record of SQS, of which Lambda sends several; anything else is one message that tells of itself. */
type QueueRecord = {
  readonly messageId: string;
  readonly body: string;
  readonly eventSource: "aws:sqs";
  readonly eventSourceARN?: string;
};

const isQueueRecord = (record: unknown): record is QueueRecord =>
  (record as Partial<QueueRecord> | null)?.eventSource === "aws:sqs";

const batchOf = (event: unknown): Batch => {
  const { Records: records } = (event ?? {}) as { readonly Records?: unknown };
  if (!Array.isArray(records) || records.length === 0 || !records.every(isQueueRecord))
    return { messages: [{ id: "event", body: JSON.stringify(event) }], isQueue: false, isOrdered: false };
  return {
    messages: records.map(({ messageId, body }) => ({ id: messageId, body })),
    isQueue: true,
    isOrdered: records.some(({ eventSourceARN }) => eventSourceARN?.endsWith(".fifo") === true),
  };
};

/**
 * The Lambda function of a bridge: works on what a queue, a topic, EventBridge or S3 itself hands over.
 *
 * Returns: for a queue, the messages that must come again (ReportBatchItemFailures).
 * Throws:  for any other source, where a group failed: Lambda calls again.
 */
export const createBridgeHandler =
  (bridge: Bridge) =>
  async (event: unknown, context: BridgeContext): Promise<SQSBatchResponse> => {
    const { messages, isQueue, isOrdered } = batchOf(event);
    const remainingMs = (): number => context.getRemainingTimeInMillis();
    const { failed, groups } = await runBatch(bridge, messages, { remainingMs, isOrdered });
    if (isQueue) return { batchItemFailures: [...failed].map(itemIdentifier => ({ itemIdentifier })) };
    const reasons = groups.flatMap(group =>
      group.outcome === "failed" ? [`${group.code}: ${group.reason}`] : [],
    );
    if (failed.size > 0) throw new Error(`The bridge did not do it. ${reasons.join(" ")}`.trim());
    return { batchItemFailures: [] };
  };

let made: Promise<Bridge> | undefined;

/** Lambda's entry point. The bridge is made at the first call; one that could not be made is tried again. */
export const handler = async (event: unknown, context: BridgeContext): Promise<SQSBatchResponse> => {
  made ??= makeBridge();
  try {
    return await createBridgeHandler(await made)(event, context);
  } catch (error) {
    await made.catch(() => {
      made = undefined;
    });
    throw error;
  }
};

/** The bridge of this process's environment. Throws: `InvalidSetting`. */
export const makeBridge = async (): Promise<Bridge> =>
  createBridge({
    ...(await bridgeParts(createClients(process.env))),
    env: process.env,
    time: systemClock,
    random: { next: Math.random },
    log: jsonLog,
    temporaryFolder: tmpdir(),
  });
