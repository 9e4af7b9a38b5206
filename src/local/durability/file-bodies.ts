import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Bodies, type Body, type BodyJson, memoryBodies, memoryBody } from "../s3/bodies.ts";

/** Above this a body is a file of its own: the journal stays quick to read, and memory holds no large object. */
const JOURNAL_BODY_BYTES_MAX = 64 * 1024;

/** Bodies of a data folder: small ones in memory and in the journal, large ones in files named by their SHA-256. */
export const fileBodies = (folder: string): Bodies => {
  mkdirSync(folder, { recursive: true });
  const keep: Bodies["keep"] = bytes =>
    bytes.byteLength <= JOURNAL_BODY_BYTES_MAX ? memoryBody(bytes) : kept(folder, bytes);
  return {
    keep,
    join: bodies => keep(Buffer.concat(bodies.map(body => body.read()))),
    revive: json =>
      "base64" in json ? memoryBodies.revive(json) : fileBody(folder, json.sha256, json.sizeBytes),
  };
};

const kept = (folder: string, bytes: Uint8Array): Body => {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const path = join(folder, sha256);
  if (!existsSync(path)) {
    writeFileSync(`${path}.part`, bytes);
    renameSync(`${path}.part`, path);
  }
  return fileBody(folder, sha256, bytes.byteLength);
};

const fileBody = (folder: string, sha256: string, sizeBytes: number): Body => ({
  sizeBytes,
  toJSON: (): BodyJson => ({ sha256, sizeBytes }),
  read: (start = 0, end = sizeBytes) => {
    const bytes = Buffer.allocUnsafe(end - start);
    const file = openSync(join(folder, sha256), "r");
    try {
      for (let done = 0; done < bytes.length; ) {
        const readBytes = readSync(file, bytes, done, bytes.length - done, start + done);
        if (readBytes === 0) throw new Error(`The body file ${sha256} ends too early.`);
        done += readBytes;
      }
    } finally {
      closeSync(file);
    }
    return bytes;
  },
});

/** Removes the files that no stored version needs. To be called when nothing is being written. */
export const removeUnusedBodies = (folder: string, used: Iterable<Body>): void => {
  const names = new Set<string>();
  for (const body of used) {
    const json = body.toJSON();
    if ("sha256" in json) names.add(json.sha256);
  }
  for (const name of readdirSync(folder)) if (!names.has(name)) rmSync(join(folder, name), { force: true });
};
