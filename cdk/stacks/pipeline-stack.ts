import { Stack, type StackProps } from "aws-cdk-lib";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import { Topic } from "aws-cdk-lib/aws-sns";
import { SqsSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";
import { DaybookFunction } from "../constructs/daybook-function.ts";
import { QueueWithDeadLetters } from "../constructs/queue-with-dead-letters.ts";
import { toldTopic } from "../constructs/told-topic.ts";
import type { Bundle } from "../functions/bundle.ts";
import { FUNCTIONS, type FunctionName } from "../functions/catalogue.ts";
import type { QueueRole } from "../functions/spec.ts";
import { INVENTORIED, namesIn } from "../names.ts";
import type { Settings } from "../settings.ts";

export type PipelineStackProps = StackProps & {
  readonly settings: Settings;
  readonly bundles: Readonly<Record<FunctionName, Bundle>>;
};

/** Lambda's default: a batch is judged together, and its outcome told together. */
const BATCH_SIZE = 10;

/**
 * From S3's notifications to the functions: topics, queues, the two functions that read them. It is deployed before the
 * buckets, since S3 tests each topic as soon as it is to tell it.
 */
export class PipelineStack extends Stack {
  readonly queues: Readonly<Record<QueueRole, QueueWithDeadLetters>>;
  readonly functions: Readonly<Record<QueueRole, DaybookFunction>>;

  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, props);
    const { settings, bundles } = props;
    const names = namesIn(this, settings);
    const told = {
      project: toldTopic(this, "objects", {
        topicName: names.topic("objects"),
        bucketArns: INVENTORIED.map(names.bucketArn),
      }),
      place: toldTopic(this, "decided", {
        topicName: names.topic("decided"),
        bucketArns: [names.bucketArn("decisions")],
      }),
    };
    new Topic(this, "payments", { topicName: names.topic("payments"), enforceSSL: true });
    const reader = (role: QueueRole, maxConcurrency: number) => {
      const queue = new QueueWithDeadLetters(this, `${role}-queue`, { queueName: names.queue(role) });
      told[role].addSubscription(
        new SqsSubscription(queue.queue, { rawMessageDelivery: true, deadLetterQueue: queue.undelivered }),
      );
      const spec = FUNCTIONS[role];
      const made = new DaybookFunction(this, role, { spec, bundle: bundles[role], names, settings });
      made.function.addEventSource(
        new SqsEventSource(queue.queue, {
          batchSize: BATCH_SIZE,
          reportBatchItemFailures: true,
          maxConcurrency,
        }),
      );
      return { queue, made };
    };
    const project = reader("project", settings.projectConcurrency);
    const place = reader("place", settings.placeConcurrency);
    this.queues = { project: project.queue, place: place.queue };
    this.functions = { project: project.made, place: place.made };
  }
}
