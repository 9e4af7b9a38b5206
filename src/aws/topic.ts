import { PublishCommand, type SNSClient } from "@aws-sdk/client-sns";
import type { Topic } from "../ports/messages.ts";

/** A topic of SNS. A publish that the SDK retries may arrive twice, as any message may. */
export class SnsTopic implements Topic {
  readonly #client: SNSClient;
  readonly #arn: string;

  constructor(options: { readonly client: SNSClient; readonly arn: string }) {
    this.#client = options.client;
    this.#arn = options.arn;
  }

  async publish({ body, subject }: { readonly body: string; readonly subject?: string }): Promise<void> {
    await this.#client.send(
      new PublishCommand({
        TopicArn: this.#arn,
        Message: body,
        ...(subject !== undefined && { Subject: subject }),
      }),
    );
  }
}
