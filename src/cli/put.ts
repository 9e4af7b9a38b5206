import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { connect } from "./connect.ts";
import { type Output, Refused } from "./output.ts";

/** S3's own limit for one put; requests over 64 KiB are put and then refused as too large, which is an answer too. */
const FILE_BYTES_MAX = 5_000_000_000;

const readFile = (file: string): Uint8Array => {
  try {
    const bytes = readFileSync(file);
    if (bytes.length <= FILE_BYTES_MAX) return bytes;
  } catch (error) {
    throw new Refused(`Cannot read ${file}: ${String(error)}`);
  }
  throw new Refused(`${file} is larger than S3 takes in one request.`);
};

/**
 * `daybook put FILE...`: stores each file as a request under its own name, and does not wait for the decision.
 *
 * A file whose key is taken already is left alone and said to be there: the first content of a key stands.
 */
export const putCommand = async (
  files: readonly string[],
  isAws: boolean,
  output: Output,
): Promise<number> => {
  const bodies = files.map(file => ({ key: basename(file), body: readFile(file) }));
  const { app, clients } = await connect(isAws);
  const bucket = app.config.buckets.newEvents;
  try {
    for (const { key, body } of bodies) {
      const { outcome } = await app.ledger.objects.put({ bucket, key, body, ifAbsent: true });
      const result = outcome === "stored" ? "stored" : "already there";
      if (output.isJson) output.json({ bucket, key, result });
      else output.data(`${result}  s3://${bucket}/${key}`);
    }
    if (output.isJson) output.json({ type: "summary", files: files.length });
    return 0;
  } finally {
    clients.close();
  }
};
