import { isoInstant } from "../../ports/clock.ts";
import { type RestoreTableRequest, type RestoreWindow, wholeSecondMs } from "../../ports/point-in-time.ts";

/** The whole seconds from a table's birth to the present, epoch milliseconds; nothing is ever too long ago here. */
export const windowOf = (table: string, bornAtMs: number, nowMs: number): RestoreWindow => ({
  table,
  earliest: isoInstant(Math.ceil(bornAtMs / 1000) * 1000),
  latest: isoInstant(Math.floor(nowMs / 1000) * 1000),
  bornAt: isoInstant(bornAtMs),
});

/** What makes two restores the same one, so that the second goes on with the first. */
export const restoreId = ({ table, at, torn }: RestoreTableRequest): string =>
  JSON.stringify([table, wholeSecondMs(at), ...(torn === undefined ? [] : [torn.seed, torn.withinMs])]);
