import { AnyPrincipal, Effect, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { PLACED_TAG } from "../../src/ports/placed-tag.ts";

const everyone = [new AnyPrincipal()];

/**
 * Nothing is overwritten: whoever stores an object must say that there is none. Parts of an upload cannot say so; its
 * completion must. Source: Amazon S3 User Guide, "Enforce conditional writes on Amazon S3 buckets".
 */
export const onlyIfAbsent = (bucketArn: string): PolicyStatement =>
  new PolicyStatement({
    sid: "OnlyIfAbsent",
    effect: Effect.DENY,
    principals: everyone,
    actions: ["s3:PutObject"],
    resources: [`${bucketArn}/*`],
    conditions: {
      Null: { "s3:if-none-match": "true" },
      Bool: { "s3:ObjectCreationOperation": "true" },
    },
  });

/** Only the place function says that a request may leave: the tag lets S3's lifecycle delete it. */
export const tagIsReserved = (bucketArn: string, placeRoleArn: string): PolicyStatement =>
  new PolicyStatement({
    sid: "TagIsReserved",
    effect: Effect.DENY,
    principals: everyone,
    actions: ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"],
    resources: [`${bucketArn}/*`],
    conditions: {
      "ForAnyValue:StringEquals": { "s3:RequestObjectTagKeys": [PLACED_TAG.name] },
      ArnNotEquals: { "aws:PrincipalArn": placeRoleArn },
    },
  });

/** Nobody deletes a decision for good; a marker on top of one can be taken away again. */
export const versionsStay = (bucketArn: string): PolicyStatement =>
  new PolicyStatement({
    sid: "VersionsStay",
    effect: Effect.DENY,
    principals: everyone,
    actions: ["s3:DeleteObjectVersion"],
    resources: [`${bucketArn}/*`],
  });

/** S3 itself stores the inventory of one bucket of this account. Source: Amazon S3 User Guide, "Configuring Amazon S3 Inventory". */
export const inventoryOf = (destinationArn: string, sourceArn: string, account: string): PolicyStatement =>
  new PolicyStatement({
    sid: "InventoryOfItsSource",
    effect: Effect.ALLOW,
    principals: [new ServicePrincipal("s3.amazonaws.com")],
    actions: ["s3:PutObject"],
    resources: [`${destinationArn}/*`],
    conditions: {
      ArnEquals: { "aws:SourceArn": sourceArn },
      StringEquals: { "aws:SourceAccount": account, "s3:x-amz-acl": "bucket-owner-full-control" },
    },
  });
