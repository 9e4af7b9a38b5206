import type { Item, Key, Write } from "../table/store.ts";

/** A JSON value without `undefined`: what a record may carry. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
export type Facts = { readonly [name: string]: Json };

/** A request as it lies in S3, read but not understood. */
export type RequestObject = {
  readonly key: string;
  /** Absent for an object that is not read: over `REQUEST_BYTES_MAX`, or in a cold storage class. */
  readonly bytes: Uint8Array | undefined;
  readonly sizeBytes: number;
  /** When S3 finished storing it; ISO instant. The only "now" a domain may judge against. */
  readonly eventTime: string;
};

/** An entry in the registry of originals: what a follow-up refers to. */
export type OriginalName = { readonly flow: string; readonly id: string };

/**
 * What can be said of a request without any state.
 * `streams`: the streams it names, in the domain's order of importance; the first takes a refusal.
 * `registers`: the entry its decision makes in the registry of originals, whatever the outcome.
 */
export type Parsed<Request> = {
  readonly streams: readonly string[];
  readonly registers?: OriginalName | undefined;
} & (
  | {
      readonly valid: true;
      readonly request: Request;
      /** The original this follow-up refers to. */
      readonly original?: OriginalName | undefined;
      /** Business time, seconds since the epoch: first part of the canonical order. */
      readonly timestamp: number;
    }
  | { readonly valid: false; readonly code: string; readonly facts: Facts }
);

/** What the registry says of an original: its object key, the stream that decided it, and how. */
export type Original = {
  readonly key: string;
  readonly stream: string;
  readonly outcome: "accepted" | "refused";
};

/** A verdict over a valid request, given the state of its streams. */
export type Verdict<Change> =
  | {
      readonly outcome: "accepted";
      readonly legs: readonly { readonly stream: string; readonly change: Change }[];
      readonly facts: Facts;
    }
  | { readonly outcome: "refused"; readonly code: string; readonly facts: Facts }
  /** The original is not decided yet: park, and judge again right after it. */
  | { readonly outcome: "deferred" };

/** What a request that cannot be decided yet waits for: its original, or a closed stream. */
export type Awaits = { readonly original: OriginalName } | { readonly stream: string };

/**
 * What the machinery needs of a domain: three pure functions in Emmett's sense (decide, evolve, initial state),
 * a parser, and the canonical text of a change. No clock, no random, no I/O: the same input gives the same output
 * for ever.
 */
export type Domain<Request, State, Change, Settings> = {
  readonly name: string;
  /** Version of the rules, recorded in every decision. */
  readonly rules: string;
  parse(object: RequestObject, settings: Settings): Parsed<Request>;
  /** The streams to read for a follow-up whose original is known; they begin with those it names itself. */
  streamsOf(parsed: Parsed<Request> & { valid: true }, original: Original | undefined): readonly string[];
  decide(
    request: Request,
    context: {
      readonly states: ReadonlyMap<string, State>;
      readonly original: Original | undefined;
      readonly settings: Settings;
    },
  ): Verdict<Change>;
  initialState(): State;
  evolve(state: State, change: Change): State;
  /** The change of a refusal: none, but it takes a sequence all the same. */
  noChange(): Change;
  /** Every field of a change that matters, as unambiguous text, in a fixed order: input of the chain hash. */
  canonicalFields(change: Change): readonly string[];
  /** What the state amounts to, for people and for checks: the record's post-image. */
  postImage(state: State): Facts;
  /** Whether the stream takes no requests for now: those that touch it wait under it until it is open again. */
  isClosed(state: State): boolean;
  /** Whether a request is decided on closed streams too, as the one that opens them again must be. */
  passesClosed(request: Request): boolean;
  /** How a follow-up is refused whose original did not come in time. */
  refuseUnfound(request: Request): { readonly code: string; readonly facts: Facts };
  /** Whether the stream shows in listings of streams; a stream known only from refusals does not. */
  isListed(state: State): boolean;
};

/** One stream's part of a decision. `change` and `after` are the domain's; the hash covers all but `after`. */
export type Leg<Change = unknown> = {
  readonly stream: string;
  /** Counts from 1 without a gap; refusals count too. */
  readonly sequence: number;
  readonly prevHash: string;
  readonly hash: string;
  readonly change: Change;
  readonly after: Facts;
};

/**
 * A decision as it is published in S3: everything a replay needs, nothing else read.
 * Identity: (key, digest). Source: ledgers study 3.2, with the request's text carried along.
 */
export type DecisionRecord<Change = unknown> = {
  readonly key: string;
  /** SHA-256 of the request's bytes, hex. */
  readonly digest: string;
  readonly outcome: "accepted" | "refused";
  /** Refusal code; absent when accepted. */
  readonly code?: string;
  readonly facts: Facts;
  readonly rules: string;
  readonly settings: Facts;
  readonly epoch: number;
  /** ISO instant of the decision; outside the hash. */
  readonly decidedAt: string;
  readonly legs: readonly Leg<Change>[];
  readonly registers?: OriginalName;
  /** The key stood for another content already: this decision is published under its digest. */
  readonly reused?: true;
  /**
   * Set where the request was judged anew, in place of the decision of this name; `decidedAt` is when it was first
   * decided. `announced`: the world was told of it by then, and must not be told again.
   */
  readonly replaces?: {
    readonly name: string;
    readonly decidedAt: string;
    readonly announced?: true;
  };
  /** Where the request lay and when S3 said so. */
  readonly source: {
    readonly bucket: string;
    readonly versionId?: string;
    readonly sequencer?: string;
    readonly eventTime: string;
    readonly sizeBytes: number;
  };
  /** The request itself: as text, or in base64 where it is not UTF-8 or too long escaped; absent if it was too large. */
  readonly text?: string;
  readonly base64?: string;
};

/** The rows a domain keeps beside the head, all derived from decisions. Pure. */
export type Projection<State, Change> = {
  /** Rows that show a stream's present state, written with its head. */
  headRows(head: {
    readonly stream: string;
    readonly state: State;
    readonly last: DecisionRecord<Change>;
    readonly leg: Leg<Change>;
  }): readonly Item[];
  /** Rows that tell what one leg did: its line, and what it puts or takes away. */
  legRows(record: DecisionRecord<Change>, leg: Leg<Change>): readonly Write[];
  /** The line of a leg; its item has the attribute `hash`. */
  lineKey(stream: string, sequence: number): Key;
  /**
   * Which leg wrote a row of this projection last, for lines, what they put, and rows of the head; else undefined.
   * `hash`: the leg's, in the attribute `hash` of the row. Without it a request that is decided anew at the very place
   * it had, otherwise than before, cannot be told from what it was.
   */
  legOf(item: Item):
    | {
        readonly stream: string;
        readonly sequence: number;
        readonly key: string;
        readonly hash?: string;
      }
    | undefined;
  /** The name under which a row is open that a later decision takes away; undefined for a row that stays. */
  passingName(item: Item): string | undefined;
  /** The names of all that is open in a state: as many passing rows its stream has. */
  passingNames(state: State): readonly string[];
};
