import {
  BUNDLE_COLD_BYTES_ABOVE,
  BUNDLE_COLD_CLASS,
  BUNDLE_COLD_DAYS,
  BUNDLE_PREFIX,
  BUNDLED_NONCURRENT_DAYS,
  BUNDLED_TAG,
} from "../ports/bundle-storage.ts";
import { PLACED_EXPIRE_DAYS, PLACED_NONCURRENT_DAYS, PLACED_TAG } from "../ports/placed-tag.ts";
import type { LocalCloud } from "./cloud.ts";
import { configureBucket, createBucket } from "./s3/buckets.ts";
import type { LifecycleRule, NotificationRule } from "./s3/s3-types.ts";
import { createTopic, subscribe } from "./sns/sns.ts";
import { createQueue } from "./sqs/sqs.ts";
import { queueArn } from "./sqs/sqs-state.ts";

/** A queue with the queue its dead letters go to. */
export type TopologyQueue = {
  readonly name: string;
  readonly arn: string;
  readonly deadLetters: { readonly name: string; readonly arn: string };
};

/** Names and ARNs of what Daybook runs on. */
export type Topology = {
  readonly buckets: {
    readonly newEvents: string;
    readonly archive: string;
    readonly rejected: string;
    readonly decisions: string;
  };
  readonly topics: {
    /** Object events of new-events, archive and rejected. */
    readonly objects: string;
    /** Created events of decisions under `dec/`. */
    readonly decided: string;
    /** What `place` announces. */
    readonly payments: string;
  };
  readonly queues: { readonly project: TopologyQueue; readonly place: TopologyQueue };
};

export type TopologyOptions = {
  /** Put in front of every name, so that several can live in one cloud. */
  readonly prefix?: string;
  readonly visibilityTimeoutMs?: number;
  /** Receives before a message counts as dead. Lambda's advice is at least 5: throttling consumes receives too. */
  readonly receivesMax?: number;
  /** Days after its storing that a placed copy expires once a verified bundle holds its request. Default: never. */
  readonly bundledExpireDays?: number | undefined;
  /** new-events takes only writes with `If-None-Match: *`. Default false, so that `aws s3 cp` works. */
  readonly requireIfNoneMatch?: boolean;
};

/** Not tags: placing tags each request it has placed, and to be told of that cost a third of all requests to the table. */
const OBJECT_EVENTS = [
  "s3:ObjectCreated:*",
  "s3:ObjectRemoved:*",
  "s3:ObjectRestore:*",
  "s3:LifecycleExpiration:*",
  "s3:LifecycleTransition",
];
const RECEIVES_MAX = 5;

/** Requests leave once they are placed: nothing without the tag ever expires. Markers with nothing under them go too. */
const PLACED_RULES: readonly LifecycleRule[] = [
  {
    id: "placed",
    enabled: true,
    tags: { [PLACED_TAG.name]: PLACED_TAG.value },
    expirationDays: PLACED_EXPIRE_DAYS,
    noncurrentDays: PLACED_NONCURRENT_DAYS,
  },
  { id: "markers", enabled: true, expiredDeleteMarkers: true },
];

/** Parts of bundles go cold; nothing else of the archive does. */
const BUNDLE_RULE: LifecycleRule = {
  id: "bundles",
  enabled: true,
  prefix: BUNDLE_PREFIX,
  sizeAboveBytes: BUNDLE_COLD_BYTES_ABOVE,
  transitions: [{ days: BUNDLE_COLD_DAYS, storageClass: BUNDLE_COLD_CLASS }],
};

/** Copies leave once a verified bundle holds them, if asked for. */
const bundledRules = (expirationDays: number | undefined): readonly LifecycleRule[] => {
  if (expirationDays === undefined) return [];
  const tags = { [BUNDLED_TAG.name]: BUNDLED_TAG.value };
  return [
    { id: "bundled", enabled: true, tags, expirationDays, noncurrentDays: BUNDLED_NONCURRENT_DAYS },
    { id: "markers", enabled: true, expiredDeleteMarkers: true },
  ];
};

