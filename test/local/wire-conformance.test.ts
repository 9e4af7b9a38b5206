import * as s3 from "@aws-sdk/client-s3";
import * as sns from "@aws-sdk/client-sns";
import * as sqs from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLocalCloud } from "../../src/local/cloud.ts";
import { CONFORMANCE, conformanceText, type ServiceName } from "../../src/local/conformance.ts";
import { ManualClock } from "../../src/local/manual-clock.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { requestOf } from "../../src/local/wire/s3-operations.ts";
import type { Listening } from "../../src/local/wire/server.ts";
import { type AwsClients, awsClients } from "./aws-clients.ts";

const DAY_MS = 86_400_000;
const clock = new ManualClock(Date.parse("2026-03-01T10:00:00Z"));
const cloud = createLocalCloud({ clock, random: seededRandom(3) });
let server: Listening;
let aws: AwsClients;

beforeAll(async () => {
  server = await cloud.listen();
  aws = awsClients(server.endpoint);
});
afterAll(async () => {
  aws.destroy();
  await cloud.close();
});

const commandNames = (client: object): readonly string[] =>
  Object.keys(client)
    .filter(name => /^[A-Z]\w*Command$/.test(name) && name !== "$Command")
    .map(name => name.slice(0, -"Command".length))
    .sort();

const listed = (service: ServiceName): readonly string[] =>
  CONFORMANCE.filter(entry => entry.service === service).map(({ operation }) => operation);

describe("the list of operations", () => {
  test("names every operation of the SDK's clients, and S3's form upload besides", () => {
    expect(listed("S3").filter(name => name !== "PostObject")).toEqual(commandNames(s3));
    expect(listed("SQS")).toEqual(commandNames(sqs));
    expect(listed("SNS")).toEqual(commandNames(sns));
  });

  test("is text for the documentation", () => {
    expect(conformanceText()).toContain("| CopyObject |");
  });

  test("what is refused answers 501 with its name", async () => {
    const refused = CONFORMANCE.filter(({ status }) => status === "refused");
    for (const { service, operation } of refused) {
      const answer = await askedFor(service, operation);
      const text = await answer.text();
      expect([operation, answer.status]).toEqual([operation, 501]);
      expect(text).toContain(operation);
    }
  });
});

const askedFor = (service: ServiceName, operation: string): Promise<Response> => {
  if (service === "SQS") {
    return fetch(server.endpoint, {
      method: "POST",
      headers: { "x-amz-target": `AmazonSQS.${operation}`, "content-type": "application/x-amz-json-1.0" },
      body: "{}",
    });
  }
  if (service === "SNS") {
    return fetch(server.endpoint, { method: "POST", body: new URLSearchParams({ Action: operation }) });
  }
  const { method, target, query, headers } = requestOf(operation);
  const path = { service: "/", bucket: "/some-bucket", object: "/some-bucket/some/key" }[target];
  return fetch(`${server.endpoint}${path}${query === "" ? "" : `?${query}`}`, {
    method,
    headers: Object.fromEntries(headers.map(name => [name, "some-bucket/some"])),
  });
};

const Bucket = "everything";
const FIVE_MIB = 5 * 1024 * 1024;

