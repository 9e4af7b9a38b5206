import { configureBucket, createBucket, deleteBucket, listBuckets } from "../s3/buckets.ts";
import { REGION } from "../s3/event-record.ts";
import { bucketNamed, type S3 } from "../s3/s3.ts";
import { S3Error } from "../s3/s3-error.ts";
import type { NotificationRule } from "../s3/s3-types.ts";
import { xmlInstant } from "../s3/versions.ts";
import type { Answer } from "./http.ts";
import { bodyText, xmlAnswer } from "./s3-objects.ts";
import type { S3Request } from "./s3-request.ts";
import {
  child,
  children,
  element,
  leaf,
  parsedRoot,
  requiredText,
  s3Document,
  text,
  texts,
  type XmlNode,
} from "./xml.ts";

const OWNER = element("Owner", leaf("ID", "a3nl1kozzkexample"), leaf("DisplayName", "local"));

export const listBucketsAnswer = (s3: S3): Answer =>
  xmlAnswer(
    s3Document(
      "ListAllMyBucketsResult",
      OWNER,
      element(
        "Buckets",
        ...listBuckets(s3).map(({ name, createdMs }) =>
          element("Bucket", leaf("Name", name), leaf("CreationDate", xmlInstant(createdMs))),
        ),
      ),
    ),
  );

export const createBucketAnswer = (s3: S3, request: S3Request): Answer => {
  createBucket(s3, request.bucket);
  return { status: 200, headers: { location: `/${request.bucket}` } };
};

export const deleteBucketAnswer = (s3: S3, request: S3Request): Answer => {
  deleteBucket(s3, request.bucket);
  return { status: 204 };
};

export const headBucketAnswer = (s3: S3, request: S3Request): Answer => {
  bucketNamed(s3, request.bucket);
  return { status: 200, headers: { "x-amz-bucket-region": REGION } };
};

/** Empty for us-east-1: S3's oldest region has no name here. */
export const getLocationAnswer = (s3: S3, request: S3Request): Answer => {
  bucketNamed(s3, request.bucket);
  return xmlAnswer(s3Document("LocationConstraint"));
};

export const getVersioningAnswer = (s3: S3, request: S3Request): Answer => {
  const { versioning } = bucketNamed(s3, request.bucket).settings;
  const status = { off: undefined, enabled: "Enabled", suspended: "Suspended" }[versioning];
  return xmlAnswer(s3Document("VersioningConfiguration", leaf("Status", status)));
};

export const putVersioningAnswer = (s3: S3, request: S3Request): Answer => {
  const status = text(parsedRoot(bodyText(request), "VersioningConfiguration"), "Status");
  if (status !== "Enabled" && status !== "Suspended") {
    throw new S3Error("MalformedXML", "Status is Enabled or Suspended.");
  }
  configureBucket(s3, request.bucket, { versioning: status === "Enabled" ? "enabled" : "suspended" });
  return { status: 200 };
};

const DESTINATIONS = [
  ["TopicConfiguration", "Topic"],
  ["QueueConfiguration", "Queue"],
] as const;

export const getNotificationsAnswer = (s3: S3, request: S3Request): Answer => {
  const { notifications } = bucketNamed(s3, request.bucket).settings;
  return xmlAnswer(s3Document("NotificationConfiguration", ...notifications.map(ruleElement)));
};

const ruleElement = ({ id, destination, events, prefix, suffix }: NotificationRule): string => {
  const [name, destinationName] = destination.includes(":sqs:") ? DESTINATIONS[1] : DESTINATIONS[0];
  const filters = [
    ["prefix", prefix],
    ["suffix", suffix],
  ].flatMap(([filter, value]) =>
    value === undefined ? [] : [element("FilterRule", leaf("Name", filter), leaf("Value", value))],
  );
  return element(
    name,
    leaf("Id", id),
    leaf(destinationName, destination),
    ...events.map(event => leaf("Event", event)),
    filters.length === 0 ? "" : element("Filter", element("S3Key", ...filters)),
  );
};

export const putNotificationsAnswer = (s3: S3, request: S3Request): Answer => {
  const root = parsedRoot(bodyText(request), "NotificationConfiguration");
  if ("CloudFunctionConfiguration" in root || "EventBridgeConfiguration" in root) {
    throw new S3Error(
      "NotImplemented",
      "Notifications go to topics and queues here, not to functions or EventBridge.",
    );
  }
  const notifications = DESTINATIONS.flatMap(([name, destinationName]) =>
    children(root, name).map((node, place) => ruleOf(node, destinationName, `rule-${place + 1}`)),
  );
  configureBucket(s3, request.bucket, { notifications });
  return { status: 200 };
};

const ruleOf = (node: XmlNode, destinationName: string, defaultId: string): NotificationRule => {
  const filters = children(child(child(node, "Filter") ?? {}, "S3Key") ?? {}, "FilterRule");
  const filter = (name: string): string | undefined => {
    const found = filters.find(rule => text(rule, "Name")?.toLowerCase() === name);
    return found === undefined ? undefined : requiredText(found, "Value");
  };
  return {
    id: text(node, "Id") ?? defaultId,
    destination: requiredText(node, destinationName),
    events: texts(node, "Event"),
    prefix: filter("prefix"),
    suffix: filter("suffix"),
  };
};

const inventoryId = ({ query }: S3Request): string => query.get("id") ?? "";

/** Inventory configurations are kept as they came and given back; nothing runs them. */
export const putInventoryAnswer = (s3: S3, request: S3Request): Answer => {
  const { inventories } = bucketNamed(s3, request.bucket).settings;
  const configuration = bodyText(request);
  parsedRoot(configuration, "InventoryConfiguration");
  configureBucket(s3, request.bucket, {
    inventories: { ...inventories, [inventoryId(request)]: configuration },
  });
  return { status: 200 };
};

export const getInventoryAnswer = (s3: S3, request: S3Request): Answer => {
  const found = bucketNamed(s3, request.bucket).settings.inventories[inventoryId(request)];
  if (found === undefined) throw noConfiguration();
  return xmlAnswer(found);
};

export const deleteInventoryAnswer = (s3: S3, request: S3Request): Answer => {
  const { [inventoryId(request)]: found, ...inventories } = bucketNamed(s3, request.bucket).settings
    .inventories;
  if (found === undefined) throw noConfiguration();
  configureBucket(s3, request.bucket, { inventories });
  return { status: 204 };
};

export const listInventoriesAnswer = (s3: S3, request: S3Request): Answer => {
  const { inventories } = bucketNamed(s3, request.bucket).settings;
  const bare = Object.values(inventories).map(xml => xml.replace(/^<\?xml[^>]*\?>\s*/, ""));
  return xmlAnswer(s3Document("ListInventoryConfigurationsResult", ...bare, leaf("IsTruncated", false)));
};

const noConfiguration = (): S3Error =>
  new S3Error("NoSuchConfiguration", "The specified configuration does not exist.");
