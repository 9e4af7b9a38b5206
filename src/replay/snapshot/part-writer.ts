import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { sha256Hex } from "../../ledger/chain.ts";
import type { SnapshotPart, SnapshotPlace } from "./manifest.ts";
import { putOnce } from "./put-once.ts";
import { partKey } from "./snapshot-keys.ts";

/** Text of one part before it is packed: some ten times that fits into the memory of a small function. */
export const PART_TEXT_BYTES = 8 * 1024 * 1024;
/** Four digits in a part's name: 80 GB of text. */
const PARTS_MAX = 9_999;

const packed = promisify<Buffer, Buffer>(gzip);

/** Takes lines, in order, and stores them in parts. Holds the text of one part. */
export type PartWriter = {
  add(text: string): Promise<void>;
  /** Stores what is left. Returns: all parts, and SHA-256 over all lines. */
  end(): Promise<{ readonly parts: readonly SnapshotPart[]; readonly digest: string }>;
};

/** `textBytes`: a part is stored when its text has grown to that. */
export const partWriter = ({ objects, bucket }: SnapshotPlace, id: string, textBytes: number): PartWriter => {
  const digest = createHash("sha256");
  const parts: SnapshotPart[] = [];
  let lines: Buffer[] = [];
  let heldBytes = 0;
  const store = async (): Promise<void> => {
    if (parts.length === PARTS_MAX)
      throw new Error(`More than ${PARTS_MAX} parts of ${PART_TEXT_BYTES} bytes in snapshot ${id}.`);
    const key = partKey(id, parts.length + 1);
    const streams = lines.length;
    const body = await packed(Buffer.concat(lines));
    lines = [];
    heldBytes = 0;
    await putOnce(objects, { bucket, key, body, contentType: "application/gzip" });
    parts.push({ key, bytes: body.byteLength, sha256: sha256Hex(body), streams });
  };
  return {
    add: async text => {
      const line = Buffer.from(text, "utf8");
      digest.update(line);
      lines.push(line);
      heldBytes += line.byteLength;
      if (heldBytes >= textBytes) await store();
    },
    end: async () => {
      if (lines.length > 0) await store();
      return { parts, digest: digest.digest("hex") };
    },
  };
};
