import type { DecisionRecord, Leg } from "../../ledger/domain.ts";
import { headShard } from "../../ledger/entities.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import type { Item } from "../../table/store.ts";
import type { ExpectedRow } from "./compare-rows.ts";

/** One decision on a stream, with the leg it has there. */
export type Step = { readonly record: DecisionRecord; readonly leg: Leg; readonly text: string };

/** What all decisions on a stream leave under its name, by sort key. Pure. */
export const rowsOfSteps = (
  { projection }: Pick<AnyLedger, "projection">,
  steps: readonly Step[],
): Map<string, ExpectedRow> => {
  const rows = new Map<string, ExpectedRow>();
  for (const { record, leg } of steps)
    for (const write of projection.legRows(record, leg)) {
      if ("put" in write) rows.set(write.put.SK, { item: write.put, sequence: leg.sequence });
      else if ("delete" in write) rows.delete(write.delete.SK);
    }
  return rows;
};

/** The head and the rows that show it, after the last decision. `found`: the head there is. Pure. */
export const rowsOfEnd = (
  ledger: AnyLedger,
  { record, leg, text }: Step,
  state: unknown,
  found: Item | undefined,
  parked: number,
): readonly ExpectedRow[] => {
  const { stream, sequence, hash } = leg;
  const item = ledger.rows.head.item({
    ...{ stream, sequence, hash, last: text, shard: headShard(stream), parkedCount: parked },
    state: state as { readonly [name: string]: unknown }, // as whoever commits puts it
    epoch: within(found?.epoch, record.epoch, ledger.epoch),
    publishedThrough: within(found?.publishedThrough, sequence - 1, sequence),
  });
  const shown: readonly Item[] = ledger.projection.headRows({ stream, state, last: record, leg });
  return [item, ...shown].map(each => ({ item: each, sequence }));
};

/** What no decision tells to the digit: a repair raises the epoch, and what is known to be published. */
const within = (value: unknown, from: number, to: number): number =>
  Number.isSafeInteger(value) && Number(value) >= from && Number(value) <= to ? Number(value) : to;
