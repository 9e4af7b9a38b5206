import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { S3Error } from "../s3/s3-error.ts";

/** What one request is answered with. */
export type Answer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  /** With HEAD: the length the body would have. */
  readonly lengthBytes?: number | undefined;
};

/** Largest request body that is held in memory. Larger objects go in parts. */
export const BODY_BYTES_MAX = 512 * 1024 * 1024;

/** Throws: S3Error EntityTooLarge, IncompleteBody. */
export const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  if (Number(request.headers["content-length"] ?? 0) > BODY_BYTES_MAX) throw tooLarge();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    sizeBytes += (chunk as Buffer).length; // no encoding is set, so chunks are buffers
    if (sizeBytes > BODY_BYTES_MAX) throw tooLarge();
    chunks.push(chunk as Buffer);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
};

const tooLarge = (): S3Error =>
  new S3Error("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", {
    facts: { MaxSizeAllowed: String(BODY_BYTES_MAX) },
  });

/** A header that may be given once. */
export const header = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

export const send = (response: ServerResponse, answer: Answer, isHead: boolean): void => {
  const { status, headers = {}, body = "" } = answer;
  const lengthBytes =
    answer.lengthBytes ?? (typeof body === "string" ? Buffer.byteLength(body) : body.byteLength);
  const hasLength = status !== 204 && status !== 304;
  response.writeHead(
    status,
    hasLength ? { ...headers, "content-length": String(lengthBytes) } : { ...headers },
  );
  response.end(isHead || !hasLength ? undefined : body);
};

/** The parts of a query string, decoded; a name without value has the empty text. */
export const parsedQuery = (query: string): ReadonlyMap<string, string> => {
  if (query === "") return EMPTY_QUERY;
  return new Map(new URLSearchParams(query));
};

const EMPTY_QUERY: ReadonlyMap<string, string> = new Map();
