import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { MessageAttributes } from "../sqs/sqs-types.ts";

const STRING = 1;
const BINARY = 2;

const withLength = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/**
 * MD5 that SQS gives of a message's attributes, which SDKs compare: by name in order, each as length and name, length
 * and type, a byte for the kind of value, length and value.
 * Source: Amazon SQS Developer Guide, "Calculating the MD5 message digest for message attributes".
 */
export const attributesMd5 = (attributes: MessageAttributes): string => {
  const hash = createHash("md5");
  for (const name of Object.keys(attributes).sort()) {
    const { DataType = "", StringValue, BinaryValue } = attributes[name] ?? {};
    hash.update(withLength(Buffer.from(name))).update(withLength(Buffer.from(DataType)));
    const isBinary = DataType.startsWith("Binary");
    hash.update(Buffer.from([isBinary ? BINARY : STRING]));
    hash.update(
      withLength(isBinary ? Buffer.from(BinaryValue ?? "", "base64") : Buffer.from(StringValue ?? "")),
    );
  }
  return hash.digest("hex");
};
