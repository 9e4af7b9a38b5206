import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { Bundle } from "../functions/bundle.ts";
import type { FunctionName } from "../functions/catalogue.ts";
import type { BucketRole, FunctionSpec, TopicRole } from "../functions/spec.ts";
import { type Names, namesIn, SHOWN } from "../names.ts";
import type { Settings } from "../settings.ts";
import { type Allowed, acknowledgeTracing, allow } from "./allowed.ts";

export type DaybookFunctionProps = {
  readonly spec: FunctionSpec;
  readonly bundle: Bundle;
  readonly names: Names;
  readonly settings: Settings;
};

/** Actions on a bucket itself; all others are on its objects. */
const ON_BUCKET = /^s3:ListBucket/;

/** One function: its code, its role with what the code asks for and nothing else, its log. */
export class DaybookFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, { spec, bundle, names, settings }: DaybookFunctionProps) {
    super(scope, id);
    const functionName = names.function(spec.name as FunctionName);
    const logGroup = new LogGroup(this, "log", {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: settings.logDays as RetentionDays,
      removalPolicy: settings.retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, "role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    logGroup.grantWrite(this.role);
    allow(this.role, allowedOf(spec, names), allowedOf(spec, namesIn(SHOWN, settings)));
    acknowledgeTracing(this.role);
    this.function = new LambdaFunction(this, "function", {
      functionName,
      description: spec.description,
      code: Code.fromAsset(bundle.folder),
      handler: "index.handler",
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: spec.memoryMb,
      timeout: Duration.seconds(spec.timeoutSeconds),
      tracing: Tracing.ACTIVE,
      role: this.role,
      logGroup,
      environment: environmentOf(names, settings),
    });
  }
}

/** What the code reads: see `src/config.ts`. */
export const environmentOf = (names: Names, settings: Settings): Record<string, string> => ({
  DAYBOOK_TABLE: names.table,
  DAYBOOK_NEW_EVENTS_BUCKET: names.bucket("newEvents"),
  DAYBOOK_ARCHIVE_BUCKET: names.bucket("archive"),
  DAYBOOK_REJECTED_BUCKET: names.bucket("rejected"),
  DAYBOOK_DECISIONS_BUCKET: names.bucket("decisions"),
  DAYBOOK_PROJECT_QUEUE: names.queue("project"),
  DAYBOOK_PLACE_QUEUE: names.queue("place"),
  DAYBOOK_PROJECT_FUNCTION: names.function("project"),
  DAYBOOK_PLACE_FUNCTION: names.function("place"),
  DAYBOOK_OBJECTS_TOPIC: names.topicArn("objects"),
  DAYBOOK_DECIDED_TOPIC: names.topicArn("decided"),
  DAYBOOK_PAYMENTS_TOPIC: names.topicArn("payments"),
  DAYBOOK_PARKED_DAYS: String(settings.parkedDays),
  DAYBOOK_CURRENCY_REQUIRED: String(settings.currencyRequired),
  DAYBOOK_AUTO_OPEN: String(settings.autoOpen),
  POWERTOOLS_SERVICE_NAME: settings.prefix,
});

/** What a function is allowed, by the names of a deployment. */
export const allowedOf = ({ grants }: FunctionSpec, names: Names): readonly Allowed[] => {
  const { buckets = {}, table = [], restored = [], scratch = [], topics = [], eventSources = [] } = grants;
  return [
    ...Object.entries(buckets).flatMap(([role, actions]) =>
      onBucket(names.bucketArn(role as BucketRole), actions),
    ),
    {
      actions: table,
      resources: names.tableArns.flatMap(arn => [arn, `${arn}/index/*`]),
      why: "The indexes of the live table; a restore makes one whose name has its epoch behind it.",
    },
    { actions: restored, resources: [names.restoredArn] },
    {
      actions: scratch,
      resources: [names.scratchArn, `${names.scratchArn}/index/*`],
      why: "The indexes of the one scratch table.",
    },
    {
      actions: topics.length === 0 ? [] : ["sns:Publish"],
      resources: topics.map((topic: TopicRole) => names.topicArn(topic)),
    },
    ...(eventSources.length === 0 ? [] : onEventSources(names)),
  ];
};

const onBucket = (arn: string, actions: readonly string[]): readonly Allowed[] => [
  { actions: actions.filter(action => ON_BUCKET.test(action)), resources: [arn] },
  {
    actions: actions.filter(action => !ON_BUCKET.test(action)),
    resources: [`${arn}/*`],
    why: "Keys are made by whoever stores requests, and by what was decided.",
  },
];

/** Listing knows no resource; changing is limited to what calls the two functions that read queues. */
const onEventSources = (names: Names): readonly Allowed[] => [
  { actions: ["lambda:ListEventSourceMappings"], resources: ["*"] },
  {
    actions: ["lambda:UpdateEventSourceMapping"],
    resources: [names.eventSourceArns],
    conditions: {
      ArnEquals: { "lambda:FunctionArn": [names.functionArn("project"), names.functionArn("place")] },
    },
    why: "Their ids are given by Lambda; the condition says which functions they may call.",
  },
];
