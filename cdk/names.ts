import type { Stack } from "aws-cdk-lib";
import type { FunctionName } from "./functions/catalogue.ts";
import type { BucketRole, QueueRole, TopicRole } from "./functions/spec.ts";
import type { Settings } from "./settings.ts";

const BUCKETS: Readonly<Record<BucketRole, string>> = {
  newEvents: "new-events",
  archive: "archive",
  rejected: "rejected",
  decisions: "decisions",
};

/** Where something is deployed, as the checks write it. */
export const SHOWN = {
  account: "<AWS::AccountId>",
  region: "<AWS::Region>",
  partition: "<AWS::Partition>",
} as const;

/** Buckets with an inventory; decisions are found by their manifests. */
export const INVENTORIED = ["newEvents", "archive", "rejected"] as const satisfies readonly BucketRole[];

/**
 * The names of everything, so that parts of the system can allow each other without owning each other. Bucket names are
 * the world's, so they carry account and Region, which only the deployment knows.
 */
export type Names = {
  readonly bucket: (role: BucketRole) => string;
  readonly bucketArn: (role: BucketRole) => string;
  readonly inventory: (role: BucketRole) => string;
  readonly inventoryArn: (role: BucketRole) => string;
  /** The bucket of Athena's results. */
  readonly results: string;
  /** Where a bridge puts what its program makes. */
  readonly bridgeTarget: string;
  readonly topic: (role: TopicRole | "operators") => string;
  readonly topicArn: (role: TopicRole | "operators") => string;
  readonly queue: (role: QueueRole) => string;
  readonly function: (name: FunctionName) => string;
  readonly functionArn: (name: FunctionName) => string;
  readonly table: string;
  /** The table itself, and those that restores make of it. */
  readonly tableArns: readonly string[];
  /** `<table>-<epoch>`, whose six digits begin with a zero: `epochText`. It is no name of a drill's or a bridge's table. */
  readonly restoredArn: string;
  readonly scratchArn: string;
  readonly eventSourceArns: string;
  readonly machine: (name: string) => string;
  readonly machineArn: (name: string) => string;
  /** Of the executions of a machine, and of those that its maps start. */
  readonly executionArns: (name: string) => readonly string[];
};

export const namesIn = (
  { account, region, partition }: Pick<Stack, "account" | "region" | "partition">,
  { prefix }: Settings,
): Names => {
  const bucket = (role: BucketRole): string => `${prefix}-${BUCKETS[role]}-${account}-${region}`;
  const inventory = (role: BucketRole): string => `${prefix}-${BUCKETS[role]}-inventory-${account}-${region}`;
  const topic = (role: TopicRole | "operators"): string => `${prefix}-${role}`;
  const named = (name: FunctionName): string => `${prefix}-${name}`;
  const table = (name: string): string => `arn:${partition}:dynamodb:${region}:${account}:table/${name}`;
  return {
    bucket,
    bucketArn: role => `arn:${partition}:s3:::${bucket(role)}`,
    inventory,
    inventoryArn: role => `arn:${partition}:s3:::${inventory(role)}`,
    results: `${prefix}-athena-results-${account}-${region}`,
    bridgeTarget: `${prefix}-bridge-${account}-${region}`,
    topic,
    topicArn: role => `arn:${partition}:sns:${region}:${account}:${topic(role)}`,
    queue: role => `${prefix}-${role}`,
    function: named,
    functionArn: name => `arn:${partition}:lambda:${region}:${account}:function:${named(name)}`,
    table: prefix,
    tableArns: [table(prefix), table(`${prefix}-0?????`)],
    restoredArn: table(`${prefix}-0?????`),
    scratchArn: table(`${prefix}-drill`),
    eventSourceArns: `arn:${partition}:lambda:${region}:${account}:event-source-mapping:*`,
    machine: name => `${prefix}-${name}`,
    machineArn: name => `arn:${partition}:states:${region}:${account}:stateMachine:${prefix}-${name}`,
    executionArns: name =>
      [":*", "/*"].map(
        rest => `arn:${partition}:states:${region}:${account}:execution:${prefix}-${name}${rest}`,
      ),
  };
};
