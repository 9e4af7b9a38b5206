import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { sha256Hex } from "../../ledger/chain.ts";
import { compareUtf8 } from "../../table/utf8-order.ts";
import {
  lineText,
  type Manifest,
  type ManifestLine,
  type ManifestPart,
  type ManifestPlace,
  manifestKey,
  partKey,
} from "./manifest.ts";
import { readManifest } from "./read-manifest.ts";

/** Text of one part before it is packed. */
export const PART_TEXT_BYTES = 8 * 1024 * 1024;

const packed = promisify<Buffer, Buffer>(gzip);

/**
 * Seals an epoch: stores the lines in parts and, last and once, the manifest. From then on the decisions of the sealed
 * epoch are these, and no others.
 *
 * Returns: the manifest that stands, which is another's if that was first. Throws: what S3 throws.
 */
export const sealManifest = async (
  place: ManifestPlace,
  facts: Pick<Manifest, "epoch" | "sealed" | "sealedAt" | "void" | "rejudged">,
  lines: readonly ManifestLine[],
): Promise<Manifest> => {
  const { objects, bucket } = place;
  const { epoch, sealed } = facts;
  const ordered = [...lines].sort((a, b) => compareUtf8(a.name, b.name));
  const { parts, digest } = await storeParts(place, epoch, ordered);
  const manifest: Manifest = {
    ...facts,
    ...(sealed === 1 || facts.rejudged !== undefined ? {} : { previous: sealed }),
    decisions: ordered.length,
    parts,
    digest,
  };
  const { outcome } = await objects.put({
    bucket,
    key: manifestKey(epoch),
    body: `${JSON.stringify(manifest)}\n`,
    ifAbsent: true,
    contentType: "application/json",
  });
  const standing = outcome === "stored" ? manifest : await readManifest(place, epoch);
  if (standing === undefined) throw new Error(`${manifestKey(epoch)} was there and is gone.`);
  return standing;
};

const storeParts = async (
  { objects, bucket }: ManifestPlace,
  epoch: number,
  lines: readonly ManifestLine[],
): Promise<Pick<Manifest, "parts" | "digest">> => {
  const digest = createHash("sha256");
  const parts: ManifestPart[] = [];
  let held: Buffer[] = [];
  let bytes = 0;
  const store = async (): Promise<void> => {
    const body = await packed(Buffer.concat(held));
    const sha256 = sha256Hex(body);
    const key = partKey(epoch, parts.length + 1, sha256);
    // One that is there has the same bytes: its name says so.
    await objects.put({ bucket, key, body, ifAbsent: true, contentType: "application/gzip" });
    parts.push({ key, sha256, decisions: held.length });
    held = [];
    bytes = 0;
  };
  for (const line of lines) {
    const text = Buffer.from(lineText(line), "utf8");
    digest.update(text);
    held.push(text);
    bytes += text.byteLength;
    if (bytes >= PART_TEXT_BYTES) await store();
  }
  if (held.length > 0) await store();
  return { parts, digest: digest.digest("hex") };
};
