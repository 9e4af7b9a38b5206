import type { Buffer } from "node:buffer";
import type { RestoreTier } from "../../ports/object-store.ts";
import { checkReadConditions, type ReadConditions } from "../s3/conditions.ts";
import { storageClassOf } from "../s3/limits.ts";
import {
  deleteObject,
  headObject,
  putObject,
  readableObject,
  type Stored,
  tagObject,
} from "../s3/objects.ts";
import { restoreObject, runRestores } from "../s3/restore.ts";
import type { S3 } from "../s3/s3.ts";
import { S3Error } from "../s3/s3-error.ts";
import type { Version } from "../s3/s3-types.ts";
import { httpDate, type VersionAddress } from "../s3/versions.ts";
import { type Answer, header } from "./http.ts";
import {
  addressOf,
  checksumHeader,
  headerTagsOf,
  metadataOf,
  payloadOf,
  type S3Request,
  storedHeadersOf,
  versionIdOf,
  writeConditionsOf,
} from "./s3-request.ts";
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
} from "./xml.ts";

export const versionHeaders = (versionId: string | undefined): Record<string, string> =>
  versionId === undefined ? {} : { "x-amz-version-id": versionId };

const checksumHeaders = ({ checksum }: Version): Record<string, string> =>
  checksum === undefined
    ? {}
    : { [checksumHeader(checksum.algorithm)]: checksum.value, "x-amz-checksum-type": checksum.kind };

export const storageClassIn = (request: S3Request) =>
  storageClassOf(header(request.http, "x-amz-storage-class"));

export const putObjectAnswer = (s3: S3, request: S3Request): Answer => {
  const { body, checksum } = payloadOf(request);
  const { version, versionId } = putObject(s3, {
    bucket: request.bucket,
    key: request.key,
    body,
    checksum,
    conditions: writeConditionsOf(request),
    metadata: metadataOf(request),
    headers: storedHeadersOf(request),
    tags: headerTagsOf(request),
    storageClass: storageClassIn(request),
  });
  return {
    status: 200,
    headers: { etag: `"${version.eTag}"`, ...versionHeaders(versionId), ...checksumHeaders(version) },
  };
};

const dateMs = (value: string | undefined): number | undefined => {
  const epochMs = Date.parse(value ?? "");
  return Number.isNaN(epochMs) ? undefined : epochMs;
};

const readConditionsOf = ({ http }: S3Request): ReadConditions => ({
  ifMatch: header(http, "if-match"),
  ifNoneMatch: header(http, "if-none-match"),
  ifModifiedSinceMs: dateMs(header(http, "if-modified-since")),
  ifUnmodifiedSinceMs: dateMs(header(http, "if-unmodified-since")),
});

const OVERRIDABLE = [
  "content-type",
  "content-language",
  "expires",
  "cache-control",
  "content-disposition",
  "content-encoding",
];

const factHeaders = (request: S3Request, { version, versionId }: Stored): Record<string, string> => {
  const headers: Record<string, string> = {
    etag: `"${version.eTag}"`,
    "last-modified": httpDate(version.lastModifiedMs),
    "accept-ranges": "bytes",
    "content-type": "binary/octet-stream",
    ...version.headers,
    ...versionHeaders(versionId),
  };
  for (const [name, value] of Object.entries(version.metadata)) headers[`x-amz-meta-${name}`] = value;
  if (version.storageClass !== "STANDARD") headers["x-amz-storage-class"] = version.storageClass;
  if (version.restore !== undefined) headers["x-amz-restore"] = restoreHeader(version.restore);
  const tagCount = Object.keys(version.tags).length;
  if (tagCount > 0) headers["x-amz-tagging-count"] = String(tagCount);
  for (const name of OVERRIDABLE) {
    const asked = request.query.get(`response-${name}`);
    if (asked !== undefined) headers[name] = asked;
  }
  return headers;
};

const restoreHeader = ({ completed, expiresAtMs }: NonNullable<Version["restore"]>): string =>
  completed ? `ongoing-request="false", expiry-date="${httpDate(expiresAtMs)}"` : 'ongoing-request="true"';

type Range = { readonly start: number; readonly end: number };

