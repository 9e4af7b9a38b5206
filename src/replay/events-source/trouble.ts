/** What is not as it was, or could not be told, of one request or decision. */
export type TroubleKind =
  /** There is no decision over it anywhere: reconcile has it decided anew. */
  | "not-placed"
  /** Decisions before it are missing on a stream, so its own chain hash cannot be known. */
  | "gap"
  /** Two decisions claim one place on a stream; neither was taken. */
  | "rivals"
  /** Something else lies where it should. */
  | "differs"
  /** What its copy tells cannot be read. */
  | "unreadable"
  /** Its copy holds other bytes than were decided. */
  | "other-content"
  /** The rules come to another outcome now; the recorded one was kept. */
  | "judged-otherwise"
  /** Made again with the same outcome and chain, but facts in it differ. */
  | "inexact"
  /** It could not be made again. */
  | "not-rebuilt"
  /** A report or a sealed manifest knows it, and there is nothing left of it. */
  | "gone";

export type Trouble = {
  readonly kind: TroubleKind;
  /** Of the request; where nothing tells it, of the object. */
  readonly key: string;
  /** For people, in half a sentence. */
  readonly detail: string;
};
