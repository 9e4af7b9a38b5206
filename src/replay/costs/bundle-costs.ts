import { type PricedClass, requestCost, type Stored, storagePerMonth, transitionCost } from "./prices.ts";

/** What was measured of a day's bundles and of what they were made from. */
export type Measured = {
  /** Decisions in the bundles. */
  readonly records: number;
  /** Of the requests, as their copies lie in S3: an object each. */
  readonly requestBytes: number;
  readonly parts: { readonly objects: number; readonly bytes: number };
  /** Parts large enough for the cold class. */
  readonly coldParts: { readonly objects: number; readonly bytes: number };
  /** Indices and manifests. */
  readonly indices: { readonly objects: number; readonly bytes: number };
  /** Copies that were tagged, two reads and a write each. */
  readonly tagged: number;
};

/** One way of keeping a million requests, in dollars. */
export type CostLine = {
  readonly what: string;
  /** Objects and bytes kept for a million requests. */
  readonly objects: number;
  readonly bytes: number;
  readonly once: number;
  readonly perMonth: number;
};

const MILLION = 1_000_000;
/** Each decision is read to be bundled, and again to be compared. */
const READS_PER_RECORD = 2;
const KEYS_PER_LISTING = 1000;

/**
 * What a million requests cost to keep: a copy of each as it is, a copy of each in the cold class, and bundled. Scaled
 * from what was measured. The decisions' own objects are in none of them: they stay where they are.
 */
export const bundleCosts = (measured: Measured, coldClass: PricedClass): readonly CostLine[] => {
  const { records, requestBytes, parts, coldParts, indices } = measured;
  if (records === 0) return [];
  const copies = { objects: records, bytes: requestBytes };
  const warmParts = {
    objects: parts.objects - coldParts.objects,
    bytes: parts.bytes - coldParts.bytes,
  };
  const making = requestCost({
    reads: READS_PER_RECORD * records + 2 * (parts.objects + indices.objects) + 2 * measured.tagged,
    writes: parts.objects + indices.objects + Math.ceil(records / KEYS_PER_LISTING) + measured.tagged,
  });
  const lines = [
    lineOf("a copy of each, STANDARD", [{ ...copies, storageClass: "STANDARD" }], 0),
    lineOf(`a copy of each, ${coldClass}`, [{ ...copies, storageClass: coldClass }], 0),
    lineOf(
      `bundled, ${coldParts.objects === 0 ? "STANDARD" : coldClass}`,
      [
        { ...coldParts, storageClass: coldClass },
        { ...warmParts, storageClass: "STANDARD" },
        { ...indices, storageClass: "STANDARD" },
      ],
      making,
    ),
  ];
  return lines.map(line => perMillion(line, records));
};

const lineOf = (what: string, kept: readonly Stored[], requests: number): CostLine => {
  const sum = (of: (stored: Stored) => number): number => kept.reduce((total, each) => total + of(each), 0);
  return {
    what,
    objects: sum(({ objects }) => objects),
    bytes: sum(({ bytes }) => bytes),
    once: requests + sum(transitionCost),
    perMonth: sum(storagePerMonth),
  };
};

const perMillion = (line: CostLine, records: number): CostLine => {
  const factor = MILLION / records;
  return {
    what: line.what,
    objects: line.objects * factor,
    bytes: line.bytes * factor,
    once: line.once * factor,
    perMonth: line.perMonth * factor,
  };
};
