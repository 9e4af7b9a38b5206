import { boundedKey } from "../../table/bounded-key.ts";
import { NULL_VERSION } from "../../tracking/observation.ts";
import type { BucketRoles } from "../../tracking/state.ts";
import { sha256Hex } from "../chain.ts";
import type { DecisionRecord, Leg } from "../domain.ts";
import { escapeMarks } from "../names.ts";
import { CHAIN_NAMES, withChain } from "./chain-metadata.ts";

/** Where a decided request comes from, where it goes, and what is written on it. */
export type Placement = {
  /** The very version that was decided; `null` for the null version, never "whatever is current". */
  readonly source: { readonly bucket: string; readonly key: string; readonly versionId: string };
  readonly bucket: string;
  /** Keys to take, in this order: the first that is free or holds this very request. */
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
};

/**
 * Parts of the metadata that could grow, in characters. With the rest, some 600, they stay below the 2 KB S3 allows.
 * Source: Amazon S3 User Guide, "Working with object metadata".
 */
export const KEY_LENGTH_MAX = 400;
const LEGS_LENGTH_MAX = 400;
export const FIELD_LENGTH_MAX = 64;

/** Headers carry visible ASCII only. */
export const encoded = (text: string): string => encodeURIComponent(text.toWellFormed());

/** Text cut to a length, never inside an escape; what was cut is told by the hash of the whole. */
export const bounded = (text: string, lengthMax: number): string =>
  text.length <= lengthMax
    ? text
    : `${text.slice(0, lengthMax).replace(/%[0-9A-F]?$/, "")}~${sha256Hex(text)}`;

/** `stream:sequence` of each leg; of more than fit, how many are left out, since the record has them all. */
const legsText = (legs: readonly Leg[]): string => {
  const texts = legs.map(({ stream, sequence }) => `${bounded(encoded(stream), KEY_LENGTH_MAX)}:${sequence}`);
  const whole = texts.join(",");
  if (whole.length <= LEGS_LENGTH_MAX) return whole;
  const [first = ""] = texts;
  return `${bounded(first, LEGS_LENGTH_MAX)},+${texts.length - 1}`;
};

const field = (text: string): string => bounded(encoded(text), FIELD_LENGTH_MAX);

/**
 * The user metadata of a placed request: the request's key and digest, its outcome and code, the epoch, `legs` as
 * `stream:sequence`, what S3 said of the source, and when it was decided. Names in lower case, values URI-encoded. What
 * follows in `withChain` is for making the decision again.
 */
const metadataOf = ({ key, digest, outcome, code, epoch, legs, source, decidedAt }: DecisionRecord) => ({
  "request-key": bounded(encoded(key), KEY_LENGTH_MAX),
  digest,
  outcome,
  ...(code === undefined ? {} : { code: field(code) }),
  epoch: String(epoch),
  legs: legsText(legs),
  "source-bucket": source.bucket,
  ...(source.versionId === undefined ? {} : { "source-version": source.versionId }),
  ...(source.sequencer === undefined ? {} : { "source-sequencer": field(source.sequencer) }),
  "event-time": source.eventTime,
  "decided-at": decidedAt,
});

/** The name of a copy that cannot have its request's own. */
export const nameUnderDigest = (key: string, digest: string): string =>
  `${boundedKey(escapeMarks(key))}~${digest}`;

/**
 * Plans the placement of a decided request. Pure.
 *
 * An accepted request goes to the archive bucket, a refused one to the rejected bucket, each under its own key; other
 * content of a used key, and what finds its name taken by another request, under `<key>~<digest>`.
 */
export const placementOf = (record: DecisionRecord, roles: BucketRoles): Placement => {
  const { key, digest, outcome, reused, source } = record;
  const underDigest = nameUnderDigest(key, digest);
  return {
    source: { bucket: source.bucket, key, versionId: source.versionId ?? NULL_VERSION },
    bucket: outcome === "accepted" ? roles.archive : roles.rejected,
    names: reused ? [underDigest] : [key, underDigest],
    metadata: withChain(metadataOf(record), record),
  };
};

type Metadata = Readonly<Record<string, string>>;

/** Whether an object of this metadata is a copy of this very request: same key, same content. */
export const isOfRequest = ({ metadata }: Placement, found: Metadata): boolean =>
  found["request-key"] === metadata["request-key"] && found.digest === metadata.digest;

/**
 * Whether it also tells of this very decision. How the copy came about does not matter, nor how much more it tells: what
 * was placed before that was told, or has a record that was made again since, is not placed and announced a second time.
 */
export const isOfDecision = ({ metadata }: Placement, found: Metadata): boolean => {
  const wanted = Object.entries(metadata).filter(isCompared);
  const told = Object.entries(found).filter(isCompared);
  return wanted.length === told.length && wanted.every(([name, value]) => found[name] === value);
};

/** Marks a copy that was made from the bytes in the record, since the source was gone or out of reach. */
export const REBUILT = "rebuilt";

const NOT_COMPARED: readonly string[] = [REBUILT, ...CHAIN_NAMES];
const isCompared = ([name]: readonly [string, string]): boolean => !NOT_COMPARED.includes(name);
