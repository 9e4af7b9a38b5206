import { CreateTopicCommand, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { afterEach, expect, test } from "vitest";
import { createClients } from "../../src/aws/clients.ts";
import { SqsQueue } from "../../src/aws/queue.ts";
import { SnsTopic } from "../../src/aws/topic.ts";
import { createLocalCloud } from "../../src/local/cloud.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { systemClock } from "../../src/local/system-clock.ts";

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

test("publishes to a topic, and tells the depth of a queue by state", async () => {
  const cloud = createLocalCloud({ clock: systemClock, random: seededRandom(1) });
  closers.push(() => cloud.close());
  const clients = createClients({ AWS_ENDPOINT_URL: (await cloud.listen()).endpoint });
  closers.unshift(() => clients.close());
  const [sqs, sns] = [await clients.sqs(), await clients.sns()];
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "queue" }));
  const { TopicArn = "" } = await sns.send(new CreateTopicCommand({ Name: "topic" }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
  );
  await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: "sqs",
      Endpoint: Attributes?.QueueArn,
      Attributes: { RawMessageDelivery: "true" },
    }),
  );
  const topic = new SnsTopic({ client: sns, arn: TopicArn });
  const queue = new SqsQueue({ client: sqs, url: QueueUrl });
  expect(await queue.depth()).toEqual({ visible: 0, delayed: 0, inFlight: 0 });
  await topic.publish({ body: "first ü & +", subject: "subject" });
  await topic.publish({ body: "second" });
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  expect(Messages?.map(message => message.Body)).toEqual(["first ü & +"]);
  expect(await queue.depth()).toEqual({ visible: 1, delayed: 0, inFlight: 1 });
  expect(clients.counts.requests).toMatchObject({ "sns.Publish": 2, "sqs.GetQueueAttributes": 3 });
});
