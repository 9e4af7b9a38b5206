import { S3_OPERATIONS } from "./wire/s3-operations.ts";
import { S3_HANDLERS } from "./wire/s3-wire.ts";
import { SNS_HANDLERS } from "./wire/sns-query.ts";
import { SQS_HANDLERS } from "./wire/sqs-json.ts";

export type ServiceName = "S3" | "SQS" | "SNS";

/** What the local cloud does with one operation. What is refused answers 501 with the operation's name. */
export type OperationConformance = {
  readonly service: ServiceName;
  readonly operation: string;
  readonly status: "implemented" | "partial" | "refused";
  /** What a partial one leaves out. */
  readonly note?: string;
};

const NO_PROTECTION = "ACL, encryption and object lock headers have no effect";

/** What the partial operations leave out. */
const PARTIAL: Readonly<Record<ServiceName, Readonly<Record<string, string>>>> = {
  S3: {
    CompleteMultipartUpload: "checksums in the request are not compared",
    CopyObject: `${NO_PROTECTION}; source conditions by date are ignored`,
    CreateBucket: "region, ACL and object lock have no effect",
    CreateMultipartUpload: NO_PROTECTION,
    GetBucketInventoryConfiguration: "configurations are stored; nothing runs them",
    ListBuckets: "one page, no filter",
    ListMultipartUploads: "one page, no delimiter",
    PutBucketInventoryConfiguration: "configurations are stored; nothing runs them",
    PutBucketLifecycleConfiguration:
      "rules by date are refused; rules run when the clock is moved or when asked",
    PutBucketNotificationConfiguration:
      "topics and queues only, no functions, no EventBridge; overlapping rules are taken",
    PutBucketVersioning: "MFA delete has no effect",
    PutObject: `${NO_PROTECTION}; bodies up to 512 MiB; no appending`,
    RestoreObject: "no select, no output location",
    UploadPart: "bodies up to 512 MiB",
    UploadPartCopy: "source conditions are ignored",
  },
  SQS: {
    CreateQueue: "standard queues only; access and encryption attributes have no effect",
    GetQueueAttributes: "no access and encryption attributes",
    ListQueues: "one page",
    SetQueueAttributes: "access and encryption attributes have no effect",
    StartMessageMoveTask: "moves everything at once, to the first queue whose dead letters these are",
  },
  SNS: {
    CreateTopic: "standard topics only; attributes and tags have no effect",
    GetTopicAttributes: "owner and numbers of subscriptions only",
    ListSubscriptions: "one page",
    ListSubscriptionsByTopic: "one page",
    ListTopics: "one page",
    Publish: "to topics only; no message structure",
    SetSubscriptionAttributes: "RawMessageDelivery only",
    Subscribe: "queues only; no filter policy, no dead-letter queue of its own",
  },
};

/** Operations of SQS that are not implemented. Source: Amazon SQS API model. */
const SQS_REFUSED = ["AddPermission", "CancelMessageMoveTask", "RemovePermission"];

/** Operations of SNS that are not implemented. Source: Amazon SNS API model. */
const SNS_REFUSED = [
  "AddPermission",
  "CheckIfPhoneNumberIsOptedOut",
  "ConfirmSubscription",
  "CreatePlatformApplication",
  "CreatePlatformEndpoint",
  "CreateSMSSandboxPhoneNumber",
  "DeleteEndpoint",
  "DeletePlatformApplication",
  "DeleteSMSSandboxPhoneNumber",
  "GetDataProtectionPolicy",
  "GetEndpointAttributes",
  "GetPlatformApplicationAttributes",
  "GetSMSAttributes",
  "GetSMSSandboxAccountStatus",
  "ListEndpointsByPlatformApplication",
  "ListOriginationNumbers",
  "ListPhoneNumbersOptedOut",
  "ListPlatformApplications",
  "ListSMSSandboxPhoneNumbers",
  "ListTagsForResource",
  "OptInPhoneNumber",
  "PutDataProtectionPolicy",
  "RemovePermission",
  "SetEndpointAttributes",
  "SetPlatformApplicationAttributes",
  "SetSMSAttributes",
  "SetTopicAttributes",
  "TagResource",
  "UntagResource",
  "VerifySMSSandboxPhoneNumber",
];

const rated = (service: ServiceName, operation: string, isHandled: boolean): OperationConformance => {
  const note = PARTIAL[service][operation];
  if (!isHandled) return { service, operation, status: "refused" };
  return note === undefined
    ? { service, operation, status: "implemented" }
    : { service, operation, status: "partial", note };
};

const byName = (a: OperationConformance, b: OperationConformance): number =>
  a.operation < b.operation ? -1 : 1;

/** Every operation of the three services, by service and name. What handlers exist decides what is implemented. */
export const CONFORMANCE: readonly OperationConformance[] = [
  ...S3_OPERATIONS.map(([name]) => rated("S3", name, S3_HANDLERS.has(name))).sort(byName),
  ...[...SQS_HANDLERS.keys(), ...SQS_REFUSED]
    .map(name => rated("SQS", name, SQS_HANDLERS.has(name)))
    .sort(byName),
  ...[...SNS_HANDLERS.keys(), ...SNS_REFUSED]
    .map(name => rated("SNS", name, SNS_HANDLERS.has(name)))
    .sort(byName),
];

const section = (service: ServiceName): string => {
  const all = CONFORMANCE.filter(entry => entry.service === service);
  const names = (status: OperationConformance["status"]): string =>
    all
      .filter(entry => entry.status === status)
      .map(({ operation }) => operation)
      .join(", ");
  const partial = all.filter(({ status }) => status === "partial");
  return [
    `### ${service}`,
    "",
    `Implemented: ${names("implemented")}.`,
    "",
    "| Implemented in part | What is left out |",
    "| --- | --- |",
    ...partial.map(({ operation, note }) => `| ${operation} | ${note} |`),
    "",
    `Refused with 501: ${names("refused")}.`,
  ].join("\n");
};

/** The list as Markdown, for the documentation. */
export const conformanceText = (): string =>
  ["## Operations", "", section("S3"), "", section("SQS"), "", section("SNS"), ""].join("\n");
