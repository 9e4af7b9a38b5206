import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  type ListMessageMoveTasksResultEntry,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { isoInstant } from "../ports/clock.ts";
import {
  type DeadLetter,
  type DeadLetters,
  DeadLettersRefused,
  type DeadLettersSeen,
  type Redriven,
} from "../ports/dead-letters.ts";

/** SQS's own maximum for a receive and for a batch. */
const RECEIVE_MAX = 10;
/** Hidden while the look lasts, so that it does not meet the same ones again; then they are handed back at once. */
const HIDDEN_SECONDS = 30;
/** SQS asks some of its servers only: an empty answer does not mean an empty queue. */
const EMPTY_ANSWERS_MAX = 3;
/** SQS moves up to 500 a second: half an hour is a million. */
const LOOKS_MAX = 1_800;
const LOOK_EVERY_MS = 1_000;

type DeadLetterQueue = { readonly name: string; readonly arn: string; readonly url: string };

/** Dead letters in SQS. */
export class SqsDeadLetters implements DeadLetters {
  readonly #client: SQSClient;

  constructor(client: SQSClient) {
    this.#client = client;
  }

  async peek(queue: string, max: number): Promise<DeadLettersSeen> {
    const { name, url } = await this.#deadLetterQueue(queue);
    const total = Number((await this.#attributes(url)).ApproximateNumberOfMessages ?? 0);
    const messages = await this.#receive(url, max);
    await this.#handBack(url, messages);
    const letters = messages.map(letterOf).sort((a, b) => (a.sentAt < b.sentAt ? -1 : 1));
    return { queue, deadLetterQueue: name, total: Math.max(total, letters.length), letters };
  }

  async redrive(queue: string): Promise<Redriven> {
    const { name, arn } = await this.#deadLetterQueue(queue);
    await this.#client.send(new StartMessageMoveTaskCommand({ SourceArn: arn }));
    for (let looks = 1; ; looks += 1) {
      const { Results = [] } = await this.#client.send(new ListMessageMoveTasksCommand({ SourceArn: arn }));
      const [newest] = Results;
      const isComplete = newest !== undefined && isOver(name, newest);
      const moved = newest?.ApproximateNumberOfMessagesMoved ?? 0;
      if (isComplete || looks === LOOKS_MAX) return { queue, deadLetterQueue: name, moved, isComplete };
      await wait(LOOK_EVERY_MS);
    }
  }

  async #receive(url: string, max: number): Promise<readonly Message[]> {
    const found = new Map<string, Message>();
    for (let empty = 0; found.size < max && empty < EMPTY_ANSWERS_MAX; ) {
      const { Messages = [] } = await this.#client.send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: Math.min(RECEIVE_MAX, max - found.size),
          VisibilityTimeout: HIDDEN_SECONDS,
          MessageSystemAttributeNames: ["SentTimestamp", "ApproximateReceiveCount"],
        }),
      );
      const known = found.size;
      for (const message of Messages) found.set(message.MessageId ?? "", message);
      // Also an answer of known ones only: they come round again once their time is over.
      empty = found.size === known ? empty + 1 : 0;
    }
    return [...found.values()];
  }

  async #handBack(url: string, messages: readonly Message[]): Promise<void> {
    for (let at = 0; at < messages.length; at += RECEIVE_MAX) {
      const Entries = messages.slice(at, at + RECEIVE_MAX).map(({ ReceiptHandle }, i) => ({
        Id: String(i),
        ReceiptHandle,
        VisibilityTimeout: 0,
      }));
      // One that fails comes back by itself when its time is over.
      await this.#client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries }));
    }
  }

  async #deadLetterQueue(queue: string): Promise<DeadLetterQueue> {
    const { RedrivePolicy } = await this.#attributes(await this.#url(queue));
    const arn =
      RedrivePolicy && (JSON.parse(RedrivePolicy) as { deadLetterTargetArn?: string }).deadLetterTargetArn;
    if (!arn) throw new DeadLettersRefused(`The queue ${queue} has no dead-letter queue.`);
    const name = arn.slice(arn.lastIndexOf(":") + 1);
    return { name, arn, url: await this.#url(name) };
  }

  async #url(queue: string): Promise<string> {
    const { QueueUrl } = await this.#client.send(new GetQueueUrlCommand({ QueueName: queue }));
    if (QueueUrl === undefined) throw new Error(`Expected the address of queue ${queue}, got none`);
    return QueueUrl;
  }

  async #attributes(url: string): Promise<Readonly<Record<string, string>>> {
    const { Attributes = {} } = await this.#client.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["All"] }),
    );
    return Attributes;
  }
}

const wait = (delayMs: number): Promise<void> => new Promise(resolve => setTimeout(resolve, delayMs));

const letterOf = ({ MessageId = "", Body = "", Attributes = {} }: Message): DeadLetter => ({
  messageId: MessageId,
  body: Body,
  receives: Number(Attributes.ApproximateReceiveCount ?? 0),
  sentAt: isoInstant(Number(Attributes.SentTimestamp ?? 0)),
});

const isOver = (queue: string, { Status, FailureReason }: ListMessageMoveTasksResultEntry): boolean => {
  if (Status === "FAILED" || Status === "CANCELLED")
    throw new DeadLettersRefused(
      `Moving the messages of ${queue} back ended ${Status}: ${FailureReason ?? "no reason given"}`,
    );
  return Status === "COMPLETED";
};
