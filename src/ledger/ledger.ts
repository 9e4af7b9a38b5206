import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../table/store.ts";
import type { TrackingEntities } from "../tracking/entities.ts";
import type { BucketRoles } from "../tracking/state.ts";
import type { Domain, Facts, Projection } from "./domain.ts";
import type { LedgerEntities } from "./entities.ts";

/** What deciding needs: the ports, the domain, and where this deployment keeps things. Made once, in `app.ts`. */
export type Ledger<Request, State, Change, Settings> = {
  readonly store: Store;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly domain: Domain<Request, State, Change, Settings>;
  readonly projection: Projection<State, Change>;
  readonly settings: Settings & Facts;
  readonly rows: LedgerEntities & TrackingEntities;
  readonly roles: BucketRoles;
  readonly decisionsBucket: string;
  /** The table and the decisions of one life of the system; a restore begins the next. */
  readonly epoch: number;
  /** How many days a follow-up waits for its original before it is refused, counted from when S3 stored it. */
  readonly parkedDays: number;
  /** Sequences this process knows to be published, by stream: saves asking S3 again. Never wrong, may be behind. */
  readonly published: Map<string, number>;
  /** Told when this ledger meets the marker of the next epoch: whoever made it reads again which table is live. */
  readonly onEpochOver?: (() => void) | undefined;
};

// biome-ignore lint/suspicious/noExplicitAny: the four parameters meet again in app.ts, where they are exact.
export type AnyLedger = Ledger<any, any, any, any>;
