import type { Item, Write } from "../table/store.ts";
import { OBSERVATION_RANGE, objectPartition, type TrackingEntities } from "./entities.ts";
import type { ObservationRow } from "./observation.ts";
import { type BucketRoles, type ObjectState, observedState } from "./state.ts";
import type { TrackingTable } from "./track.ts";

/** Tries for a state. Every event of one key competes for it, and a try is lost only if another one was won. */
const STATE_TRIES_MAX = 32;

/** Pages of one key's rows, each 1 MB or some 2,000 rows: a key with more is no request but a defect. */
const ROW_PAGES_MAX = 100;

export type Refreshed =
  | { readonly outcome: "written" | "unchanged"; readonly state: ObjectState }
  /** Nothing was ever seen under this key. */
  | { readonly outcome: "unknown" }
  /** Others kept writing, or the table kept refusing; what is missing comes with the next refresh. */
  | { readonly outcome: "failed"; readonly reason: string };

/**
 * Brings the STATE row of a key up to what its observation rows tell; decision, parking and stream stay as they are.
 * Writes only if something changed, on condition that nobody else wrote meanwhile.
 *
 * Concurrent refreshes converge: the state is read before the rows, so whoever writes has seen all rows written
 * before the state it replaces, and whoever adds a row refreshes after it.
 * Throws: what the store throws.
 */
export const refreshState = async (
  table: TrackingTable,
  key: string,
  roles: BucketRoles,
): Promise<Refreshed> => {
  let reason = "";
  for (let tries = 0; tries < STATE_TRIES_MAX; tries += 1) {
    const previous = await readState(table, key);
    const rows = await readObservations(table, key);
    const next = observedState({ previous, key, rows, roles });
    if (next === undefined) return { outcome: "unknown" };
    if (next === previous) return { outcome: "unchanged", state: next };
    const written = await table.store.write(stateWrite(table.rows, previous, next));
    if (written.outcome === "committed") return { outcome: "written", state: next };
    if (written.outcome !== "refused") reason = written.reason;
  }
  return { outcome: "failed", reason: reason || `state changed ${STATE_TRIES_MAX} times meanwhile` };
};

/** The state of a key, read consistently; `undefined` if there is none. */
export const readState = async (table: TrackingTable, key: string): Promise<ObjectState | undefined> => {
  const [item] = await table.store.get([table.rows.state.key({ key })]);
  return item === undefined ? undefined : table.rows.state.read(item);
};

/** Every observation of a key over all buckets, read consistently. Throws above `ROW_PAGES_MAX` pages. */
export const readObservations = async (
  table: TrackingTable,
  key: string,
): Promise<readonly ObservationRow[]> =>
  (await itemsOf(table, key, OBSERVATION_RANGE)).map(table.rows.observation.read);

/**
 * Every observation of a key and its state, in one consistent query. It is no snapshot: the state may be older or newer
 * than the observations, so no state is written by it.
 */
export const readTracked = async (
  table: TrackingTable,
  key: string,
): Promise<{ readonly rows: readonly ObservationRow[]; readonly state?: ObjectState }> => {
  const { observation, state } = table.rows;
  const stateKey = state.key({ key });
  const items = await itemsOf(table, key, { from: OBSERVATION_RANGE.from, to: stateKey.SK });
  const stateItem = items.find(({ SK }) => SK === stateKey.SK);
  return {
    rows: items.filter(({ SK }) => SK <= OBSERVATION_RANGE.to).map(observation.read),
    ...(stateItem !== undefined && { state: state.read(stateItem) }),
  };
};

const itemsOf = async (
  { store }: TrackingTable,
  key: string,
  range: { readonly from: string; readonly to: string },
): Promise<readonly Item[]> => {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < ROW_PAGES_MAX; pages += 1) {
    const page = await store.query({ partition: objectPartition(key), ...range, cursor });
    items.push(...page.items);
    cursor = page.cursor;
    if (cursor === undefined) return items;
  }
  throw new Error(`Expected at most ${ROW_PAGES_MAX} pages of observations of ${key}, there are more`);
};

/** The write of a state that replaces `previous`, on condition that it is still the one there. */
export const stateWrite = (
  rows: Pick<TrackingEntities, "state">,
  previous: ObjectState | undefined,
  next: ObjectState,
): Write => ({
  put: rows.state.item(next),
  if: previous === undefined ? { absent: true } : { equals: { revision: previous.revision } },
});