/** Creates what is missing of Daybook's buckets, topics and queues, and joins them. May be called again. */
export const createDaybookTopology = (cloud: LocalCloud, options: TopologyOptions = {}): Topology => {
  const topology = topologyNamed(cloud, options);
  const { buckets, topics, queues } = topology;
  for (const bucket of Object.values(buckets)) createVersionedBucket(cloud, bucket);
  for (const bucket of [buckets.newEvents, buckets.archive, buckets.rejected])
    createPlainBucket(cloud, inventoryBucket(bucket));
  subscribe(cloud.sns, { topicArn: topics.objects, queueArn: queues.project.arn, isRaw: true });
  subscribe(cloud.sns, { topicArn: topics.decided, queueArn: queues.place.arn, isRaw: true });
  const objectRule = { id: "objects", destination: topics.objects, events: OBJECT_EVENTS };
  for (const bucket of [buckets.newEvents, buckets.archive, buckets.rejected])
    notify(cloud, bucket, objectRule);
  notify(cloud, buckets.decisions, {
    id: "decided",
    destination: topics.decided,
    events: ["s3:ObjectCreated:*"],
    prefix: "dec/",
  });
  live(cloud, buckets.newEvents, PLACED_RULES);
  const bundled = bundledRules(options.bundledExpireDays);
  live(cloud, buckets.archive, [BUNDLE_RULE, ...bundled]);
  live(cloud, buckets.rejected, bundled);
  const { requireIfNoneMatch } = options;
  if (requireIfNoneMatch !== undefined) configureBucket(cloud.s3, buckets.newEvents, { requireIfNoneMatch });
  return topology;
};

const topologyNamed = (cloud: LocalCloud, options: TopologyOptions): Topology => {
  const named = (name: string): string => `${options.prefix ?? ""}${name}`;
  return {
    buckets: {
      newEvents: named("new-events"),
      archive: named("archive"),
      rejected: named("rejected"),
      decisions: named("decisions"),
    },
    topics: {
      objects: createTopic(cloud.sns, named("objects")),
      decided: createTopic(cloud.sns, named("decided")),
      payments: createTopic(cloud.sns, named("payments")),
    },
    queues: {
      project: queueWithDeadLetters(cloud, named("project"), options),
      place: queueWithDeadLetters(cloud, named("place"), options),
    },
  };
};

const queueWithDeadLetters = (cloud: LocalCloud, name: string, options: TopologyOptions): TopologyQueue => {
  const deadLetters = { name: `${name}-dead-letters`, arn: queueArn(`${name}-dead-letters`) };
  if (!cloud.sqs.state.queues.has(deadLetters.name)) createQueue(cloud.sqs, deadLetters.name);
  if (!cloud.sqs.state.queues.has(name)) {
    const { visibilityTimeoutMs, receivesMax = RECEIVES_MAX } = options;
    createQueue(cloud.sqs, name, {
      redrive: { deadLetterArn: deadLetters.arn, receivesMax },
      ...(visibilityTimeoutMs === undefined ? {} : { visibilityTimeoutMs }),
    });
  }
  return { name, arn: queueArn(name), deadLetters };
};

/** The bucket that holds the inventory reports of another one: Lab 4's naming. */
export const inventoryBucket = (source: string): string => `${source}-inventory`;

const createPlainBucket = (cloud: LocalCloud, name: string): void => {
  if (!cloud.s3.state.buckets.has(name)) createBucket(cloud.s3, name);
};

const createVersionedBucket = (cloud: LocalCloud, name: string): void => {
  if (cloud.s3.state.buckets.has(name)) return;
  createBucket(cloud.s3, name);
  configureBucket(cloud.s3, name, { versioning: "enabled" });
};

/** Sets the rule unless it is set: each setting publishes a test event. */
const notify = (cloud: LocalCloud, bucket: string, rule: NotificationRule): void => {
  const current = cloud.s3.state.buckets.get(bucket)?.settings.notifications;
  if (JSON.stringify(current) !== JSON.stringify([rule])) {
    configureBucket(cloud.s3, bucket, { notifications: [rule] });
  }
};

const live = (cloud: LocalCloud, bucket: string, rules: readonly LifecycleRule[]): void => {
  const current = cloud.s3.state.buckets.get(bucket)?.settings.lifecycle;
  if (JSON.stringify(current) !== JSON.stringify(rules))
    configureBucket(cloud.s3, bucket, { lifecycle: rules });
};