const codeOf = async (request: Promise<unknown>): Promise<string> => {
  try {
    await request;
    return "no error";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
};

describe("everything that is implemented", () => {
  test("buckets: create, find, locate, configure, delete", async () => {
    await aws.s3.send(new s3.CreateBucketCommand({ Bucket }));
    expect(await codeOf(aws.s3.send(new s3.CreateBucketCommand({ Bucket })))).toBe("BucketAlreadyOwnedByYou");
    expect(await codeOf(aws.s3.send(new s3.CreateBucketCommand({ Bucket: "NO" })))).toBe("InvalidBucketName");
    expect((await aws.s3.send(new s3.HeadBucketCommand({ Bucket }))).BucketRegion).toBe("us-east-1");
    expect(await codeOf(aws.s3.send(new s3.HeadBucketCommand({ Bucket: "absent" })))).toBe("NotFound");
    await aws.s3.send(new s3.GetBucketLocationCommand({ Bucket }));
    expect((await aws.s3.send(new s3.ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toEqual([
      Bucket,
    ]);
    expect((await aws.s3.send(new s3.GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined();
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await aws.s3.send(new s3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    expect((await aws.s3.send(new s3.GetBucketVersioningCommand({ Bucket }))).Status).toBe("Enabled");
    await aws.s3.send(new s3.CreateBucketCommand({ Bucket: "short-lived" }));
    await aws.s3.send(new s3.DeleteBucketCommand({ Bucket: "short-lived" }));
    expect(await codeOf(aws.s3.send(new s3.ListObjectsV2Command({ Bucket: "short-lived" })))).toBe(
      "NoSuchBucket",
    );
  });

  test("objects: the old listing, and a bucket that is not empty", async () => {
    for (const Key of ["x/1", "x/2", "y"])
      await aws.s3.send(new s3.PutObjectCommand({ Bucket, Key, Body: Key }));
    const first = await aws.s3.send(new s3.ListObjectsCommand({ Bucket, Delimiter: "/", MaxKeys: 1 }));
    expect([first.CommonPrefixes, first.IsTruncated]).toEqual([[{ Prefix: "x/" }], true]);
    const second = await aws.s3.send(
      new s3.ListObjectsCommand({ Bucket, Delimiter: "/", Marker: first.NextMarker }),
    );
    expect([second.Contents?.map(({ Key }) => Key), second.CommonPrefixes]).toEqual([["y"], undefined]);
    expect(await codeOf(aws.s3.send(new s3.DeleteBucketCommand({ Bucket })))).toBe("BucketNotEmpty");
    expect((await aws.s3.send(new s3.ListObjectsV2Command({ Bucket, StartAfter: "x/1" }))).KeyCount).toBe(2);
    await aws.s3.send(new s3.GetObjectCommand({ Bucket, Key: "y" }));
    await aws.s3.send(new s3.HeadObjectCommand({ Bucket, Key: "y" }));
    await aws.s3.send(new s3.CopyObjectCommand({ Bucket, Key: "z", CopySource: `${Bucket}/y` }));
    const Tagging = { TagSet: [{ Key: "a", Value: "b" }] };
    await aws.s3.send(new s3.PutObjectTaggingCommand({ Bucket, Key: "z", Tagging }));
    await aws.s3.send(new s3.GetObjectTaggingCommand({ Bucket, Key: "z" }));
    await aws.s3.send(new s3.DeleteObjectTaggingCommand({ Bucket, Key: "z" }));
    await aws.s3.send(new s3.DeleteObjectCommand({ Bucket, Key: "z" }));
    await aws.s3.send(
      new s3.DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "y" }], Quiet: true } }),
    );
    expect(
      (await aws.s3.send(new s3.ListObjectVersionsCommand({ Bucket, Prefix: "z" }))).DeleteMarkers,
    ).toHaveLength(1);
  });

  test("multipart uploads: parts, copied parts, lists, an ETag with -N, part reads, abort", async () => {
    const Key = "multi part";
    const { UploadId } = await aws.s3.send(
      new s3.CreateMultipartUploadCommand({
        Bucket,
        Key,
        ContentType: "text/plain",
        ChecksumAlgorithm: "SHA256",
      }),
    );
    const part = (PartNumber: number, Body: Uint8Array) =>
      aws.s3.send(
        new s3.UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ChecksumAlgorithm: "SHA256" }),
      );
    const one = await part(1, Buffer.alloc(FIVE_MIB, 1));
    const two = await part(2, Buffer.alloc(10, 2));
    const copied = await aws.s3.send(
      new s3.UploadPartCopyCommand({
        Bucket,
        Key,
        UploadId,
        PartNumber: 3,
        CopySource: `${Bucket}/x/1`,
        CopySourceRange: "bytes=0-1",
      }),
    );
    const { Parts } = await aws.s3.send(new s3.ListPartsCommand({ Bucket, Key, UploadId }));
    expect(Parts?.map(({ Size }) => Size)).toEqual([FIVE_MIB, 10, 2]);
    expect((await aws.s3.send(new s3.ListMultipartUploadsCommand({ Bucket }))).Uploads).toHaveLength(1);
    const complete = (numbers: readonly (readonly [number, string | undefined])[]) =>
      aws.s3.send(
        new s3.CompleteMultipartUploadCommand({
          Bucket,
          Key,
          UploadId,
          MultipartUpload: { Parts: numbers.map(([PartNumber, ETag]) => ({ PartNumber, ETag })) },
        }),
      );
    expect(
      await codeOf(
        complete([
          [2, two.ETag],
          [1, one.ETag],
        ]),
      ),
    ).toBe("InvalidPartOrder");
    expect(await codeOf(complete([[1, two.ETag]]))).toBe("InvalidPart");
    expect(
      await codeOf(
        complete([
          [2, two.ETag],
          [3, copied.CopyPartResult?.ETag],
        ]),
      ),
    ).toBe("EntityTooSmall");
    const whole = await complete([
      [1, one.ETag],
      [2, two.ETag],
    ]);
    expect(whole.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    expect(whole.ChecksumSHA256).toMatch(/-2$/);
    const second = await aws.s3.send(new s3.GetObjectCommand({ Bucket, Key, PartNumber: 2 }));
    expect([second.PartsCount, second.ContentLength, second.ContentType]).toEqual([2, 10, "text/plain"]);
    const aborted = await aws.s3.send(new s3.CreateMultipartUploadCommand({ Bucket, Key: "aborted" }));
    const address = { Bucket, Key: "aborted", UploadId: aborted.UploadId };
    await aws.s3.send(new s3.AbortMultipartUploadCommand(address));
    expect(await codeOf(aws.s3.send(new s3.ListPartsCommand(address)))).toBe("NoSuchUpload");
  });

  test("configurations are given back as they were set", async () => {
    const { TopicArn } = await aws.sns.send(new sns.CreateTopicCommand({ Name: "events" }));
    const NotificationConfiguration = {
      TopicConfigurations: [
        {
          Id: "one",
          TopicArn,
          Events: ["s3:ObjectCreated:*", "s3:LifecycleExpiration:*"] as s3.Event[],
          Filter: { Key: { FilterRules: [{ Name: "prefix" as const, Value: "n/" }] } },
        },
      ],
    };
    await aws.s3.send(
      new s3.PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }),
    );
    const read = await aws.s3.send(new s3.GetBucketNotificationConfigurationCommand({ Bucket }));
    expect(read.TopicConfigurations).toEqual(NotificationConfiguration.TopicConfigurations);
    const nowhere = {
      QueueConfigurations: [{ QueueArn: "arn:aws:sqs:us-east-1:000000000000:none", Events: [] }],
    };
    expect(
      await codeOf(
        aws.s3.send(
          new s3.PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: nowhere }),
        ),
      ),
    ).toBe("InvalidArgument");
    expect(await codeOf(aws.s3.send(new s3.GetBucketLifecycleConfigurationCommand({ Bucket })))).toBe(
      "NoSuchLifecycleConfiguration",
    );
    const Rules: s3.LifecycleRule[] = [
      {
        ID: "expire",
        Status: "Enabled",
        Filter: { And: { Prefix: "n/", Tags: [{ Key: "k", Value: "v" }] } },
        Expiration: { Days: 3 },
        Transitions: [{ Days: 1, StorageClass: "GLACIER" }],
        NoncurrentVersionExpiration: { NoncurrentDays: 2, NewerNoncurrentVersions: 1 },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      },
    ];
    await aws.s3.send(
      new s3.PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }),
    );
    expect((await aws.s3.send(new s3.GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules).toEqual(
      Rules,
    );
    await aws.s3.send(new s3.DeleteBucketLifecycleCommand({ Bucket }));
    const InventoryConfiguration: s3.InventoryConfiguration = {
      Id: "daily",
      IsEnabled: true,
      IncludedObjectVersions: "All",
      Schedule: { Frequency: "Daily" },
      Destination: { S3BucketDestination: { Bucket: "arn:aws:s3:::there", Format: "CSV" } },
    };
    await aws.s3.send(
      new s3.PutBucketInventoryConfigurationCommand({ Bucket, Id: "daily", InventoryConfiguration }),
    );
    const inventory = await aws.s3.send(
      new s3.GetBucketInventoryConfigurationCommand({ Bucket, Id: "daily" }),
    );
    expect(inventory.InventoryConfiguration).toEqual(InventoryConfiguration);
    const all = await aws.s3.send(new s3.ListBucketInventoryConfigurationsCommand({ Bucket }));
    expect(all.InventoryConfigurationList).toEqual([InventoryConfiguration]);
    await aws.s3.send(new s3.DeleteBucketInventoryConfigurationCommand({ Bucket, Id: "daily" }));
    expect(
      await codeOf(aws.s3.send(new s3.GetBucketInventoryConfigurationCommand({ Bucket, Id: "daily" }))),
    ).toBe("NoSuchConfiguration");
  });

  test("cold objects: no bytes without a restore, then for as many days as asked", async () => {
    const Key = "cold";
    await aws.s3.send(new s3.PutObjectCommand({ Bucket, Key, Body: "ice", StorageClass: "DEEP_ARCHIVE" }));
    const read = () => aws.s3.send(new s3.GetObjectCommand({ Bucket, Key }));
    const restore = (Tier: s3.Tier) =>
      aws.s3.send(
        new s3.RestoreObjectCommand({
          Bucket,
          Key,
          RestoreRequest: { Days: 2, GlacierJobParameters: { Tier } },
        }),
      );
    const state = async () => (await aws.s3.send(new s3.HeadObjectCommand({ Bucket, Key }))).Restore;
    expect(await codeOf(read())).toBe("InvalidObjectState");
    expect(
      await codeOf(aws.s3.send(new s3.CopyObjectCommand({ Bucket, Key: "c", CopySource: `${Bucket}/cold` }))),
    ).toBe("ObjectNotInActiveTierError");
    expect(await codeOf(restore("Expedited"))).toBe("InvalidArgument");
    await restore("Standard");
    expect(await state()).toBe('ongoing-request="true"');
    expect(await codeOf(restore("Standard"))).toBe("RestoreAlreadyInProgress");
    await fetch(`${server.endpoint}/_daybook/clock`, {
      method: "POST",
      body: JSON.stringify({ advanceMs: DAY_MS / 2 }),
    });
    expect(await (await read()).Body?.transformToString()).toBe("ice");
    expect(await state()).toBe('ongoing-request="false", expiry-date="Wed, 04 Mar 2026 00:00:00 GMT"');
    clock.advance(3 * DAY_MS);
    expect(await codeOf(read())).toBe("InvalidObjectState");
    expect(await state()).toBeUndefined();
  });

  test("queues: send, receive, hide, delete, dead letters and their way back", async () => {
    const send = aws.sqs.send.bind(aws.sqs);
    const dead = await send(new sqs.CreateQueueCommand({ QueueName: "dead" }));
    const DeadArn = "arn:aws:sqs:us-east-1:000000000000:dead";
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: DeadArn, maxReceiveCount: 1 });
    const { QueueUrl } = await send(
      new sqs.CreateQueueCommand({ QueueName: "q", Attributes: { RedrivePolicy } }),
    );
    expect((await send(new sqs.GetQueueUrlCommand({ QueueName: "q" }))).QueueUrl).toBe(QueueUrl);
    expect(await codeOf(send(new sqs.GetQueueUrlCommand({ QueueName: "none" })))).toBe("QueueDoesNotExist");
    expect((await send(new sqs.ListQueuesCommand({ QueueNamePrefix: "q" }))).QueueUrls).toEqual([QueueUrl]);
    const MessageAttributes = {
      n: { DataType: "Number", StringValue: "1" },
      b: { DataType: "Binary", BinaryValue: Buffer.from("x") },
    };
    await send(new sqs.SendMessageCommand({ QueueUrl, MessageBody: "one", MessageAttributes }));
    const Entries = [
      { Id: "a", MessageBody: "two" },
      { Id: "b", MessageBody: "later", DelaySeconds: 60 },
      { Id: "c", MessageBody: "" },
    ];
    const batch = await send(new sqs.SendMessageBatchCommand({ QueueUrl, Entries }));
    expect([batch.Successful?.length, batch.Failed?.map(({ Id }) => Id)]).toEqual([2, ["c"]]);
    const received = await send(
      new sqs.ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ["All"],
        MessageSystemAttributeNames: ["All"],
      }),
    );
    const [one, two] = received.Messages ?? [];
    expect([one?.Body, two?.Body, received.Messages?.length]).toEqual(["one", "two", 2]);
    expect(one?.MessageAttributes?.n).toEqual({ DataType: "Number", StringValue: "1" });
    expect(one?.Attributes?.ApproximateReceiveCount).toBe("1");
    const attributes = await send(new sqs.GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
    expect(attributes.Attributes).toMatchObject({
      ApproximateNumberOfMessages: "0",
      ApproximateNumberOfMessagesNotVisible: "2",
      ApproximateNumberOfMessagesDelayed: "1",
      RedrivePolicy,
    });
    await send(new sqs.DeleteMessageCommand({ QueueUrl, ReceiptHandle: one?.ReceiptHandle }));
    await send(
      new sqs.ChangeMessageVisibilityCommand({
        QueueUrl,
        ReceiptHandle: two?.ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );
    expect((await send(new sqs.ReceiveMessageCommand({ QueueUrl }))).Messages).toEqual(undefined);
    const sources = await send(new sqs.ListDeadLetterSourceQueuesCommand({ QueueUrl: dead.QueueUrl }));
    expect(sources.queueUrls).toEqual([QueueUrl]);
    await send(new sqs.StartMessageMoveTaskCommand({ SourceArn: DeadArn }));
    const tasks = await send(new sqs.ListMessageMoveTasksCommand({ SourceArn: DeadArn }));
    expect(tasks.Results?.[0]?.ApproximateNumberOfMessagesMoved).toBe(1);
    const back = await send(new sqs.ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
    const ReceiptHandle = back.Messages?.[0]?.ReceiptHandle;
    expect(back.Messages?.[0]?.Body).toBe("two");
    await send(
      new sqs.ChangeMessageVisibilityBatchCommand({
        QueueUrl,
        Entries: [{ Id: "a", ReceiptHandle, VisibilityTimeout: 5 }],
      }),
    );
    await send(new sqs.DeleteMessageBatchCommand({ QueueUrl, Entries: [{ Id: "a", ReceiptHandle }] }));
    await send(new sqs.SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: "7" } }));
    await send(new sqs.TagQueueCommand({ QueueUrl, Tags: { a: "1", b: "2" } }));
    await send(new sqs.UntagQueueCommand({ QueueUrl, TagKeys: ["a"] }));
    expect((await send(new sqs.ListQueueTagsCommand({ QueueUrl }))).Tags).toEqual({ b: "2" });
    await send(new sqs.PurgeQueueCommand({ QueueUrl }));
    await send(new sqs.DeleteQueueCommand({ QueueUrl }));
    expect(await codeOf(send(new sqs.PurgeQueueCommand({ QueueUrl })))).toBe("QueueDoesNotExist");
  });

  test("topics: subscribe, publish in an envelope or raw, unsubscribe", async () => {
    const send = aws.sns.send.bind(aws.sns);
    const { QueueUrl } = await aws.sqs.send(new sqs.CreateQueueCommand({ QueueName: "inbox" }));
    const Endpoint = "arn:aws:sqs:us-east-1:000000000000:inbox";
    const { TopicArn } = await send(new sns.CreateTopicCommand({ Name: "news" }));
    expect(
      await codeOf(send(new sns.SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "a@b" }))),
    ).toBe("InvalidParameterException");
    const { SubscriptionArn } = await send(new sns.SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint }));
    const received = async () => {
      const { Messages = [] } = await aws.sqs.send(
        new sqs.ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ["All"] }),
      );
      return Messages;
    };
    await send(new sns.PublishCommand({ TopicArn, Message: '{"a":1}', Subject: "S" }));
    const [envelope] = await received();
    expect(JSON.parse(envelope?.Body ?? "")).toMatchObject({
      Type: "Notification",
      TopicArn,
      Subject: "S",
      Message: '{"a":1}',
      SignatureVersion: "1",
    });
    await send(
      new sns.SetSubscriptionAttributesCommand({
        SubscriptionArn,
        AttributeName: "RawMessageDelivery",
        AttributeValue: "true",
      }),
    );
    const read = await send(new sns.GetSubscriptionAttributesCommand({ SubscriptionArn }));
    expect(read.Attributes?.RawMessageDelivery).toBe("true");
    const MessageAttributes = { kind: { DataType: "String", StringValue: "x" } };
    const PublishBatchRequestEntries = [
      { Id: "1", Message: "raw 1", MessageAttributes },
      { Id: "2", Message: "raw 2" },
    ];
    const batch = await send(new sns.PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
    expect(batch.Successful).toHaveLength(2);
    const [raw] = await received();
    expect([raw?.Body, raw?.MessageAttributes?.kind?.StringValue]).toEqual(["raw 1", "x"]);
    expect((await send(new sns.ListTopicsCommand({}))).Topics).toContainEqual({ TopicArn });
    expect((await send(new sns.ListSubscriptionsCommand({}))).Subscriptions).toHaveLength(1);
    expect((await send(new sns.ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions).toHaveLength(1);
    expect(
      (await send(new sns.GetTopicAttributesCommand({ TopicArn }))).Attributes?.SubscriptionsConfirmed,
    ).toBe("1");
    await send(new sns.UnsubscribeCommand({ SubscriptionArn }));
    await send(new sns.DeleteTopicCommand({ TopicArn }));
    expect(await codeOf(send(new sns.PublishCommand({ TopicArn, Message: "x" })))).toBe("NotFoundException");
  });

  test("and nothing of the list was left out above", () => {
    const missing = CONFORMANCE.filter(({ status }) => status !== "refused")
      .map(({ service, operation }) => `${service.toLowerCase()}:${operation}`)
      .filter(name => !server.counts.has(name));
    expect(missing).toEqual([]);
  });
});
