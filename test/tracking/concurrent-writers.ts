import { expect } from "vitest";
import { projectObservations } from "../../src/ledger/project.ts";
import { MemoryStore } from "../../src/local/memory-store.ts";
import { isoInstant } from "../../src/ports/clock.ts";
import type { Store } from "../../src/table/store.ts";
import { identityText } from "../../src/tracking/identity.ts";
import type { Observation, ObservationRow } from "../../src/tracking/observation.ts";
import { readObservations, readState } from "../../src/tracking/refresh-state.ts";
import { compareText } from "../../src/tracking/sequencer.ts";
import { observedState } from "../../src/tracking/state.ts";
import { currentView, versionsOf } from "../../src/tracking/views.ts";
import { GATE_TABLE, type GateLedger, openGates } from "../support/gates.ts";
import { BUCKET, type Told } from "./concurrent-stories.ts";
import { rowsOf } from "./notation.ts";

/** A message that is not through after so many deliveries never will be. */
const DELIVERIES_MAX = 50;
/** Long enough for any batch here: nothing is judged, so nobody looks at the time. */
const REMAINING_MS = 1000;

/** Trouble on the way to the table: nobody knows whether the call happened, its batch comes again. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

const still = openGates(new MemoryStore(GATE_TABLE)).ledger;

/** A ledger over this table whose time stands still. */
export const ledgerOver = (store: Store): GateLedger => ({ ...still, store, published: new Map() });

/** Brings batches to the table one after the other, each until all of it is through, as a queue's consumer does. */
export const consume = async (store: Store, batches: readonly (readonly Observation[])[]): Promise<void> => {
  const ledger = ledgerOver(store);
  for (const batch of batches) {
    let left = batch;
    for (let deliveries = 0; left.length > 0; deliveries += 1) {
      if (deliveries === DELIVERIES_MAX) throw new Error(`${left.length} observations are never through`);
      left = await leftOf(ledger, left);
    }
  }
};

const leftOf = async (ledger: GateLedger, batch: readonly Observation[]): Promise<readonly Observation[]> => {
  try {
    const troubles = await projectObservations(ledger, batch, () => REMAINING_MS);
    return batch.filter(each => troubles.has(identityText(each)));
  } catch (error) {
    if (error instanceof ConnectionLost) return batch;
    throw error;
  }
};

/** What the table holds of a key: its rows, and its state without the count of its writes. */
export type Kept = {
  readonly rows: readonly ObservationRow[];
  readonly state: Awaited<ReturnType<typeof readState>>;
};

export const keptOf = async (store: Store, key: string): Promise<Kept> => {
  const ledger = ledgerOver(store);
  const state = await readState(ledger, key);
  return { rows: await readObservations(ledger, key), state: state && { ...state, revision: 0 } };
};

/** What one writer alone makes of the same news, one after the other in the order in which it happened. */
export const keptInSequence = async (key: string, observations: readonly Observation[]): Promise<Kept> => {
  const store = new MemoryStore(GATE_TABLE);
  const inOrder = observations.toSorted((left, right) => compareText(left.time, right.time));
  await consume(
    store,
    inOrder.map(observation => [observation]),
  );
  return keptOf(store, key);
};

/** The same without a table: what the rows of these observations are and tell. */
export const keptByModel = (key: string, observations: readonly Observation[]): Kept => {
  const receivedAt = isoInstant(still.clock.now());
  const rows = rowsOf(observations).map(row => ({ ...row, receivedAt }));
  const state = observedState({ previous: undefined, key, rows, roles: still.roles });
  return { rows, state: state && { ...state, revision: 0 } };
};

/** Counters left out: whoever gets no answer and tries again counts a delivery twice, or not at all. */
export const uncounted = ({ rows, state }: Kept): Kept => ({
  rows: rows.map(row => ({ ...row, duplicates: 0 })),
  state,
});

/** Expects rows, views and state to tell what S3 itself has. */
export const expectTruth = ({ rows, state }: Kept, { oracle, isAnyLost }: Told): void => {
  const current = oracle.current();
  const seen = currentView(rows, BUCKET);
  expect(seen && { versionId: seen.versionId, eTag: seen.latest.eTag }).toEqual(
    current && { versionId: current.versionId, eTag: current.eTag },
  );
  const found = versionsOf(rows, BUCKET).filter(each => each.state !== "gone");
  const names = found.map(({ versionId, state }) => `${versionId} ${state}`);
  const there = oracle.versions().map(each => `${each.versionId} ${each.isMarker ? "marker" : "object"}`);
  // Where notifications are lost, pictures of one second may stand in either order below the current version.
  expect(isAnyLost ? names.sort() : names).toEqual(isAnyLost ? there.sort() : there);
  expect(state?.inArchiveBucket ?? false).toBe(current !== undefined);
  expect(state?.location?.versionId).toBe(current?.versionId);
};
