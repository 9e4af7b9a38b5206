import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { MessageSource, ReceivedMessage } from "../ports/message-source.ts";

/** SQS's own maximum for one receive. */
const RECEIVE_MAX = 10;

/** A queue of SQS as a source of messages. */
export class SqsMessageSource implements MessageSource {
  readonly #client: SQSClient;
  readonly #url: string;

  constructor(options: { readonly client: SQSClient; readonly url: string }) {
    this.#client = options.client;
    this.#url = options.url;
  }

  async receive(request: {
    readonly waitSeconds: number;
    readonly hiddenSeconds: number;
    readonly signal: AbortSignal;
  }): Promise<readonly ReceivedMessage[]> {
    const { waitSeconds, hiddenSeconds, signal } = request;
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#url,
      MaxNumberOfMessages: RECEIVE_MAX,
      WaitTimeSeconds: waitSeconds,
      VisibilityTimeout: hiddenSeconds,
    });
    try {
      const { Messages = [] } = await this.#client.send(command, { abortSignal: signal });
      return Messages.map(received);
    } catch (error) {
      if (signal.aborted) return [];
      throw error;
    }
  }

  async hide({ receipt }: ReceivedMessage, seconds: number): Promise<void> {
    await this.#client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: this.#url,
        ReceiptHandle: receipt,
        VisibilityTimeout: seconds,
      }),
    );
  }

  async delete({ receipt }: ReceivedMessage): Promise<void> {
    await this.#client.send(new DeleteMessageCommand({ QueueUrl: this.#url, ReceiptHandle: receipt }));
  }
}

const received = ({ MessageId = "", Body = "", ReceiptHandle = "" }: Message): ReceivedMessage => ({
  id: MessageId,
  body: Body,
  receipt: ReceiptHandle,
});

/** The queue of this name. Throws: SQS's error if there is none. */
export const messageSourceNamed = async (client: SQSClient, name: string): Promise<SqsMessageSource> => {
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
  if (QueueUrl === undefined) throw new Error(`Expected the address of queue ${name}, got none`);
  return new SqsMessageSource({ client, url: QueueUrl });
};
