import { identityText } from "../identity.ts";
import type { ObservationRow } from "../observation.ts";
import { type ObserveOutcome, observe } from "../observe.ts";
import { compareText } from "../sequencer.ts";
import { type FlatRow, flatView, isReordered } from "../views.ts";

/** Rows of a key whose outcomes are told: each is compared with all before it. */
const TOLD_ROWS_MAX = 1_000;

/** An observation, and what it was to us when it came; `outcome` is absent for a key of very many rows. */
export type HistoryRow = FlatRow & {
  readonly isReordered: boolean;
  readonly outcome?: ObserveOutcome | undefined;
};

/**
 * All that was observed of a key, by bucket and in S3's order, each with what it was when it came. The order of arrival
 * is that of the deliveries; what came without one, such as a picture, counts as come at its own time.
 */
export const historyOf = (rows: readonly ObservationRow[]): readonly HistoryRow[] => {
  const flat = flatView(rows);
  const outcomes: ReadonlyMap<string, ObserveOutcome> =
    rows.length > TOLD_ROWS_MAX ? new Map() : outcomesOf(flat);
  return flat.map(row => {
    const outcome = outcomes.get(identityText(row));
    return { ...row, isReordered: isReordered(row, rows), ...(outcome === undefined ? {} : { outcome }) };
  });
};

const outcomesOf = (flat: readonly FlatRow[]): ReadonlyMap<string, ObserveOutcome> => {
  const arrivals = flat.toSorted((left, right) => compareText(arrivalOf(left), arrivalOf(right)));
  const outcomes = new Map<string, ObserveOutcome>();
  let known: readonly ObservationRow[] = [];
  for (const { isCurrent: _, ...row } of arrivals) {
    const { rows, outcome } = observe(known, row);
    known = rows;
    outcomes.set(identityText(row), outcome);
  }
  return outcomes;
};

const arrivalOf = ({ receivedAt, time }: ObservationRow): string => receivedAt ?? time;
