import { Duration, Stack, type StackProps } from "aws-cdk-lib";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { acknowledge } from "../constructs/acknowledge.ts";
import { inventoryOf, onlyIfAbsent, tagIsReserved, versionsStay } from "../constructs/bucket-policies.ts";
import { archiveRules, copyRules, newEventsRules } from "../constructs/lifecycle.ts";
import { privateBucket, resourceOf } from "../constructs/private-bucket.ts";
import type { BucketRole, TopicRole } from "../functions/spec.ts";
import { INVENTORY_FIELDS, INVENTORY_FORMAT, INVENTORY_NAME } from "../inventory.ts";
import { INVENTORIED, type Names, namesIn } from "../names.ts";
import type { Settings } from "../settings.ts";

export type StorageStackProps = StackProps & {
  readonly settings: Settings;
  /** The one who tags what may leave. */
  readonly placeRoleArn: string;
};

/**
 * What S3 tells of. Tagging is left out: such an event has no sequencer, says nothing that tracking keeps as state, and
 * would come once for each placed request.
 */
export const OBJECT_EVENTS = [
  "s3:ObjectCreated:*",
  "s3:ObjectRemoved:*",
  "s3:ObjectRestore:*",
  "s3:LifecycleExpiration:*",
  "s3:LifecycleTransition",
] as const;

/** Only these tell of decisions; runs, snapshots and pointers lie beside them. */
export const DECISIONS_PREFIX = "dec/";

/** The buckets, what lies in them for how long, who may write how, and whom S3 tells. */
export class StorageStack extends Stack {
  readonly buckets: Readonly<Record<BucketRole, Bucket>>;
  readonly inventories: readonly Bucket[];

  constructor(scope: Construct, id: string, props: StorageStackProps) {
    super(scope, id, props);
    const { settings, placeRoleArn } = props;
    const names = namesIn(this, settings);
    const isRetained = settings.retain;
    const bucket = (role: BucketRole, rules: Parameters<typeof privateBucket>[2]["lifecycleRules"] = []) =>
      privateBucket(this, role, { bucketName: names.bucket(role), isRetained, lifecycleRules: rules });
    this.buckets = {
      newEvents: bucket("newEvents", newEventsRules(settings)),
      archive: bucket("archive", archiveRules(settings)),
      rejected: bucket("rejected", copyRules(settings)),
      decisions: bucket("decisions"),
    };
    const { newEvents, archive, rejected, decisions } = this.buckets;
    acknowledge(
      archive,
      "CloudFormation-Validate::W9003",
      "CDK writes the size in the lifecycle rule as a number, and CloudFormation takes it for text.",
    );
    this.inventories = INVENTORIED.map(role => {
      const inventory = inventoryBucket(this, names, settings, role);
      takeInventory(this.buckets[role], names, settings, role);
      // They name each other only: without this a bucket might name one that is not there yet.
      this.buckets[role].node.addDependency(inventory);
      return inventory;
    });
    for (const each of [newEvents, archive, rejected]) tell(each, names, "objects", OBJECT_EVENTS);
    tell(decisions, names, "decided", ["s3:ObjectCreated:*"], DECISIONS_PREFIX);
    newEvents.addToResourcePolicy(tagIsReserved(names.bucketArn("newEvents"), placeRoleArn));
    decisions.addToResourcePolicy(versionsStay(names.bucketArn("decisions")));
    if (settings.requireIfNoneMatch)
      for (const role of ["newEvents", "decisions"] as const)
        this.buckets[role].addToResourcePolicy(onlyIfAbsent(names.bucketArn(role)));
  }
}

/** Has S3 tell a topic, without the function that the L2 construct would add for it. */
const tell = (
  bucket: Bucket,
  names: Names,
  topic: TopicRole,
  events: readonly string[],
  prefix?: string,
): void => {
  const rules =
    prefix === undefined ? {} : { filter: { s3Key: { rules: [{ name: "prefix", value: prefix }] } } };
  resourceOf(bucket).notificationConfiguration = {
    topicConfigurations: events.map(event => ({ event, topic: names.topicArn(topic), ...rules })),
  };
};

const inventoryBucket = (stack: Stack, names: Names, settings: Settings, role: BucketRole): Bucket => {
  const bucket = privateBucket(stack, `${role}-inventory`, {
    bucketName: names.inventory(role),
    isRetained: settings.retain,
    lifecycleRules: [
      {
        id: "old-reports",
        expiration: Duration.days(settings.inventoryKeepDays),
        noncurrentVersionExpiration: Duration.days(1),
      },
    ],
  });
  bucket.addToResourcePolicy(inventoryOf(names.inventoryArn(role), names.bucketArn(role), stack.account));
  return bucket;
};

/** Of all versions and without a filter: what is not listed would look as if it were gone. */
const takeInventory = (bucket: Bucket, names: Names, settings: Settings, role: BucketRole): void => {
  resourceOf(bucket).inventoryConfigurations = [
    {
      id: INVENTORY_NAME,
      enabled: true,
      includedObjectVersions: "All",
      scheduleFrequency: settings.inventoryFrequency,
      optionalFields: [...INVENTORY_FIELDS],
      destination: {
        bucketArn: names.inventoryArn(role),
        bucketAccountId: bucket.stack.account,
        format: INVENTORY_FORMAT,
      },
    },
  ];
};
