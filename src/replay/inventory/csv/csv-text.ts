import { Buffer, isAscii, isUtf8 } from "node:buffer";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { CorruptFile, TruncatedFile } from "../errors.ts";
import type { Source } from "../source.ts";

/** Decompressed bytes at a time. Measured: twice and half as many are a tenth slower, the texts of more are costly garbage. */
const CHUNK_BYTES = 64 * 1024;
/** A key has 1,024 bytes, an access control list in base64 some kilobytes: no line is this long. */
export const LINE_BYTES_MAX = 1024 * 1024;
const LINE_FEED = 0x0a;

/**
 * The text of a gzip file in pieces that end at a line feed; one is added to the last if it is not there.
 *
 * A file of several gzip members is one text.
 *
 * Throws: `TruncatedFile`, also for a file of no bytes (an empty text has a gzip header all the same); `CorruptFile`;
 *         what the source throws.
 */
export async function* readLines(source: Source): AsyncGenerator<string> {
  let rest: Uint8Array = Buffer.alloc(0);
  for await (const chunk of gunzipped(source)) {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) yield textOf(joined(rest, chunk.subarray(0, end)), source.name);
    rest = end > 0 ? Buffer.from(chunk.subarray(end)) : joined(rest, chunk);
    if (rest.length > LINE_BYTES_MAX) throw new CorruptFile(source.name, "a line has more than a megabyte");
  }
  if (rest.length > 0) yield `${textOf(rest, source.name)}\n`;
}

const joined = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  left.length === 0 ? right : Buffer.concat([left, right]);

async function* gunzipped(source: Source): AsyncGenerator<Buffer> {
  if (source.sizeBytes === 0) throw new TruncatedFile(source.name, "it has no bytes, not even those of gzip");
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  // Errors of the source destroy the stream, and come out of it below.
  pipeline(source.stream(), gunzip, () => {});
  try {
    yield* gunzip;
  } catch (error) {
    throw gzipErrorOf(error, source.name);
  }
  if (gunzip.bytesWritten < source.sizeBytes)
    throw new CorruptFile(
      source.name,
      `after byte ${gunzip.bytesWritten} there is something other than gzip`,
    );
}

const gzipErrorOf = (error: unknown, name: string): unknown => {
  if (!(error instanceof Error && "code" in error && String(error.code).startsWith("Z_"))) return error;
  if (error.code === "Z_BUF_ERROR")
    return new TruncatedFile(name, "its gzip is not complete", { cause: error });
  return new CorruptFile(name, `it is not gzip (${error.message})`, { cause: error });
};

// Nearly all of it is ASCII, which becomes text by copying.
const textOf = (bytes: Uint8Array, name: string): string => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isAscii(buffer)) return buffer.toString("latin1");
  if (!isUtf8(buffer)) throw new CorruptFile(name, "its text is not UTF-8");
  return buffer.toString("utf8");
};
