import { copyObject } from "../s3/copy.ts";
import { runRestores } from "../s3/restore.ts";
import type { S3 } from "../s3/s3.ts";
import { S3Error } from "../s3/s3-error.ts";
import { type VersionAddress, xmlInstant } from "../s3/versions.ts";
import { type Answer, header } from "./http.ts";
import { storageClassIn, versionHeaders, xmlAnswer } from "./s3-objects.ts";
import {
  headerTagsOf,
  metadataOf,
  type S3Request,
  storedHeadersOf,
  writeConditionsOf,
} from "./s3-request.ts";
import { leaf, s3Document } from "./xml.ts";

/** `x-amz-copy-source`: `bucket/key?versionId=...`, encoded or not, with or without a slash before it. */
export const copySourceOf = ({ http }: S3Request): VersionAddress => {
  const source = header(http, "x-amz-copy-source") ?? "";
  const [path = "", query] = source.split("?versionId=");
  let decoded: string;
  try {
    decoded = decodeURIComponent(path).replace(/^\//, "");
  } catch {
    throw new S3Error("InvalidArgument", "Copy Source must be URL-encoded");
  }
  const slash = decoded.indexOf("/");
  if (slash < 1 || slash === decoded.length - 1) {
    throw new S3Error(
      "InvalidArgument",
      "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
    );
  }
  return { bucket: decoded.slice(0, slash), key: decoded.slice(slash + 1), versionId: query };
};

export const copyObjectAnswer = (s3: S3, request: S3Request): Answer => {
  runRestores(s3);
  const { http } = request;
  const isReplaced = header(http, "x-amz-metadata-directive") === "REPLACE";
  const hasNewTags = header(http, "x-amz-tagging-directive") === "REPLACE";
  const { version, versionId, source } = copyObject(s3, {
    from: copySourceOf(request),
    fromConditions: {
      ifMatch: header(http, "x-amz-copy-source-if-match"),
      ifNoneMatch: header(http, "x-amz-copy-source-if-none-match"),
    },
    to: { bucket: request.bucket, key: request.key },
    conditions: writeConditionsOf(request),
    replaced: isReplaced ? { metadata: metadataOf(request), headers: storedHeadersOf(request) } : undefined,
    tags: hasNewTags ? (headerTagsOf(request) ?? {}) : undefined,
    storageClass: storageClassIn(request),
  });
  const sourceVersionHeader: Record<string, string> =
    source.versionId === undefined ? {} : { "x-amz-copy-source-version-id": source.versionId };
  return xmlAnswer(
    s3Document(
      "CopyObjectResult",
      leaf("ETag", `"${version.eTag}"`),
      leaf("LastModified", xmlInstant(version.lastModifiedMs)),
    ),
    { ...versionHeaders(versionId), ...sourceVersionHeader },
  );
};
