import { GetQueueUrlCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { SqsQueue } from "./queue.ts";

/** The queue of this name. Throws SQS's error if there is none. */
export const findQueue = async (client: SQSClient, name: string): Promise<SqsQueue> => {
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
  if (QueueUrl === undefined) throw new Error(`Expected the address of queue ${name}, got none`);
  return new SqsQueue({ client, url: QueueUrl });
};
