import { Duration, RemovalPolicy, Size, Stack, type StackProps } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table } from "aws-cdk-lib/aws-dynamodb";
import { Repository } from "aws-cdk-lib/aws-ecr";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, DockerImageCode, DockerImageFunction, Tracing } from "aws-cdk-lib/aws-lambda";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { FilterOrPolicy, SubscriptionFilter, Topic } from "aws-cdk-lib/aws-sns";
import { SqsSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";
import { deadLetterAlarms } from "../constructs/alarm-list.ts";
import { alarm } from "../constructs/alarms.ts";
import { type Allowed, acknowledgeTracing, allow } from "../constructs/allowed.ts";
import { privateBucket } from "../constructs/private-bucket.ts";
import { QueueWithDeadLetters } from "../constructs/queue-with-dead-letters.ts";
import { BRIDGE } from "../functions/bridge-rights.ts";
import type { BucketRole } from "../functions/spec.ts";
import { type Names, namesIn, SHOWN } from "../names.ts";
import type { Settings } from "../settings.ts";

export type BridgeStackProps = StackProps & {
  readonly settings: Settings;
  /** What the bridge is told besides: HANDLER_COMMAND, MATCH_KEY and the others of its page. */
  readonly variables: Readonly<Record<string, string>>;
};

const TIMEOUT_SECONDS = 900;
const MEMORY_MB = 2_048;
const DISK_GIBIBYTES = 10;
/** A program takes minutes; a message that waits behind others must not come back meanwhile. */
const BATCH_SIZE = 1;

const ADVICE = {
  dead: "the function's log says why; then redrive them to their queue.",
  undelivered: "the objects they tell of were not worked on; redrive them to the bridge's queue.",
} as const;

/**
 * A bridge: a container image whose program runs on what is stored in one of the buckets. It is told by the same topic
 * as the bank, by a queue of its own, and writes to a bucket and a table of its own.
 */
export class BridgeStack extends Stack {
  constructor(scope: Construct, id: string, props: BridgeStackProps) {
    super(scope, id, props);
    const { settings, variables } = props;
    const names = namesIn(this, settings);
    const source = settings.bridgeSource as BucketRole;
    const target = privateBucket(this, "target", {
      bucketName: names.bridgeTarget,
      isRetained: settings.retain,
    });
    const runs = runsTable(this, settings);
    const role = new Role(this, "role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    allow(role, allowedOf(names, source, settings), allowedOf(namesIn(SHOWN, settings), source, settings));
    acknowledgeTracing(role);
    const made = functionOf(this, settings, role, {
      TARGET_BUCKET: target.bucketName,
      RUNS_TABLE: runs.tableName,
      ...variables,
    });
    const queue = new QueueWithDeadLetters(this, "queue", {
      queueName: `${settings.prefix}-bridge`,
      timeoutSeconds: TIMEOUT_SECONDS,
    });
    Topic.fromTopicArn(this, "objects", names.topicArn("objects")).addSubscription(
      new SqsSubscription(queue.queue, {
        rawMessageDelivery: true,
        deadLetterQueue: queue.undelivered,
        filterPolicyWithMessageBody: onlyOf(names.bucket(source)),
      }),
    );
    made.addEventSource(
      new SqsEventSource(queue.queue, { batchSize: BATCH_SIZE, reportBatchItemFailures: true }),
    );
    const operators = Topic.fromTopicArn(this, "operators", names.topicArn("operators"));
    for (const spec of deadLetterAlarms("bridge", queue, ADVICE)) alarm(this, operators, spec);
  }
}

/** Events of one bucket: the topic tells of three. */
const onlyOf = (bucket: string): Record<string, FilterOrPolicy> => ({
  Records: FilterOrPolicy.policy({
    s3: FilterOrPolicy.policy({
      bucket: FilterOrPolicy.policy({
        name: FilterOrPolicy.filter(SubscriptionFilter.stringFilter({ allowlist: [bucket] })),
      }),
    }),
  }),
});

/** What was seen and run, so that nothing runs twice; DynamoDB removes it when it is old. */
const runsTable = (stack: Stack, { prefix, retain }: Settings): Table =>
  new Table(stack, "runs", {
    tableName: `${prefix}-bridge-runs`,
    partitionKey: { name: "PK", type: AttributeType.STRING },
    sortKey: { name: "SK", type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: "expiresAt",
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
  });

const allowedOf = (names: Names, source: BucketRole, { prefix }: Settings): readonly Allowed[] => {
  const on = (arn: string, actions: readonly string[]): readonly Allowed[] => [
    { actions: actions.filter(action => action === "s3:ListBucket"), resources: [arn] },
    {
      actions: actions.filter(action => action !== "s3:ListBucket"),
      resources: [`${arn}/*`],
      why: "Keys are made by whoever stores objects, and by the bridge's program.",
    },
  ];
  const targetArn = names.bucketArn(source).replace(names.bucket(source), names.bridgeTarget);
  return [
    ...on(names.bucketArn(source), BRIDGE.source),
    ...on(targetArn, BRIDGE.target),
    {
      actions: BRIDGE.runs,
      resources: [names.tableArns[0]?.replace(/[^/]*$/, `${prefix}-bridge-runs`) ?? ""],
    },
  ];
};

const functionOf = (
  stack: Stack,
  settings: Settings,
  role: Role,
  environment: Record<string, string>,
): DockerImageFunction => {
  const [repository = "", tag = ""] = settings.bridgeImage.split(":");
  const functionName = `${settings.prefix}-bridge`;
  const logGroup = new LogGroup(stack, "log", {
    logGroupName: `/aws/lambda/${functionName}`,
    retention: settings.logDays as RetentionDays,
    removalPolicy: settings.retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
  });
  logGroup.grantWrite(role);
  return new DockerImageFunction(stack, "function", {
    functionName,
    description: "Runs a program on what is stored",
    code: DockerImageCode.fromEcr(Repository.fromRepositoryName(stack, "images", repository), {
      tagOrDigest: tag,
    }),
    architecture: Architecture.ARM_64,
    memorySize: MEMORY_MB,
    ephemeralStorageSize: Size.gibibytes(DISK_GIBIBYTES),
    timeout: Duration.seconds(TIMEOUT_SECONDS),
    tracing: Tracing.ACTIVE,
    role,
    logGroup,
    environment,
  });
};
