import { type Clock, isoInstant } from "../../ports/clock.ts";
import {
  type PointInTime,
  type RestoreTableRequest,
  type RestoreWindow,
  refusalOf,
  wholeSecondMs,
} from "../../ports/point-in-time.ts";
import type { MemoryStore } from "../memory-store.ts";
import { restoreId, windowOf } from "./window.ts";

/** Tables that are models in memory, by name; those made by restores are added. */
export type MemoryTables = {
  readonly tables: Map<string, MemoryStore>;
  /** An empty one, with the same clock. */
  readonly make: (table: string) => MemoryStore;
  readonly clock: Clock;
};

/** Point-in-time recovery among models in memory, from the history they keep. */
export const memoryPointInTime = ({ tables, make, clock }: MemoryTables): PointInTime => {
  const madeBy = new Map<string, string>();
  const window = (table: string): RestoreWindow | undefined => {
    const bornAtMs = tables.get(table)?.bornAtMs;
    return bornAtMs === undefined ? undefined : windowOf(table, bornAtMs, clock.now());
  };
  return {
    window: async table => window(table),
    restore: async (request: RestoreTableRequest) => {
      const atMs = wholeSecondMs(request.at);
      const at = isoInstant(atMs);
      const { table, to } = request;
      const refusal = refusalOf(table, atMs, window(table));
      if (refusal !== undefined) return refusal;
      const wasThere = tables.has(to);
      if (wasThere && madeBy.get(to) !== restoreId(request)) return { outcome: "targetExists", table: to };
      if (!wasThere) {
        const made = make(to);
        made.restore(tables.get(table)?.asOf(atMs, request.torn) ?? []);
        tables.set(to, made);
        madeBy.set(to, restoreId(request));
      }
      return { outcome: "restored", table: to, at, wasThere };
    },
  };
};