/** Start and end (not included) of a Range header; absent for none, or one that HTTP says to ignore. */
const rangeOf = (value: string | undefined, sizeBytes: number): Range | undefined => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(value?.trim() ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (match === null || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === "" || last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (start >= sizeBytes) {
    throw new S3Error("InvalidRange", "The requested range is not satisfiable", {
      facts: { RangeRequested: value ?? "", ActualObjectSize: String(sizeBytes) },
    });
  }
  return { start, end };
};

/** Bytes of one part of a multipart upload. */
const partRange = (version: Version, partNumber: string | null | undefined): Range | undefined => {
  if (partNumber === undefined || partNumber === null) return undefined;
  const sizes = version.partSizes ?? [version.body.sizeBytes];
  const number = Number(partNumber);
  const size = sizes[number - 1];
  if (size === undefined) throw new S3Error("InvalidRange", "The requested partnumber is not satisfiable");
  const start = sizes.slice(0, number - 1).reduce((sum, part) => sum + part, 0);
  return { start, end: start + size };
};

/** GET and HEAD of an object. */
export const readObjectAnswer = (s3: S3, request: S3Request): Answer => {
  runRestores(s3);
  const isHead = request.method === "HEAD";
  const found = isHead ? headObject(s3, addressOf(request)) : readableObject(s3, addressOf(request));
  const { version } = found;
  const headers = factHeaders(request, found);
  if (checkReadConditions(version, readConditionsOf(request)) === "not-modified") {
    return { status: 304, headers };
  }
  const { sizeBytes } = version.body;
  const partNumber = request.query.get("partNumber");
  const range = partRange(version, partNumber) ?? rangeOf(header(request.http, "range"), sizeBytes);
  if (partNumber !== undefined) headers["x-amz-mp-parts-count"] = String(version.partSizes?.length ?? 1);
  if (range !== undefined) {
    headers["content-range"] = `bytes ${range.start}-${range.end - 1}/${sizeBytes}`;
  } else if (header(request.http, "x-amz-checksum-mode") === "ENABLED") {
    Object.assign(headers, checksumHeaders(version));
  }
  const { start, end } = range ?? { start: 0, end: sizeBytes };
  return {
    status: range === undefined ? 200 : 206,
    headers,
    body: isHead ? undefined : version.body.read(start, end),
    lengthBytes: end - start,
  };
};

export const deleteObjectAnswer = (s3: S3, request: S3Request): Answer => {
  const ifMatch = header(request.http, "if-match");
  const { versionId, isDeleteMarker } = deleteObject(s3, { ...addressOf(request), ifMatch });
  return {
    status: 204,
    headers: {
      ...versionHeaders(versionId),
      ...(isDeleteMarker ? { "x-amz-delete-marker": "true" } : {}),
    },
  };
};

/** Source: S3 API, DeleteObjects: at most 1,000 keys. */
const DELETES_MAX = 1000;

export const deleteObjectsAnswer = (s3: S3, request: S3Request): Answer => {
  const root = parsedRoot(payloadOf(request).body.toString(), "Delete");
  const objects = children(root, "Object");
  if (objects.length === 0 || objects.length > DELETES_MAX) {
    throw new S3Error("MalformedXML", "A batch delete names 1 to 1,000 objects.");
  }
  const isQuiet = text(root, "Quiet") === "true";
  const results = s3.operation(() =>
    objects.map(object => {
      const key = requiredText(object, "Key");
      const versionId = text(object, "VersionId");
      return deletedElement(
        s3,
        { bucket: request.bucket, key, versionId, ifMatch: text(object, "ETag") },
        isQuiet,
      );
    }),
  );
  return xmlAnswer(s3Document("DeleteResult", ...results));
};

const deletedElement = (
  s3: S3,
  object: VersionAddress & { readonly ifMatch: string | undefined },
  isQuiet: boolean,
): string => {
  try {
    const deleted = deleteObject(s3, object);
    if (isQuiet) return "";
    return element(
      "Deleted",
      leaf("Key", object.key),
      leaf("VersionId", object.versionId),
      leaf("DeleteMarker", deleted.isDeleteMarker ? true : undefined),
      leaf("DeleteMarkerVersionId", deleted.isDeleteMarker ? deleted.versionId : undefined),
    );
  } catch (error) {
    if (!(error instanceof S3Error) || error.code === "NoSuchBucket") throw error;
    return element(
      "Error",
      leaf("Key", object.key),
      leaf("VersionId", object.versionId),
      leaf("Code", error.code),
      leaf("Message", error.message),
    );
  }
};

export const xmlAnswer = (body: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: 200,
  headers: { "content-type": "application/xml", ...headers },
  body,
});

export const getTaggingAnswer = (s3: S3, request: S3Request): Answer => {
  const { version, versionId } = headObject(s3, addressOf(request));
  const tags = Object.entries(version.tags).map(([name, value]) =>
    element("Tag", leaf("Key", name), leaf("Value", value)),
  );
  return xmlAnswer(s3Document("Tagging", element("TagSet", ...tags)), versionHeaders(versionId));
};

export const putTaggingAnswer = (s3: S3, request: S3Request): Answer => {
  const root = parsedRoot(payloadOf(request).body.toString(), "Tagging");
  const tags: Record<string, string> = {};
  for (const tag of children(child(root, "TagSet") ?? {}, "Tag")) {
    const name = requiredText(tag, "Key");
    if (name in tags) throw new S3Error("InvalidTag", "Cannot provide multiple Tags with the same key");
    tags[name] = requiredText(tag, "Value");
  }
  const { versionId } = tagObject(s3, addressOf(request), tags, "Put");
  return { status: 200, headers: versionHeaders(versionId) };
};

export const deleteTaggingAnswer = (s3: S3, request: S3Request): Answer => {
  const { versionId } = tagObject(s3, addressOf(request), {}, "Delete");
  return { status: 204, headers: versionHeaders(versionId) };
};

const TIERS: ReadonlySet<string> = new Set<RestoreTier>(["Expedited", "Standard", "Bulk"]);

export const restoreObjectAnswer = (s3: S3, request: S3Request): Answer => {
  runRestores(s3);
  const root = parsedRoot(payloadOf(request).body.toString(), "RestoreRequest");
  const tier = text(child(root, "GlacierJobParameters") ?? root, "Tier") ?? "Standard";
  if (!TIERS.has(tier)) throw new S3Error("MalformedXML", `${tier} is no retrieval tier.`);
  const outcome = restoreObject(s3, {
    bucket: request.bucket,
    key: request.key,
    versionId: versionIdOf(request),
    days: integer(root, "Days") ?? 1,
    tier: tier as RestoreTier, // just looked up in the set of them
  });
  return { status: outcome === "accepted" ? 202 : 200 };
};

/** Bytes as a request carries them, for handlers that need no more. */
export const bodyText = (request: S3Request): string => (payloadOf(request).body as Buffer).toString();
