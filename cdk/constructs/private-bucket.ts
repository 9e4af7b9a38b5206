import { Duration, RemovalPolicy } from "aws-cdk-lib";
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  CfnBucket,
  type LifecycleRule,
  ObjectOwnership,
  TransitionDefaultMinimumObjectSize,
} from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { acknowledge } from "./acknowledge.ts";

export type PrivateBucketProps = {
  readonly bucketName: string;
  readonly isRetained: boolean;
  readonly lifecycleRules?: readonly LifecycleRule[];
};

/** Parts of an upload that nobody completed are of no use. */
const UNFINISHED_UPLOADS: LifecycleRule = {
  id: "unfinished-uploads",
  abortIncompleteMultipartUploadAfter: Duration.days(1),
};

/** Private, encrypted, versioned, TLS only; its owner owns every object. The pattern of all buckets here. */
export const privateBucket = (
  scope: Construct,
  id: string,
  { bucketName, isRetained, lifecycleRules = [] }: PrivateBucketProps,
): Bucket => {
  const bucket = new Bucket(scope, id, {
    bucketName,
    versioned: true,
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    removalPolicy: isRetained ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    // Otherwise S3 lets nothing below 128 KB go cold, and says nothing of it.
    transitionDefaultMinimumObjectSize: TransitionDefaultMinimumObjectSize.VARIES_BY_STORAGE_CLASS,
    lifecycleRules: [...lifecycleRules, UNFINISHED_UPLOADS],
  });
  acknowledge(
    bucket,
    "AwsSolutions-S1",
    "Every change of an object is recorded in the table; access logs would add a line to store for each request. Who must audit reads switches on CloudTrail's data events.",
  );
  return bucket;
};

/** The L1 resource of a bucket, for what the L2 construct does by a function of its own. */
export const resourceOf = (bucket: Bucket): CfnBucket => {
  const { defaultChild } = bucket.node;
  if (!(defaultChild instanceof CfnBucket)) throw new Error("Expected a bucket to have its resource");
  return defaultChild;
};
