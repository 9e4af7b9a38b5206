import { GetQueueAttributesCommand, type QueueAttributeName, type SQSClient } from "@aws-sdk/client-sqs";
import type { Queue, QueueDepth } from "../ports/messages.ts";

/** The attributes that make up a depth. */
const DEPTH = [
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesDelayed",
  "ApproximateNumberOfMessagesNotVisible",
] as const satisfies readonly QueueAttributeName[];

/** A queue of SQS; depths are approximate and up to a minute late there. */
export class SqsQueue implements Queue {
  readonly #client: SQSClient;
  readonly #url: string;

  constructor(options: { readonly client: SQSClient; readonly url: string }) {
    this.#client = options.client;
    this.#url = options.url;
  }

  async depth(): Promise<QueueDepth> {
    const { Attributes = {} } = await this.#client.send(
      new GetQueueAttributesCommand({ QueueUrl: this.#url, AttributeNames: [...DEPTH] }),
    );
    const [visible, delayed, inFlight] = DEPTH.map(name => Number(Attributes[name]));
    if (
      visible === undefined ||
      delayed === undefined ||
      inFlight === undefined ||
      Number.isNaN(visible + delayed + inFlight)
    )
      throw new Error(`Expected the depth of ${this.#url}, got ${JSON.stringify(Attributes)}`);
    return { visible, delayed, inFlight };
  }
}
