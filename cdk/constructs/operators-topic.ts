import { Stack } from "aws-cdk-lib";
import { Effect, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";

/** Where people are told of alarms and asked for approvals. */
export const operatorsTopic = (
  scope: Construct,
  { topicName, email }: { readonly topicName: string; readonly email: string },
): Topic => {
  const topic = new Topic(scope, "operators", { topicName, enforceSSL: true });
  // A topic with a policy of its own admits nobody by itself, alarms neither.
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: "AlarmsTell",
      effect: Effect.ALLOW,
      principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
      actions: ["sns:Publish"],
      resources: [topic.topicArn],
      conditions: { StringEquals: { "aws:SourceAccount": Stack.of(scope).account } },
    }),
  );
  if (email !== "") topic.addSubscription(new EmailSubscription(email));
  return topic;
};
