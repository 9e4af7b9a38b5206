import { AsyncLocalStorage } from "node:async_hooks";
import { DeleteTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PublishCommand } from "@aws-sdk/client-sns";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ListMessageMoveTasksCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { bankTable } from "../../../src/app.ts";
import { createClients } from "../../../src/aws/clients.ts";
import { createTable } from "../../../src/aws/create-table.ts";
import { DynamoStore } from "../../../src/aws/dynamo-store.ts";
import { S3ObjectStore } from "../../../src/aws/object-store.ts";
import { SqsQueue } from "../../../src/aws/queue.ts";
import { createLocalCloud } from "../../../src/local/cloud.ts";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { ACCOUNT_ID } from "../../../src/local/s3/event-record.ts";
import { runLifecycle } from "../../../src/local/s3/lifecycle.ts";
import { seededRandom } from "../../../src/local/seeded-random.ts";
import type { NewMessage } from "../../../src/local/sqs/sqs.ts";
import { createDaybookTopology } from "../../../src/local/topology.ts";
import type { Fault, Recorded } from "../recording.ts";
import { replayChaos, type Shown } from "../recording-queues.ts";
import { BEGINS_AT_MS, VISIBILITY_MS } from "../world.ts";
import type { Services } from "./conform.ts";

const hearing = new AsyncLocalStorage<Fault[]>();
/** Another seed than the models': what they make up must not matter. */
const SEED = 2;

type Next = (args: object) => Promise<object>;
type Stack = {
  add(
    middleware: (next: Next) => Next,
    options: { readonly step: "initialize"; readonly name: string },
  ): void;
};
type SdkError = Error & {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly CancellationReasons?: readonly { readonly Code?: string }[];
};

/** Makes a client tell whoever listens of the errors that its service answers. One that was tried again counts, too. */
export const listenTo = (client: { readonly middlewareStack: unknown }): void =>
  (client.middlewareStack as Stack).add(
    next => async args => {
      try {
        return await next(args);
      } catch (error) {
        const { name, message, $metadata, CancellationReasons } = error as SdkError;
        const reasons = CancellationReasons?.map(({ Code = "None" }) => Code);
        hearing
          .getStore()
          ?.push({ name, message, status: $metadata?.httpStatusCode, ...(reasons && { reasons }) });
        throw error;
      }
    },
    { step: "initialize", name: "listenTo" },
  );

/** Calls of queues and topics, as `recordedQueues` names them, by a real client. */
const wireQueues = (sqs: SQSClient, endpoint: string, receives: (queue: string) => void) => {
  const urlOf = (queue: string): string => `${endpoint}/${ACCOUNT_ID}/${queue}`;
  return {
    receive: async (
      queue: string,
      request: { readonly max: number; readonly visibilityTimeoutMs?: number },
    ) => {
      receives(queue);
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: urlOf(queue),
          MaxNumberOfMessages: request.max,
          VisibilityTimeout: request.visibilityTimeoutMs && request.visibilityTimeoutMs / 1_000,
          MessageSystemAttributeNames: ["All"],
          MessageAttributeNames: ["All"],
        }),
      );
      return Messages.map(shownOf);
    },
    depth: (queue: string) => new SqsQueue({ client: sqs, url: urlOf(queue) }).depth(),
    remove: async (queue: string, { receipt }: Shown) =>
      void (await sqs.send(new DeleteMessageCommand({ QueueUrl: urlOf(queue), ReceiptHandle: receipt }))),
    hide: async (queue: string, { receipt }: Shown, visibilityTimeoutMs: number) =>
      void (await sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: urlOf(queue),
          ReceiptHandle: receipt,
          VisibilityTimeout: visibilityTimeoutMs / 1_000,
        }),
      )),
    send: async (queue: string, { body, attributes, delayMs }: NewMessage) => {
      const { MessageId } = await sqs.send(
        new SendMessageCommand({
          QueueUrl: urlOf(queue),
          MessageBody: body,
          MessageAttributes: attributes as
            | Record<string, { DataType: string; StringValue: string }>
            | undefined,
          DelaySeconds: delayMs && delayMs / 1_000,
        }),
      );
      return { messageId: MessageId };
    },
    redrive: async (sourceArn: string) => {
      await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: sourceArn }));
      const { Results = [] } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn: sourceArn }));
      return Results[0]?.ApproximateNumberOfMessagesMoved;
    },
  };
};

