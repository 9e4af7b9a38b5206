import { configureBucket } from "../s3/buckets.ts";
import { storageClassOf } from "../s3/limits.ts";
import { bucketNamed, type S3 } from "../s3/s3.ts";
import { S3Error } from "../s3/s3-error.ts";
import type { LifecycleRule } from "../s3/s3-types.ts";
import type { Answer } from "./http.ts";
import { bodyText, xmlAnswer } from "./s3-objects.ts";
import type { S3Request } from "./s3-request.ts";
import {
  child,
  children,
  element,
  integer,
  leaf,
  parsedRoot,
  requiredText,
  s3Document,
  text,
  type XmlNode,
} from "./xml.ts";

/** Source: S3 API, PutBucketLifecycleConfiguration. */
const RULES_MAX = 1000;

export const putLifecycleAnswer = (s3: S3, request: S3Request): Answer => {
  const rules = children(parsedRoot(bodyText(request), "LifecycleConfiguration"), "Rule");
  if (rules.length === 0 || rules.length > RULES_MAX) {
    throw new S3Error("MalformedXML", "A lifecycle configuration has 1 to 1,000 rules.");
  }
  configureBucket(s3, request.bucket, { lifecycle: rules.map(ruleOf) });
  return { status: 200 };
};

export const getLifecycleAnswer = (s3: S3, request: S3Request): Answer => {
  const { lifecycle } = bucketNamed(s3, request.bucket).settings;
  if (lifecycle.length === 0) {
    throw new S3Error("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist");
  }
  return xmlAnswer(s3Document("LifecycleConfiguration", ...lifecycle.map(ruleElement)));
};

export const deleteLifecycleAnswer = (s3: S3, request: S3Request): Answer => {
  configureBucket(s3, request.bucket, { lifecycle: [] });
  return { status: 204 };
};

const ruleOf = (node: XmlNode, place: number): LifecycleRule => {
  const filter = child(node, "Filter");
  const inner = child(filter ?? {}, "And") ?? filter ?? {};
  const expiration = child(node, "Expiration") ?? {};
  const noncurrent = child(node, "NoncurrentVersionExpiration") ?? {};
  const tags = Object.fromEntries(
    children(inner, "Tag").map(tag => [requiredText(tag, "Key"), requiredText(tag, "Value")]),
  );
  if ("Date" in expiration || children(node, "Transition").some(move => "Date" in move)) {
    throw new S3Error("NotImplemented", "Lifecycle rules by date are not implemented here; use days.");
  }
  return {
    id: text(node, "ID") ?? `rule-${place + 1}`,
    enabled: requiredText(node, "Status") === "Enabled",
    prefix: text(inner, "Prefix") ?? text(node, "Prefix"),
    tags: Object.keys(tags).length === 0 ? undefined : tags,
    sizeAboveBytes: integer(inner, "ObjectSizeGreaterThan"),
    sizeBelowBytes: integer(inner, "ObjectSizeLessThan"),
    expirationDays: integer(expiration, "Days"),
    expiredDeleteMarkers: text(expiration, "ExpiredObjectDeleteMarker") === "true" ? true : undefined,
    noncurrentDays: integer(noncurrent, "NoncurrentDays"),
    noncurrentKept: integer(noncurrent, "NewerNoncurrentVersions"),
    transitions: moves(node, "Transition", "Days"),
    noncurrentTransitions: moves(node, "NoncurrentVersionTransition", "NoncurrentDays"),
    abortUploadsDays: integer(child(node, "AbortIncompleteMultipartUpload") ?? {}, "DaysAfterInitiation"),
  };
};

const moves = (node: XmlNode, name: string, daysName: string): LifecycleRule["transitions"] => {
  const found = children(node, name).map(move => ({
    days: integer(move, daysName) ?? 0,
    storageClass: storageClassOf(requiredText(move, "StorageClass")),
  }));
  return found.length === 0 ? undefined : found;
};

const ruleElement = (rule: LifecycleRule): string =>
  element(
    "Rule",
    leaf("ID", rule.id),
    filterElement(rule),
    leaf("Status", rule.enabled ? "Enabled" : "Disabled"),
    ...moveElements(rule.transitions, "Transition", "Days"),
    optionalElement(
      "Expiration",
      leaf("Days", rule.expirationDays),
      leaf("ExpiredObjectDeleteMarker", rule.expiredDeleteMarkers),
    ),
    ...moveElements(rule.noncurrentTransitions, "NoncurrentVersionTransition", "NoncurrentDays"),
    optionalElement(
      "NoncurrentVersionExpiration",
      leaf("NoncurrentDays", rule.noncurrentDays),
      leaf("NewerNoncurrentVersions", rule.noncurrentKept),
    ),
    optionalElement("AbortIncompleteMultipartUpload", leaf("DaysAfterInitiation", rule.abortUploadsDays)),
  );

const optionalElement = (name: string, ...content: readonly string[]): string =>
  content.every(part => part === "") ? "" : element(name, ...content);

const moveElements = (
  found: LifecycleRule["transitions"],
  name: string,
  daysName: string,
): readonly string[] =>
  (found ?? []).map(({ days, storageClass }) =>
    element(name, leaf(daysName, days), leaf("StorageClass", storageClass)),
  );

const filterElement = ({ prefix, tags, sizeAboveBytes, sizeBelowBytes }: LifecycleRule): string => {
  const parts = [
    leaf("Prefix", prefix),
    ...Object.entries(tags ?? {}).map(([name, value]) =>
      element("Tag", leaf("Key", name), leaf("Value", value)),
    ),
    leaf("ObjectSizeGreaterThan", sizeAboveBytes),
    leaf("ObjectSizeLessThan", sizeBelowBytes),
  ].filter(part => part !== "");
  return element("Filter", parts.length > 1 ? element("And", ...parts) : (parts[0] ?? ""));
};
