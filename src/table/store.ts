/** What an attribute of an item may hold. Numbers are safe integers or plain doubles; what has to be exact is an integer. */
export type Value =
  | string
  | number
  | boolean
  | null
  | readonly Value[]
  | { readonly [name: string]: Value | undefined };

export type Key = { readonly PK: string; readonly SK: string };

/** A whole item: its key, the attributes, and the attributes of the indexes it appears in. */
export type Item = Key & { readonly [attribute: string]: Value | undefined };

/**
 * What must hold of the item that is there, for a write to happen.
 * `absent`: there is none. `equals`: there is one and these attributes have these values.
 */
export type Condition =
  | { readonly absent: true }
  | { readonly equals: Readonly<Record<string, string | number | boolean>> };

export type Write =
  | { readonly put: Item; readonly if?: Condition | undefined }
  | { readonly delete: Key; readonly if?: Condition | undefined }
  | { readonly check: Key; readonly if: Condition };

/**
 * `committed`: all writes happened. `refused`: none did, because the conditions of the writes named did not hold.
 * `conflict`: none did, because another transaction or throttling was in the way.
 * `unknown`: a timeout or a broken connection; they may have happened or not. In both last cases: read again.
 */
export type WriteOutcome =
  | { readonly outcome: "committed" }
  | { readonly outcome: "refused"; readonly failed: readonly number[] }
  | { readonly outcome: "conflict"; readonly reason: string }
  | { readonly outcome: "unknown"; readonly reason: string };

export type Query = {
  /** Absent: the table itself. An index is read only for display and sweeps, never for a decision. */
  readonly index?: { readonly name: string; readonly partition: string; readonly sort?: string | undefined };
  readonly partition: string;
  /** Sort keys from `from` on (included) … */
  readonly from?: string | undefined;
  /** … to `to` (included), in UTF-8 byte order. */
  readonly to?: string | undefined;
  readonly newestFirst?: boolean;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
};

export type Page = { readonly items: readonly Item[]; readonly cursor?: string | undefined };

/**
 * The one table: whole items in, whole items out. Reads of the table itself are strongly consistent.
 *
 * Two backends, held equal by one contract suite: DynamoDB (`aws/dynamo-store.ts`) and the model in memory
 * (`local/memory-store.ts`).
 */
export interface Store {
  /** The items of these keys, in the order asked for. At most `GET_KEYS_MAX` keys; duplicates are allowed. */
  get(keys: readonly Key[]): Promise<readonly (Item | undefined)[]>;
  /** One write, atomic on its item. */
  write(write: Write): Promise<WriteOutcome>;
  /**
   * All or nothing over several items. Throws on more than `TRANSACTION_WRITES_MAX` writes or two on one item,
   * which is a defect of the caller.
   */
  transact(writes: readonly Write[]): Promise<WriteOutcome>;
  /**
   * Puts any number of items, whatever was there: fast, in no order and not atomic, for writing what nobody else
   * writes. Answers `committed` once all are there, never `refused`; after any other outcome some may be there: do it
   * again. Throws on two items of one key, before anything is written, which is a defect of the caller.
   */
  putAll(items: readonly Item[]): Promise<WriteOutcome>;
  query(query: Query): Promise<Page>;
  /** Every item, unordered, for harvest and verification only. `segment` of `segments` divides the work. */
  scan(request: {
    readonly segment: number;
    readonly segments: number;
    readonly cursor?: string | undefined;
  }): Promise<Page>;
}

/** DynamoDB: BatchGetItem takes 100 keys. */
export const GET_KEYS_MAX = 100;
/** DynamoDB: BatchWriteItem takes 25 puts; 25 items of 400 KB stay below its 16 MB. */
export const PUTS_PER_REQUEST_MAX = 25;
/** DynamoDB: TransactWriteItems takes 100 actions. */
export const TRANSACTION_WRITES_MAX = 100;
