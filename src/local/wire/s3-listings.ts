import { Buffer } from "node:buffer";
import { behindPrefix, commonPrefix, listObjects, listVersions, PAGE_MAX } from "../s3/listing.ts";
import type { S3 } from "../s3/s3.ts";
import { S3Error } from "../s3/s3-error.ts";
import type { Version } from "../s3/s3-types.ts";
import { xmlInstant } from "../s3/versions.ts";
import type { Answer } from "./http.ts";
import { xmlAnswer } from "./s3-objects.ts";
import type { S3Request } from "./s3-request.ts";
import { element, leaf, s3Document } from "./xml.ts";

type Encode = (text: string) => string;

/** `encoding-type=url`: keys in XML are encoded as in a URL, the slash literal. */
const encoderOf = ({ query }: S3Request): { readonly encode: Encode; readonly type: string | undefined } => {
  const type = query.get("encoding-type");
  if (type === undefined) return { encode: text => text, type };
  if (type !== "url") throw new S3Error("InvalidArgument", "Invalid Encoding Method specified in Request");
  return { encode: text => encodeURIComponent(text).replaceAll("%2F", "/"), type };
};

const limitOf = ({ query }: S3Request): number => {
  const asked = query.get("max-keys");
  if (asked === undefined || asked === "") return PAGE_MAX;
  if (!/^\d+$/.test(asked))
    throw new S3Error("InvalidArgument", "Provided max-keys not an integer or within integer range");
  return Math.min(Number(asked), PAGE_MAX);
};

const optional = (text: string | undefined, encode: Encode): string | undefined =>
  text === undefined ? undefined : encode(text);

const objectElement = (name: string, version: Version, encode: Encode, ...more: readonly string[]): string =>
  element(
    name,
    leaf("Key", encode(version.key)),
    ...more,
    leaf("LastModified", xmlInstant(version.lastModifiedMs)),
    ...(version.isDeleteMarker
      ? []
      : [
          leaf("ETag", `"${version.eTag}"`),
          leaf("ChecksumAlgorithm", version.checksum?.algorithm),
          leaf("ChecksumType", version.checksum?.kind),
          leaf("Size", version.body.sizeBytes),
          leaf("StorageClass", version.storageClass),
        ]),
  );

const prefixElements = (prefixes: readonly string[], encode: Encode): readonly string[] =>
  prefixes.map(prefix => element("CommonPrefixes", leaf("Prefix", encode(prefix))));

const tokenOf = (after: string): string => Buffer.from(after).toString("base64url");
const afterToken = (token: string): string => Buffer.from(token, "base64url").toString();

export const listObjectsV2Answer = (s3: S3, request: S3Request): Answer => {
  const { query, bucket } = request;
  const { encode, type } = encoderOf(request);
  const limit = limitOf(request);
  const [prefix, delimiter] = [query.get("prefix"), query.get("delimiter")];
  const [token, startAfter] = [query.get("continuation-token"), query.get("start-after")];
  const after = token === undefined ? startAfter : afterToken(token);
  const page = listObjects(s3, { bucket, prefix, delimiter, after, limit });
  return xmlAnswer(
    s3Document(
      "ListBucketResult",
      leaf("Name", bucket),
      leaf("Prefix", encode(prefix ?? "")),
      leaf("Delimiter", optional(delimiter, encode)),
      leaf("StartAfter", optional(startAfter, encode)),
      leaf("ContinuationToken", token),
      leaf("NextContinuationToken", optional(page.next, tokenOf)),
      leaf("KeyCount", page.objects.length + page.commonPrefixes.length),
      leaf("MaxKeys", limit),
      leaf("EncodingType", type),
      leaf("IsTruncated", page.next !== undefined),
      ...page.objects.map(version => objectElement("Contents", version, encode)),
      ...prefixElements(page.commonPrefixes, encode),
    ),
  );
};

export const listObjectsAnswer = (s3: S3, request: S3Request): Answer => {
  const { query, bucket } = request;
  const { encode, type } = encoderOf(request);
  const limit = limitOf(request);
  const [prefix, delimiter, marker] = [query.get("prefix"), query.get("delimiter"), query.get("marker")];
  const page = listObjects(s3, { bucket, prefix, delimiter, limit, after: behindMarker(request, marker) });
  return xmlAnswer(
    s3Document(
      "ListBucketResult",
      leaf("Name", bucket),
      leaf("Prefix", encode(prefix ?? "")),
      leaf("Marker", encode(marker ?? "")),
      leaf("NextMarker", delimiter === undefined ? undefined : optional(page.lastName, encode)),
      leaf("Delimiter", optional(delimiter, encode)),
      leaf("MaxKeys", limit),
      leaf("EncodingType", type),
      leaf("IsTruncated", page.next !== undefined),
      ...page.objects.map(version => objectElement("Contents", version, encode)),
      ...prefixElements(page.commonPrefixes, encode),
    ),
  );
};

/** A marker that is a common prefix stands for everything under it. */
const behindMarker = ({ query }: S3Request, marker: string | undefined): string | undefined => {
  if (marker === undefined || marker === "") return undefined;
  const isPrefix = commonPrefix(marker, query.get("prefix") ?? "", query.get("delimiter")) === marker;
  return isPrefix ? behindPrefix(marker) : marker;
};

export const listVersionsAnswer = (s3: S3, request: S3Request): Answer => {
  const { query, bucket } = request;
  const { encode, type } = encoderOf(request);
  const limit = limitOf(request);
  const [prefix, delimiter] = [query.get("prefix"), query.get("delimiter")];
  const [keyMarker, versionMarker] = [query.get("key-marker"), query.get("version-id-marker")];
  const page = listVersions(s3, {
    bucket,
    prefix,
    delimiter,
    limit,
    after: behindMarker(request, keyMarker),
    afterVersionId: versionMarker === "" ? undefined : versionMarker,
  });
  return xmlAnswer(
    s3Document(
      "ListVersionsResult",
      leaf("Name", bucket),
      leaf("Prefix", encode(prefix ?? "")),
      leaf("KeyMarker", encode(keyMarker ?? "")),
      leaf("VersionIdMarker", versionMarker ?? ""),
      leaf("NextKeyMarker", optional(page.next?.name, encode)),
      leaf("NextVersionIdMarker", page.next?.versionId),
      leaf("Delimiter", optional(delimiter, encode)),
      leaf("MaxKeys", limit),
      leaf("EncodingType", type),
      leaf("IsTruncated", page.next !== undefined),
      ...page.versions.map(({ version, isLatest }) =>
        objectElement(
          version.isDeleteMarker ? "DeleteMarker" : "Version",
          version,
          encode,
          leaf("VersionId", version.versionId),
          leaf("IsLatest", isLatest),
        ),
      ),
      ...prefixElements(page.commonPrefixes, encode),
    ),
  );
};
