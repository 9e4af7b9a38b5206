import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { PartUploads } from "../ports/part-uploads.ts";
import type { Random } from "../ports/random.ts";
import type { Env } from "./read-variable.ts";
import type { Records } from "./records.ts";
import type { Settings } from "./settings.ts";

/** A clock that can ring, and be told not to: children have deadlines, and a child that ended leaves none behind. */
export interface BridgeTime extends Clock {
  /** Calls `ring` after `delayMs`. Returns: cancel, which may be called at any time. */
  alarm(delayMs: number, ring: () => void): () => void;
}

/** A bridge, put together. */
export type Bridge = {
  readonly settings: Settings;
  readonly objects: ObjectStore;
  readonly parts: PartUploads;
  readonly records: Records;
  readonly time: BridgeTime;
  readonly random: Random;
  readonly log: Log;
  /** What the handler inherits. */
  readonly env: Env;
  /** Where folders are made; one's own, since stale ones in it are removed. */
  readonly temporaryFolder: string;
};

/** Milliseconds that are left for whatever is asked. */
export type RemainingMs = () => number;
