import { createHash } from "node:crypto";
import { ChecksumMismatch } from "./errors.ts";
import type { Source } from "./source.ts";

/**
 * Reads a file once and compares its MD5. Throws: `ChecksumMismatch`, naming the file.
 *
 * The file is read again for its records: twice the traffic, but no copy on a disk that may be too small for it, and
 * little memory. A source promises that both readings see the same bytes.
 */
export const checkMd5 = async (source: Source, expected: string): Promise<void> => {
  const hash = createHash("md5");
  for await (const piece of source.stream()) hash.update(piece);
  compareMd5(source.name, expected, hash.digest("hex"));
};

/** Throws: `ChecksumMismatch`. Both in hexadecimal digits of either case. */
export const compareMd5 = (name: string, expected: string, got: string): void => {
  if (expected.toLowerCase() !== got) throw new ChecksumMismatch(name, { expected, got });
};

export const md5Of = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");
