import { Buffer } from "node:buffer";
import { S3Error } from "../s3/s3-error.ts";

const CRLF = Buffer.from("\r\n");

const incomplete = (): S3Error =>
  new S3Error(
    "IncompleteBody",
    "The request body terminated unexpectedly or its aws-chunked framing is damaged",
  );

/**
 * Takes the chunks out of an `aws-chunked` body: `size-in-hex[;chunk-signature=...]CRLF bytes CRLF`, ended by a chunk of
 * size 0 and trailer lines.
 *
 * Returns: the bytes, and the trailers by their name in lower case.
 * Throws: S3Error IncompleteBody.
 * Source: Amazon S3 API Reference, "Signature calculations: transferring payload in multiple chunks".
 */
export const decodedChunks = (
  framed: Buffer,
): { readonly body: Buffer; readonly trailers: ReadonlyMap<string, string> } => {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const [line, next] = lineAt(framed, at);
    const size = line.split(";")[0]?.trim() ?? "";
    if (!/^[0-9a-fA-F]+$/.test(size)) throw incomplete();
    const sizeBytes = Number.parseInt(size, 16);
    at = next;
    if (sizeBytes === 0) return { body: Buffer.concat(pieces), trailers: trailersAt(framed, at) };
    const end = at + sizeBytes;
    if (end + CRLF.length > framed.length || !framed.subarray(end, end + 2).equals(CRLF)) throw incomplete();
    pieces.push(framed.subarray(at, end));
    at = end + CRLF.length;
  }
};

const lineAt = (framed: Buffer, from: number): readonly [line: string, next: number] => {
  const end = framed.indexOf(CRLF, from);
  if (end < 0) throw incomplete();
  return [framed.toString("latin1", from, end), end + CRLF.length];
};

const trailersAt = (framed: Buffer, from: number): ReadonlyMap<string, string> => {
  const trailers = new Map<string, string>();
  for (const line of framed.toString("latin1", from).split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0) trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return trailers;
};
