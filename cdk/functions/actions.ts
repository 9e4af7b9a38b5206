/**
 * The IAM actions behind each SDK command that a function may send; the name alone tells the command, since no two
 * services here share one.
 *
 * Source: Service Authorization Reference, actions of Amazon S3, Amazon DynamoDB, Amazon SNS and AWS Lambda; Amazon S3
 * User Guide, "Required permissions for Amazon S3 API operations".
 */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  GetObject: ["s3:GetObject", "s3:GetObjectVersion"],
  HeadObject: ["s3:GetObject", "s3:GetObjectVersion"],
  HeadBucket: ["s3:ListBucket"],
  ListObjectsV2: ["s3:ListBucket"],
  ListObjectVersions: ["s3:ListBucketVersions"],
  PutObject: ["s3:PutObject"],
  // The copy may bear tags of its own.
  CopyObject: [
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:GetObjectTagging",
    "s3:GetObjectVersionTagging",
    "s3:PutObject",
    "s3:PutObjectTagging",
  ],
  // Nothing here deletes a version.
  DeleteObject: ["s3:DeleteObject"],
  GetObjectTagging: ["s3:GetObjectTagging", "s3:GetObjectVersionTagging"],
  PutObjectTagging: ["s3:PutObjectTagging", "s3:PutObjectVersionTagging"],
  RestoreObject: ["s3:RestoreObject"],
  AbortMultipartUpload: ["s3:AbortMultipartUpload"],
  CompleteMultipartUpload: ["s3:PutObject"],
  CreateMultipartUpload: ["s3:PutObject"],
  UploadPart: ["s3:PutObject"],
  // A transaction is authorized by what it does.
  TransactWriteItems: ["dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"],
  Publish: ["sns:Publish"],
  ListEventSourceMappings: ["lambda:ListEventSourceMappings"],
  UpdateEventSourceMapping: ["lambda:UpdateEventSourceMapping"],
  ReceiveMessage: ["sqs:ReceiveMessage"],
  DeleteMessage: ["sqs:DeleteMessage"],
  ChangeMessageVisibility: ["sqs:ChangeMessageVisibility"],
  GetQueueUrl: ["sqs:GetQueueUrl"],
  // Restoring reads and writes the table on the caller's behalf.
  RestoreTableToPointInTime: [
    "dynamodb:RestoreTableToPointInTime",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:GetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
  ],
  ...alike("dynamodb", [
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "PutItem",
    "Query",
    "Scan",
    "CreateTable",
    "DeleteTable",
    "DescribeTable",
    "UpdateTable",
    "DescribeContinuousBackups",
    "UpdateContinuousBackups",
    "ListTagsOfResource",
    "TagResource",
  ]),
};

function alike(service: string, commands: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(commands.map(command => [command, [`${service}:${command}`]]));
}

/** Commands that the SDK's own clients carry and send by themselves, if ever: sessions of directory buckets, endpoint discovery. */
export const SDK_OWN: ReadonlySet<string> = new Set(["CreateSession", "DescribeEndpoints"]);

/** Throws: for a command that nobody has looked up. */
export const actionsOf = (command: string): readonly string[] => {
  const actions = ACTIONS[command];
  if (actions === undefined)
    throw new Error(`Which actions does ${command} need? Look it up, and add it to cdk/functions/actions.ts`);
  return actions;
};