const shownOf = ({ MessageId, ReceiptHandle, Body, Attributes, MessageAttributes = {} }: Message): Shown => ({
  messageId: MessageId ?? "",
  receipt: ReceiptHandle ?? "",
  body: Body ?? "",
  receiveCount: Number(Attributes?.ApproximateReceiveCount),
  sentMs: Number(Attributes?.SentTimestamp),
  firstReceivedMs: Number(Attributes?.ApproximateFirstReceiveTimestamp),
  attributes: MessageAttributes,
});

let tablesMade = 0;

/** Tables of one history in DynamoDB Local. */
const openTables = (client: DynamoDBClient) => {
  const names: string[] = [];
  return {
    make: async (items: Parameters<Services["make"]>[0]) => {
      tablesMade += 1;
      const tableName = `conformance-${process.pid}-${tablesMade}`;
      names.push(tableName);
      await createTable(client, bankTable, tableName);
      const store = new DynamoStore({ client, tableName });
      const { outcome } = items.length === 0 ? { outcome: "committed" } : await store.putAll(items);
      if (outcome !== "committed")
        throw new Error(`Expected ${items.length} items to be put, got ${outcome}`);
      return store;
    },
    drop: () => Promise.all(names.map(TableName => client.send(new DeleteTableCommand({ TableName })))),
  };
};

/**
 * Services for the calls of one history: tables of its own in DynamoDB Local, a cloud of its own that answers real
 * clients over HTTP. `calls`: of which it takes what chance decided. `dynamodb`: see `listenTo`.
 */
export const openServices = async (
  dynamodb: DynamoDBClient,
  calls: readonly Recorded[],
): Promise<Services & { readonly close: () => Promise<void> }> => {
  const clock = new ManualClock(BEGINS_AT_MS);
  const cloud = createLocalCloud({ clock, random: seededRandom(SEED) });
  const chance = replayChaos(
    cloud.chaos,
    calls.filter(({ of }) => of === "chaos"),
    cloud.sqs,
  );
  createDaybookTopology(cloud, { visibilityTimeoutMs: VISIBILITY_MS });
  const { endpoint } = await cloud.listen();
  const clients = createClients({ AWS_ENDPOINT_URL: endpoint });
  const [s3, sqs, sns] = [await clients.s3(), await clients.sqs(), await clients.sns()];
  for (const client of [s3, sqs, sns]) listenTo(client);
  const tables = openTables(dynamodb);
  return {
    objects: new S3ObjectStore(s3),
    queues: {
      ...(wireQueues(sqs, endpoint, chance.receives) as unknown as Services["queues"]),
      publish: async (topicArn, message) => {
        const { body, subject } = message as { readonly body: string; readonly subject?: string };
        const { MessageId } = await sns.send(
          new PublishCommand({
            TopicArn: topicArn as string,
            Message: body,
            ...(subject && { Subject: subject }),
          }),
        );
        return { messageId: MessageId };
      },
    },
    make: tables.make,
    setClock: atMs => clock.set(atMs),
    runLifecycle: () => void runLifecycle(cloud.s3),
    hear: (heard, work) => hearing.run(heard, work),
    unused: () => [
      ...chance.missing,
      ...(chance.left() === 0 ? [] : [`${chance.left()} decisions of chance were not asked for.`]),
    ],
    retries: () => clients.counts.retries,
    close: async () => {
      clients.close();
      await cloud.close();
      await tables.drop();
    },
  };
};
