import { LIST, READ, WRITE } from "./rights.ts";

/** What a bridge asks for: of the bucket it watches, of the one it writes to, of the table of what it did. */
export const BRIDGE = {
  entry: "src/handlers/bridge-runtime.ts",
  services: ["dynamodb", "s3"],
  source: [...READ, ...LIST, "s3:RestoreObject"],
  target: [...READ, ...LIST, ...WRITE, "s3:DeleteObject", "s3:AbortMultipartUpload"],
  runs: ["dynamodb:BatchGetItem", "dynamodb:PutItem"],
  neverSent: [
    "CopyObject",
    "ListObjectVersions",
    "GetObjectTagging",
    "PutObjectTagging",
    "BatchWriteItem",
    "DeleteItem",
    "Query",
    "Scan",
    "TransactWriteItems",
  ],
} as const;
