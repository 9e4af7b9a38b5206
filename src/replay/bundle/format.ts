import { gunzipSync, gzipSync } from "node:zlib";
import { sha256Hex } from "../../ledger/chain.ts";
import type { DecisionRecord } from "../../ledger/domain.ts";
import { BundleDamaged } from "./errors.ts";
import type { BundleName } from "./names.ts";

/** Where one decision lies in its part, and what it says in short. */
export type IndexEntry = {
  /** Key of the decision's object in the decisions bucket. */
  readonly key: string;
  /** SHA-256, hex, of its published text: the line without its line feed. */
  readonly sha256: string;
  /** The gzip member that holds it: first byte and number of bytes in the part. */
  readonly offset: number;
  readonly length: number;
  /** Its line in that member, from 0. */
  readonly line: number;
  readonly decidedAt: string;
  readonly legs: readonly { readonly stream: string; readonly sequence: number }[];
};

/** An object and what its bytes are. */
export type StoredFile = { readonly key: string; readonly bytes: number; readonly sha256: string };

/** What one part holds, entries in the order of their lines. */
export type PartIndex = {
  readonly part: StoredFile;
  readonly records: number;
  /** Bytes of the lines before compression. */
  readonly textBytes: number;
  /** Bytes of the requests decided. */
  readonly requestBytes: number;
  /** Decisions that carry no bytes of their request. */
  readonly unread: number;
  readonly entries: readonly IndexEntry[];
};

/** The index objects of a bundle are a chain: one for each part, then one that says there are no more. */
export type ChainLink = PartIndex | "end";

/** One part as the manifest tells of it. */
export type ManifestPart = StoredFile &
  Omit<PartIndex, "part" | "entries"> & {
    /** Keys of its first and its last decision. */
    readonly first: string;
    readonly last: string;
    /** SHA-256, hex, over the SHA-256 of each line in their order, a line feed behind each. */
    readonly digest: string;
    readonly index: StoredFile;
  };

/** A whole bundle. A function of its index objects, so that two makers write the same. */
export type BundleManifest = BundleName & {
  readonly records: number;
  /** Of all parts. */
  readonly bytes: number;
  readonly textBytes: number;
  readonly requestBytes: number;
  readonly unread: number;
  readonly parts: readonly ManifestPart[];
  /** The index object that ends the chain. */
  readonly end: StoredFile;
  /** SHA-256, hex, over the digest of each part in their order, a line feed behind each. */
  readonly digest: string;
};

/** Entries take some 250 bytes of text each, and a part holds no more of them than fit into it compressed. */
const INDEX_TEXT_BYTES_MAX = 512 * 1024 * 1024;

export const entryOf = (
  record: DecisionRecord,
  at: Pick<IndexEntry, "key" | "sha256" | "offset" | "length" | "line">,
): IndexEntry => ({
  ...at,
  decidedAt: record.decidedAt,
  legs: record.legs.map(({ stream, sequence }) => ({ stream, sequence })),
});

export const fileOf = (key: string, bytes: Uint8Array): StoredFile => ({
  key,
  bytes: bytes.length,
  sha256: sha256Hex(bytes),
});

const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`;

/** An index object: NDJSON in gzip, the first line about the part, then a line for each decision. */
export const encodeLink = (link: ChainLink): Uint8Array => {
  if (link === "end") return gzipSync(jsonLine({ end: true }));
  const { entries, ...about } = link;
  return gzipSync(jsonLine(about) + entries.map(jsonLine).join(""));
};

/** Throws: `BundleDamaged`. */
export const decodeLink = (bytes: Uint8Array, key: string): ChainLink => {
  try {
    const text = gunzipSync(bytes, { maxOutputLength: INDEX_TEXT_BYTES_MAX }).toString("utf8");
    const [first, ...entries] = text.trimEnd().split("\n");
    const about = JSON.parse(first ?? "") as Omit<PartIndex, "entries"> | { readonly end: true };
    if ("end" in about) return "end";
    if (about.records !== entries.length)
      throw new BundleDamaged(key, `has ${entries.length} entries, not ${about.records}`);
    return { ...about, entries: entries.map(line => JSON.parse(line) as IndexEntry) };
  } catch (cause) {
    if (cause instanceof BundleDamaged) throw cause;
    throw new BundleDamaged(key, "is no index of a bundle's part", { cause });
  }
};

/** What the manifest says of a part. */
export const manifestPart = (index: StoredFile, { part, entries, ...sums }: PartIndex): ManifestPart => ({
  ...part,
  ...sums,
  first: entries[0]?.key ?? "",
  last: entries.at(-1)?.key ?? "",
  digest: hashOfHashes(entries),
  index,
});

export const manifestOf = (
  name: BundleName,
  parts: readonly ManifestPart[],
  end: StoredFile,
): BundleManifest => {
  const sum = (field: "records" | "bytes" | "textBytes" | "requestBytes" | "unread"): number =>
    parts.reduce((total, part) => total + part[field], 0);
  return {
    day: name.day,
    number: name.number,
    records: sum("records"),
    bytes: sum("bytes"),
    textBytes: sum("textBytes"),
    requestBytes: sum("requestBytes"),
    unread: sum("unread"),
    parts,
    end,
    digest: hashOfHashes(parts.map(({ digest }) => ({ sha256: digest }))),
  };
};

const hashOfHashes = (of: readonly { readonly sha256: string }[]): string =>
  sha256Hex(of.map(({ sha256 }) => `${sha256}\n`).join(""));

export const manifestText = (manifest: BundleManifest): string => jsonLine(manifest);

/** Throws: `BundleDamaged`. */
export const parseManifest = (text: string, key: string): BundleManifest => {
  const value = jsonOrUndefined(text);
  if (!isManifest(value)) throw new BundleDamaged(key, "is no manifest of a bundle");
  return value;
};

const jsonOrUndefined = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Damaged, which no manifest is.
  }
};

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null;

const isFile = (value: unknown): value is Fields =>
  isObject(value) &&
  typeof value.key === "string" &&
  typeof value.bytes === "number" &&
  typeof value.sha256 === "string";

const isPart = (value: unknown): boolean =>
  isFile(value) && typeof value.first === "string" && typeof value.last === "string" && isFile(value.index);

/** As far as readers rely on it before anything else is compared. */
const isManifest = (value: unknown): value is BundleManifest =>
  isObject(value) && Array.isArray(value.parts) && value.parts.every(isPart) && isFile(value.end);
