/**
 * One thing that is not as it must be, and where. `sequence` 0: no place on the stream can be told.
 * `head-missing`: the table knows no such stream. `head-behind`: its head stands before the sequence.
 * `line-missing`: the head has gone on, but the line at the sequence is not there.
 * `hash`: head or line have another hash. `state`: the head has the hash and another state.
 * `decision-missing`: S3 lacks a decision. `decision-changed`: it is there and not as it was published.
 * `row-missing`, `row-extra`: a row is not there, or should not be. `attribute`: it says something else.
 * `unrepaired`: a restore has left the stream to be repaired; nothing more was compared of it.
 */
export type Difference = {
  readonly stream: string;
  readonly sequence: number;
  readonly what:
    | "head-missing"
    | "head-behind"
    | "line-missing"
    | "hash"
    | "state"
    | "decision-missing"
    | "decision-changed"
    | "row-missing"
    | "row-extra"
    | "attribute"
    | "unrepaired";
  readonly expected: string;
  readonly found: string;
  /** Keys of the row, where it is one row that differs. */
  readonly row?: { readonly PK: string; readonly SK: string };
  /** Name of the attribute that differs. */
  readonly attribute?: string;
};

/** A difference as a sentence for people. */
export const differenceText = (difference: Difference): string => {
  const { stream, sequence, row } = difference;
  const at = `${stream} at ${sequence}: `;
  return row === undefined
    ? `${at}${streamText(difference)}`
    : `${at}${rowText(difference, `the row ${row.PK} ${row.SK}`)}`;
};

const streamText = ({ what, expected, found }: Difference): string => {
  switch (what) {
    case "head-missing":
      return "the table has no head";
    case "head-behind":
      return `the head of the table is only at ${found}`;
    case "line-missing":
      return `the head is at ${found}, but the line is missing`;
    case "decision-missing":
      return `S3 must have ${expected}, it has ${found}`;
    case "decision-changed":
      return `the decision must be ${expected}, it is ${found}`;
    case "unrepaired":
      return `waits for its repair: "daybook replay" first`;
    default:
      return `the ${what} must be ${expected}, it is ${found}`;
  }
};

const rowText = ({ what, attribute, expected, found }: Difference, row: string): string => {
  switch (what) {
    case "row-missing":
      return `${row} is missing, it must be ${expected}`;
    case "row-extra":
      return `${row} must not be there, it is ${found}`;
    default:
      return `${row} must have ${attribute} ${expected}, it has ${found}`;
  }
};
