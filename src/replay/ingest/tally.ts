/** A picture that could not be taken in, or a key whose state could not. */
export type Trouble = {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  readonly reason: string;
};

/** What became of pictures. */
export type IngestCounts = {
  /** Pictures looked at. */
  readonly records: number;
  /** Told something that no row told, and were recorded. */
  readonly new: number;
  /** Told nothing that the rows of their key do not tell. */
  readonly known: number;
  /** Had no version id where objects are known to have one, and were left out. */
  readonly ambiguous: number;
  /** Not recorded, or not to be seen in the state of their key yet. */
  readonly failed: number;
  /** States written: of keys with something new, and of those that a crash had left behind. */
  readonly states: number;
};

export type IngestTally = {
  readonly counts: IngestCounts;
  /** The first `TROUBLES_MAX` failures. */
  readonly troubles: readonly Trouble[];
};

/** Failures kept to be shown: who has more does not read them. */
export const TROUBLES_MAX = 100;

/** Before the first picture. */
export const EMPTY_TALLY: IngestTally = {
  counts: { records: 0, new: 0, known: 0, ambiguous: 0, failed: 0, states: 0 },
  troubles: [],
};

export const tallyOf = ({
  troubles,
  ...counts
}: Omit<IngestCounts, "failed"> & { readonly troubles: readonly Trouble[] }): IngestTally => ({
  counts: { ...counts, failed: troubles.length },
  troubles: troubles.slice(0, TROUBLES_MAX),
});

export const addTallies = (tallies: readonly IngestTally[]): IngestTally => tallies.reduce(sum, EMPTY_TALLY);

const sum = (left: IngestTally, right: IngestTally): IngestTally => ({
  counts: {
    records: left.counts.records + right.counts.records,
    new: left.counts.new + right.counts.new,
    known: left.counts.known + right.counts.known,
    ambiguous: left.counts.ambiguous + right.counts.ambiguous,
    failed: left.counts.failed + right.counts.failed,
    states: left.counts.states + right.counts.states,
  },
  troubles:
    left.troubles.length >= TROUBLES_MAX || right.troubles.length === 0
      ? left.troubles
      : [...left.troubles, ...right.troubles].slice(0, TROUBLES_MAX),
});
