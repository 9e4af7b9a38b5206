import type { Observation } from "../../tracking/observation.ts";

/**
 * What reconcile can find.
 *
 * `lost`: S3 shows it and tracking was never told. `undecided`: a request that tracking knows and that has no decision.
 * `unpublished`: a decision that is committed and not in S3. `unplaced`: one that is published, and its request in neither
 * bucket of its outcome. `gone`: tracking believed it there, a second look found
 * nothing. `stillThere`: the second look found it. `underWay`: too young to tell whether it is lost or undecided.
 * `failed`: it could not be looked at or marked.
 */
export const FINDINGS = [
  "lost",
  "undecided",
  "unpublished",
  "unplaced",
  "gone",
  "stillThere",
  "underWay",
  "failed",
] as const;

export type Finding = (typeof FINDINGS)[number];

export type Example = {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  /** ISO instant. */
  readonly time: string;
  readonly reason?: string | undefined;
};

/** How often each was found. `pictures`: versions and markers looked at; `known`: those of them that are not lost. */
export type Counts = Readonly<Record<"pictures" | "known" | Finding, number>>;

export type Tally = {
  /** Adds to what was looked at. */
  look(counts: { readonly pictures?: number; readonly known?: number }): void;
  add(finding: Finding, observation: Observation, reason?: string): void;
  counts(): Counts;
  examples(): Readonly<Record<Finding, readonly Example[]>>;
};

/** Examples kept of each finding. */
export const EXAMPLES_MAX = 100;

export const newTally = (): Tally => {
  const counts = { pictures: 0, known: 0, ...zeroOfEach() };
  const examples = Object.fromEntries(FINDINGS.map(finding => [finding, []])) as unknown as Record<
    Finding,
    Example[]
  >; // one list for each, by the line above
  return {
    look: ({ pictures = 0, known = 0 }) => {
      counts.pictures += pictures;
      counts.known += known;
    },
    add: (finding, { bucket, key, versionId, time }, reason) => {
      counts[finding] += 1;
      if (examples[finding].length >= EXAMPLES_MAX) return;
      examples[finding].push({ bucket, key, versionId, time, ...(reason !== undefined && { reason }) });
    },
    counts: () => ({ ...counts }),
    examples: () => examples,
  };
};

const zeroOfEach = (): Record<Finding, number> => ({
  lost: 0,
  undecided: 0,
  unpublished: 0,
  unplaced: 0,
  gone: 0,
  stillThere: 0,
  underWay: 0,
  failed: 0,
});
