import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

export const CHECKSUM_ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** A stored checksum: base64 text, for a multipart upload of the composite kind with `-N` at the end. */
export type Checksum = {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
  readonly kind: "FULL_OBJECT" | "COMPOSITE";
};

/** Reversed Castagnoli polynomial (RFC 3720). */
const CRC32C_POLYNOMIAL = 0x82f63b78;
/** Reversed polynomial of CRC-64/NVME (NVM Express NVM Command Set Specification). */
const CRC64NVME_POLYNOMIAL = 0x9a6c9329ac4bc9b5n;
const ALL_ONES_64 = 0xffff_ffff_ffff_ffffn;

const crc32cTable = (() => {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ CRC32C_POLYNOMIAL : value >>> 1;
    table[byte] = value >>> 0;
  }
  return table;
})();

const crc64Table = (() => {
  const table = new BigUint64Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1)
      value = value & 1n ? (value >> 1n) ^ CRC64NVME_POLYNOMIAL : value >> 1n;
    table[byte] = value;
  }
  return table;
})();

const crc32c = (bytes: Uint8Array): number => {
  let value = 0xffff_ffff;
  for (const byte of bytes) value = (crc32cTable[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return (value ^ 0xffff_ffff) >>> 0;
};

/** Exact but slow (big integers, about 10 MB/s): no client of ours asks for it by default. */
const crc64nvme = (bytes: Uint8Array): bigint => {
  let value = ALL_ONES_64;
  for (const byte of bytes) value = (crc64Table[Number(value & 0xffn) ^ byte] ?? 0n) ^ (value >> 8n);
  return value ^ ALL_ONES_64;
};

const fourBytes = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const eightBytes = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};

const digest = (algorithm: ChecksumAlgorithm, bytes: Uint8Array): Buffer => {
  switch (algorithm) {
    case "CRC32":
      return fourBytes(crc32(bytes));
    case "CRC32C":
      return fourBytes(crc32c(bytes));
    case "CRC64NVME":
      return eightBytes(crc64nvme(bytes));
    case "SHA1":
      return createHash("sha1").update(bytes).digest();
    case "SHA256":
      return createHash("sha256").update(bytes).digest();
  }
};

/** The checksum as S3's headers carry it: base64 of the bytes, big end first. */
export const checksumOf = (algorithm: ChecksumAlgorithm, bytes: Uint8Array): string =>
  digest(algorithm, bytes).toString("base64");

/**
 * Checksum of a multipart upload from those of its parts: the checksum of their bytes in a row, with `-N`.
 * Source: Amazon S3 User Guide, "Checking object integrity": composite checksums.
 */
export const compositeChecksum = (algorithm: ChecksumAlgorithm, parts: readonly string[]): string => {
  const joined = Buffer.concat(parts.map(part => Buffer.from(part, "base64")));
  return `${checksumOf(algorithm, joined)}-${parts.length}`;
};
