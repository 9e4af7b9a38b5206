import type { ObjectStore } from "../../ports/object-store.ts";

/** Where manifests are kept: the bucket of decisions. */
export type ManifestPlace = { readonly objects: ObjectStore; readonly bucket: string };

/** One decision that counts. `name`: its object; `sha256`: of that object's bytes, hex. */
export type ManifestLine = {
  readonly name: string;
  readonly sha256: string;
  /** The request's key and the digest of its bytes. */
  readonly key: string;
  readonly digest: string;
  readonly outcome: "accepted" | "refused";
  /** ISO instant. */
  readonly decidedAt: string;
  readonly legs: readonly {
    readonly stream: string;
    readonly sequence: number;
    readonly hash: string;
    readonly prevHash: string;
  }[];
};

/** One object with lines: gzip over NDJSON. */
export type ManifestPart = {
  readonly key: string;
  /** Of the object as it is stored, hex. */
  readonly sha256: string;
  readonly decisions: number;
};

/**
 * The sealed list of all decisions of one epoch that count: what begins the next. Its object is written last, once.
 * `previous`: the manifest that began the sealed epoch; none for the first.
 */
export type Manifest = {
  /** The epoch it begins. */
  readonly epoch: number;
  /** The epoch it seals: `epoch` less one, unless a restore was given up in between. */
  readonly sealed: number;
  readonly previous?: number;
  /** ISO instant. */
  readonly sealedAt: string;
  readonly decisions: number;
  readonly parts: readonly ManifestPart[];
  /** SHA-256 over all lines, hex. */
  readonly digest: string;
  /** Names of published decisions that count no more, since no chain leads to them. */
  readonly void: readonly string[];
  /**
   * Present where all decisions were judged anew: the manifest then lists those of all epochs, and none is before it.
   * `void`: names of the decisions that others replaced, for the cause given; their objects stay.
   */
  readonly rejudged?: {
    readonly cause: string;
    readonly digest: string;
    readonly void: readonly string[];
  };
};

/** A sealed manifest cannot be read as it was written: the message names the object and says what is wrong with it. */
export class ManifestDamaged extends Error {
  override readonly name = "ManifestDamaged";
  /** `orElse`: another way to have it back. */
  constructor(bucket: string, key: string, what: string, orElse = "") {
    super(
      `s3://${bucket}/${key} ${what}: bring back the version of it that was written first${orElse}; without it nothing can be restored.`,
    );
  }
}

const prefixOf = (epoch: number): string => `manifest/${String(epoch).padStart(6, "0")}/`;

export const manifestKey = (epoch: number): string => `${prefixOf(epoch)}manifest.json`;

/**
 * Parts count from 1. The name carries the beginning of its SHA-256, so that a restore that is begun again, and finds
 * more decisions by then, never meets a part of its first try.
 */
export const partKey = (epoch: number, number: number, sha256: string): string =>
  `${prefixOf(epoch)}part-${String(number).padStart(4, "0")}-${sha256.slice(0, 16)}.ndjson.gz`;

/** A line's one text, with its newline. */
export const lineText = (line: ManifestLine): string => `${JSON.stringify(line)}\n`;
