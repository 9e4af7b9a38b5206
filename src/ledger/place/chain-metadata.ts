import { sha256Hex } from "../chain.ts";
import type { DecisionRecord } from "../domain.ts";
import { recordText } from "../record.ts";

type Metadata = Readonly<Record<string, string>>;

/** Source: Amazon S3 User Guide, "Working with object metadata": names and values together. */
const METADATA_BYTES_MAX = 2_048;
/** Kept free for the mark of a copy that was made from the record, and for one more like it. */
const KEPT_FREE_BYTES = 32;

/** Names of what is told as far as there is room; copies made before it was told are without. */
export const CHAIN_NAMES = ["record", "prev", "rules", "settings", "replaces", "changes"] as const;

const bytesOf = (metadata: Metadata): number => Buffer.byteLength(Object.entries(metadata).flat().join(""));

const json = (value: unknown): string => encodeURIComponent(JSON.stringify(value));

/** What else of a decision its copy tells, the most telling first. */
const groupsOf = (record: DecisionRecord): readonly Metadata[] => {
  const { legs, rules, settings, outcome, replaces } = record;
  return [
    { record: sha256Hex(recordText(record)) },
    { prev: legs.map(({ prevHash }) => prevHash).join(",") },
    { rules: encodeURIComponent(rules), settings: json(settings) },
    ...(replaces === undefined ? [] : [{ replaces: json(replaces) }]),
    ...(outcome === "accepted" ? [{ changes: json(legs.map(({ change }) => change)) }] : []),
  ];
};

/**
 * What lets a lost decision be made again from its copy, to the byte, and be proved to be the one: the SHA-256 of its
 * text (`record`), its predecessors' hashes (`prev`), rules and settings it was judged by, what it replaced, and
 * the changes it made.
 * Each only as long as it fits beside what is told already. Pure.
 */
export const withChain = (told: Metadata, record: DecisionRecord): Metadata => {
  let metadata = told;
  for (const group of groupsOf(record)) {
    const more = { ...metadata, ...group };
    if (bytesOf(more) <= METADATA_BYTES_MAX - KEPT_FREE_BYTES) metadata = more;
  }
  return metadata;
};
