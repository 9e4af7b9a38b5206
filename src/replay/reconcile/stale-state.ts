import type { AnyLedger } from "../../ledger/ledger.ts";
import type { ObservationRow } from "../../tracking/observation.ts";
import { refreshState } from "../../tracking/refresh-state.ts";
import { type ObjectState, observedState } from "../../tracking/state.ts";

/**
 * Brings a state up to what is known of its key, where it lags behind: whoever recorded the last of it may have died
 * before this, or a restore may have kept the one and lost the other. Throws: what the store throws.
 */
export const refreshIfStale = async (
  ledger: AnyLedger,
  key: string,
  rows: readonly ObservationRow[],
  previous: ObjectState | undefined,
): Promise<void> => {
  const { roles } = ledger;
  if (observedState({ previous, key, rows, roles }) !== previous) await refreshState(ledger, key, roles);
};
