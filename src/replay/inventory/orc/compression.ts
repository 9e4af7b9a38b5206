import { inflateRawSync, zstdDecompressSync } from "node:zlib";
import { decompressSnappy } from "hyparquet-compressors";
import { Unreadable, UnsupportedCodec } from "../errors.ts";

/** How the blocks of a file are compressed. */
export type Codec = {
  readonly decompress: "none" | ((block: Uint8Array) => Uint8Array);
  /** No block decompresses to more. */
  readonly blockBytesMax: number;
};

/** Names of ORC's codecs by their numbers. Source: ORC Specification v1, "Postscript". */
const NAMES = ["NONE", "ZLIB", "SNAPPY", "LZO", "LZ4", "ZSTD", "BROTLI"];
/** ORC's own default. */
const BLOCK_BYTES = 256 * 1024;
/** What a header of three bytes can tell; a file that claims larger blocks is damaged. */
const BLOCK_BYTES_LIMIT = 2 ** 23;
const HEADER_BYTES = 3;
/** The least zlib takes. */
const CHUNK_BYTES_MIN = 64;

/** Throws: `UnsupportedCodec`, naming the file; `Unreadable`. */
export const codecOf = (file: string, kind: number, blockBytes: number): Codec => {
  const blockBytesMax = blockBytes === 0 ? BLOCK_BYTES : blockBytes;
  if (blockBytesMax > BLOCK_BYTES_LIMIT)
    throw new Unreadable(`its compression block has ${blockBytesMax} bytes`);
  // A block at once, not in zlib's own small pieces.
  const limit = { maxOutputLength: blockBytesMax, chunkSize: Math.max(blockBytesMax, CHUNK_BYTES_MIN) };
  switch (NAMES[kind]) {
    case "NONE":
      return { decompress: "none", blockBytesMax };
    case "ZLIB":
      return { decompress: block => inflateRawSync(block, limit), blockBytesMax };
    case "ZSTD":
      return { decompress: block => zstdDecompressSync(block, limit), blockBytesMax };
    case "SNAPPY":
      return {
        decompress: block => decompressSnappy(block, snappyLength(block, blockBytesMax)),
        blockBytesMax,
      };
    default:
      throw new UnsupportedCodec(file, NAMES[kind] ?? `codec ${kind}`);
  }
};

/**
 * The decompressed blocks of a stream, one at a time as they are asked for, so that a stream of megabytes takes the
 * memory of a block.
 *
 * Throws: `Unreadable`. Source: ORC Specification v1, "Compression": three bytes, little endian, twice the length of the
 *         block, plus one if it is stored as it is.
 */
export function* blocksOf(
  stream: Uint8Array,
  { decompress, blockBytesMax }: Codec,
): Generator<Uint8Array, void> {
  if (decompress === "none") {
    yield stream;
    return;
  }
  for (let at = 0; at < stream.length; ) {
    const [low = 0, middle = 0, high = 0] = stream.subarray(at, at + HEADER_BYTES);
    const header = low | (middle << 8) | (high << 16);
    const start = at + HEADER_BYTES;
    at = start + (header >> 1);
    if (at > stream.length) throw new Unreadable("a stream ends within a compressed block");
    const block = stream.subarray(start, at);
    yield (header & 1) === 1 ? stored(block, blockBytesMax) : decompressed(block, decompress);
  }
}

/** A short stream as a whole. */
export const wholeOf = (stream: Uint8Array, codec: Codec): Uint8Array =>
  Buffer.concat([...blocksOf(stream, codec)]);

const stored = (block: Uint8Array, bytesMax: number): Uint8Array => {
  if (block.length > bytesMax) throw new Unreadable("a block is larger than the file says");
  return block;
};

// zlib throws errors with a code, the snappy decoder plain ones; both mean that the bytes are damaged.
const decompressed = (block: Uint8Array, decompress: (block: Uint8Array) => Uint8Array): Uint8Array => {
  try {
    return decompress(block);
  } catch (cause) {
    throw new Unreadable(`a compressed block is damaged (${(cause as Error).message})`, { cause });
  }
};

/** The length a snappy block begins with, as a varint. */
const snappyLength = (block: Uint8Array, bytesMax: number): number => {
  let length = 0;
  for (let at = 0; at < 5; at += 1) {
    const byte = block[at] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) break;
  }
  if (length > bytesMax) throw new Unreadable("a block is larger than the file says");
  return length;
};
