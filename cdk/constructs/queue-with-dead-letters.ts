import { Duration } from "aws-cdk-lib";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { LIVE_TIMEOUT_SECONDS } from "../functions/rights.ts";
import { acknowledge } from "./acknowledge.ts";

/** Lambda's advice, so that throttled batches are not handed out twice. Source: AWS Lambda Developer Guide, "Configuring an SQS queue". */
const TIMEOUTS_OF_VISIBILITY = 6;
/** Lambda's advice is at least five: throttling consumes receives too. */
export const RECEIVES_MAX = 5;
/** A halt may last as long; what is older is found by reconcile. */
const KEPT_DAYS = 7;
/** SQS's maximum. A dead letter keeps its first sending time, so this must be longer than its queue's. */
const DEAD_KEPT_DAYS = 14;

/** A queue that a function reads, and where its messages go that were received too often. */
export class QueueWithDeadLetters extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  /** What the topic could not deliver. */
  readonly undelivered: Queue;

  constructor(
    scope: Construct,
    id: string,
    {
      queueName,
      timeoutSeconds = LIVE_TIMEOUT_SECONDS,
    }: { readonly queueName: string; readonly timeoutSeconds?: number },
  ) {
    super(scope, id);
    const encrypted = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };
    const dead = { ...encrypted, retentionPeriod: Duration.days(DEAD_KEPT_DAYS) };
    this.deadLetters = new Queue(this, "dead-letters", { ...dead, queueName: `${queueName}-dead-letters` });
    this.undelivered = new Queue(this, "undelivered", { ...dead, queueName: `${queueName}-undelivered` });
    acknowledge(this.undelivered, "AwsSolutions-SQS3", "It is the dead-letter queue of a subscription.");
    this.queue = new Queue(this, "queue", {
      ...encrypted,
      queueName,
      retentionPeriod: Duration.days(KEPT_DAYS),
      visibilityTimeout: Duration.seconds(TIMEOUTS_OF_VISIBILITY * timeoutSeconds),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: RECEIVES_MAX },
    });
  }
}
