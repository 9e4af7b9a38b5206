import type { Facts } from "../../ledger/domain.ts";
import type { StoredState } from "../../ledger/entities.ts";
import type { HeadRow } from "../../ledger/reading.ts";
import { canonicalJson } from "./canonical-json.ts";

/** One stream in a snapshot: all that is needed to go on from there, and to check it. */
export type SnapshotLine = {
  readonly stream: string;
  /** Where the snapshot stands on the stream: a sequence, never a date. */
  readonly sequence: number;
  readonly hash: string;
  readonly epoch: number;
  /** The domain's state, as the head has it. */
  readonly state: StoredState;
  /** What the state amounts to. */
  readonly after: Facts;
};

/** The line of a head. Its newest decision has to be published before the line is handed on. */
export const lineOfHead = (
  { stream, sequence, hash, epoch, state }: HeadRow,
  postImage: (state: StoredState) => Facts,
): SnapshotLine => ({ stream, sequence, hash, epoch, state, after: postImage(state) });

/** A line's one text, with its newline: what is stored and what the digest covers. */
export const lineText = (line: SnapshotLine): string => `${canonicalJson(line)}\n`;

/** A line from its text; undefined if it is none. */
export const parseLine = (text: string): SnapshotLine | undefined => {
  try {
    const line = JSON.parse(text) as SnapshotLine; // checked below as far as anything rests on it
    const isLine =
      typeof line?.stream === "string" &&
      Number.isSafeInteger(line.sequence) &&
      typeof line.hash === "string" &&
      typeof line.state === "object";
    return isLine ? line : undefined;
  } catch {
    return undefined;
  }
};
