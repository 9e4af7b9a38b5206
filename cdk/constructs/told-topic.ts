import { Stack } from "aws-cdk-lib";
import { Effect, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";

/** A topic that S3 tells of some buckets of this account, and nobody else from outside may. */
export const toldTopic = (
  scope: Construct,
  id: string,
  { topicName, bucketArns }: { readonly topicName: string; readonly bucketArns: readonly string[] },
): Topic => {
  const topic = new Topic(scope, id, { topicName, enforceSSL: true });
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: "ItsBucketsTell",
      effect: Effect.ALLOW,
      principals: [new ServicePrincipal("s3.amazonaws.com")],
      actions: ["sns:Publish"],
      resources: [topic.topicArn],
      conditions: {
        ArnEquals: { "aws:SourceArn": [...bucketArns] },
        StringEquals: { "aws:SourceAccount": Stack.of(scope).account },
      },
    }),
  );
  return topic;
};
