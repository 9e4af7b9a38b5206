import type { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Tags } from "../../ports/object-store.ts";
import { CHECKSUM_ALGORITHMS, type Checksum, checksumOf } from "../s3/checksums.ts";
import type { WriteConditions } from "../s3/conditions.ts";
import { S3Error } from "../s3/s3-error.ts";
import type { ObjectHeaders } from "../s3/s3-types.ts";
import { decodedChunks } from "./aws-chunked.ts";
import { header } from "./http.ts";

/** One request to S3, taken apart. */
export type S3Request = {
  readonly http: IncomingMessage;
  readonly method: string;
  /** Empty for the service itself. */
  readonly bucket: string;
  /** Empty for a bucket. */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  /** As it came; see `payload`. */
  readonly raw: Buffer;
};

/** Path-style address of a request. Throws: S3Error InvalidURI. */
export const pathAddress = (path: string): { readonly bucket: string; readonly key: string } => {
  const slash = path.indexOf("/", 1);
  try {
    return slash < 0
      ? { bucket: decodeURIComponent(path.slice(1)), key: "" }
      : { bucket: decodeURIComponent(path.slice(1, slash)), key: decodeURIComponent(path.slice(slash + 1)) };
  } catch {
    throw new S3Error("InvalidURI", "Couldn't parse the specified URI.");
  }
};

export const versionIdOf = (request: S3Request): string | undefined => {
  const versionId = request.query.get("versionId");
  if (versionId === "") throw new S3Error("InvalidArgument", "Version id cannot be the empty string");
  return versionId;
};

/** The address of an object request. */
export const addressOf = (request: S3Request) => ({
  bucket: request.bucket,
  key: request.key,
  versionId: versionIdOf(request),
});

/** The bytes of a request, without framing, with its checksums compared. */
export type Payload = { readonly body: Buffer; readonly checksum: Checksum | undefined };

/** Throws: S3Error IncompleteBody, BadDigest, InvalidDigest. */
export const payloadOf = ({ http, raw }: S3Request): Payload => {
  const { body, trailers } = isChunked(http) ? decodedChunks(raw) : { body: raw, trailers: NO_TRAILERS };
  const announced = header(http, "x-amz-decoded-content-length");
  if (announced !== undefined && Number(announced) !== body.length) {
    throw new S3Error(
      "IncompleteBody",
      "You did not provide the number of bytes specified by Content-Length",
    );
  }
  checkMd5(http, body);
  return { body, checksum: checkedChecksum(http, trailers, body) };
};

const NO_TRAILERS: ReadonlyMap<string, string> = new Map();

const isChunked = (http: IncomingMessage): boolean =>
  header(http, "x-amz-content-sha256")?.startsWith("STREAMING-") === true ||
  header(http, "content-encoding")?.includes("aws-chunked") === true;

const checkMd5 = (http: IncomingMessage, body: Buffer): void => {
  const expected = header(http, "content-md5");
  if (expected === undefined) return;
  if (!/^[A-Za-z0-9+/]{22}==$/.test(expected)) {
    throw new S3Error("InvalidDigest", "The Content-MD5 you specified was invalid.");
  }
  if (createHash("md5").update(body).digest("base64") !== expected) {
    throw new S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.");
  }
};

const checkedChecksum = (
  http: IncomingMessage,
  trailers: ReadonlyMap<string, string>,
  body: Buffer,
): Checksum | undefined => {
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const name = checksumHeader(algorithm);
    const expected = header(http, name) ?? trailers.get(name);
    if (expected === undefined) continue;
    if (checksumOf(algorithm, body) !== expected) {
      throw new S3Error("BadDigest", `The ${algorithm} you specified did not match the calculated checksum.`);
    }
    return { algorithm, value: expected, kind: "FULL_OBJECT" };
  }
  return undefined;
};

export const checksumHeader = (algorithm: Checksum["algorithm"]): string =>
  `x-amz-checksum-${algorithm.toLowerCase()}`;

export const writeConditionsOf = ({ http }: S3Request): WriteConditions => ({
  ifNoneMatch: header(http, "if-none-match"),
  ifMatch: header(http, "if-match"),
});

const METADATA_PREFIX = "x-amz-meta-";

/** User metadata by name without its prefix. Node.js reads header bytes as Latin-1; clients send UTF-8. */
export const metadataOf = ({ http }: S3Request): Readonly<Record<string, string>> => {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(http.headers)) {
    if (name.startsWith(METADATA_PREFIX)) metadata[name.slice(METADATA_PREFIX.length)] = String(value);
  }
  return metadata;
};

const STORED_HEADERS = [
  "content-type",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
];

/** Headers that an object keeps and gives back. The framing of the request is none of them. */
export const storedHeadersOf = ({ http }: S3Request): ObjectHeaders => {
  const stored: Record<string, string> = {};
  for (const name of STORED_HEADERS) {
    const value = header(http, name);
    const kept = name === "content-encoding" ? withoutChunked(value) : value;
    if (kept !== undefined) stored[name] = kept;
  }
  return stored;
};

const withoutChunked = (value: string | undefined): string | undefined => {
  const codings = value?.split(",").map(coding => coding.trim());
  const kept = codings?.filter(coding => coding !== "aws-chunked" && coding !== "");
  return kept === undefined || kept.length === 0 ? undefined : kept.join(",");
};

/** Tags of an `x-amz-tagging` header: a query string. Throws: S3Error InvalidArgument (a name twice). */
export const headerTagsOf = ({ http }: S3Request): Tags | undefined => {
  const value = header(http, "x-amz-tagging");
  if (value === undefined) return undefined;
  const pairs = [...new URLSearchParams(value)];
  const tags = Object.fromEntries(pairs);
  if (Object.keys(tags).length !== pairs.length) {
    throw new S3Error(
      "InvalidArgument",
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    );
  }
  return tags;
};
