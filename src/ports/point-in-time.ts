/** Which instants a table can be restored to. All ISO instants, UTC. */
export type RestoreWindow = {
  readonly table: string;
  /** The first whole second that can be asked for. */
  readonly earliest: string;
  /** The last one: on AWS typically five minutes ago. */
  readonly latest: string;
  /** When the table began to be; there is nothing of it before. */
  readonly bornAt: string;
};

/**
 * Tears a restore: each item comes, with a chance of its own, as it was up to `withinMs` milliseconds earlier. So a
 * test gets what the real thing may give, which promises nothing across items. The same seed tears the same way.
 * Source: Amazon DynamoDB Developer Guide, "Amazon DynamoDB transactions: How it works" (backups see a transaction
 * gradually).
 */
export type Torn = { readonly seed: number; readonly withinMs: number };

export type RestoreTableRequest = {
  /** The table whose past is asked for. It may be gone by now where its past is kept elsewhere. */
  readonly table: string;
  /** The table to be made. */
  readonly to: string;
  /** ISO instant; what is below a second is cut off, as backups count in seconds. */
  readonly at: string;
  /** Not on AWS, which tears by itself and without a seed. */
  readonly torn?: Torn | undefined;
  /** The table is for a while only and dropped by whoever asked for it: it gets no backups, and is guarded by nothing. */
  readonly isScratch?: boolean | undefined;
  /** Called now and then while it lasts, with the time since the call in milliseconds. */
  readonly onWaiting?: ((waitedMs: number) => void) | undefined;
};

/**
 * `restored`: the table is there, usable, with backups of its own. `at` is the second it shows; `wasThere` says that an
 * earlier call for the same table and second, which may have ended in the middle, had begun it.
 * `noBackups`: nothing keeps this table's past (there is no such table, or its backups are off).
 * `beforeBirth`: the table was not there yet: ask the one that was live before it.
 * `outsideWindow`: in the future, too recent, or too long ago.
 * `targetExists`: a table of the name `to` is there that is not this restore's own.
 * Where the outcome is not `restored`, nothing was changed.
 */
export type RestoreTableOutcome =
  | {
      readonly outcome: "restored";
      readonly table: string;
      readonly at: string;
      readonly wasThere: boolean;
    }
  | { readonly outcome: "noBackups"; readonly table: string }
  | { readonly outcome: "beforeBirth"; readonly table: string; readonly bornAt: string }
  | {
      readonly outcome: "outsideWindow";
      readonly table: string;
      readonly earliest: string;
      readonly latest: string;
    }
  | { readonly outcome: "targetExists"; readonly table: string };

/**
 * Point-in-time recovery of tables: the state of each item as of a second, in a table of its own.
 *
 * Three backends: AWS (`aws/point-in-time.ts`), the journal of the local cloud (`local/point-in-time/`), and the
 * history of the model in memory (`local/point-in-time/over-memory.ts`).
 */
export interface PointInTime {
  /** Returns: undefined where nothing keeps this table's past. Throws: the service's error. */
  window(table: string): Promise<RestoreWindow | undefined>;
  /**
   * Makes the table and resolves once it can be used. May be called again after it was cut off: it goes on where it
   * was. Throws: the service's error; a `RangeError` for `at` that is no instant.
   */
  restore(request: RestoreTableRequest): Promise<RestoreTableOutcome>;
}

/** An instant cut to its whole second, epoch milliseconds. Throws: `RangeError` for text that is no instant. */
export const wholeSecondMs = (instant: string): number => {
  const atMs = Date.parse(instant);
  if (!Number.isFinite(atMs)) throw new RangeError(`Expected an ISO instant, got ${instant}`);
  return Math.floor(atMs / 1000) * 1000;
};

/** Why a table cannot be restored to a whole second, epoch milliseconds; undefined if it can. */
export const refusalOf = (
  table: string,
  atMs: number,
  window: RestoreWindow | undefined,
): RestoreTableOutcome | undefined => {
  if (window === undefined) return { outcome: "noBackups", table };
  const { earliest, latest, bornAt } = window;
  if (atMs < Date.parse(bornAt)) return { outcome: "beforeBirth", table, bornAt };
  if (atMs < Date.parse(earliest) || atMs > Date.parse(latest))
    return { outcome: "outsideWindow", table, earliest, latest };
  return undefined;
};
