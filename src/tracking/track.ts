import { isDeepStrictEqual } from "node:util";
import pMap from "p-map";
import { type Store, TRANSACTION_WRITES_MAX, type Write } from "../table/store.ts";
import { type Counted, orderBatch } from "./batch.ts";
import type { TrackingEntities } from "./entities.ts";
import { onlyKnown } from "./known.ts";
import { mergeCopy } from "./merge.ts";
import type { Observation, ObservationRow } from "./observation.ts";

/** The table and the rows tracking keeps in it. */
export type TrackingTable = {
  readonly store: Store;
  readonly rows: Pick<TrackingEntities, "observation" | "state">;
};

/** What became of one distinct observation of a batch. */
export type Tracked = { readonly observation: Observation } & (
  | { readonly outcome: "recorded" | "duplicate" | "ignored" }
  /** The table kept refusing; nothing is lost if its message is delivered again. */
  | { readonly outcome: "failed"; readonly reason: string }
);

/** Writes in flight at once: more than a batch of ten needs, few enough that a large one is not throttled. */
const WRITES_AT_ONCE_MAX = 16;

/** Tries for one row. Only deliveries of one and the same event compete for it, so a few are plenty. */
const ROW_TRIES_MAX = 8;

/** Transactions tried for new rows: the first tells which are known, the second goes without those. */
const NEW_TRIES_MAX = 2;

/**
 * Records what was observed: a row per event, written if absent; a further delivery raises the row's counter. Writes
 * no state: of a request that is about to be judged the ledger writes it, for others call `refreshState`.
 *
 * Returns: one outcome per distinct observation, in the batch's order. Safe to repeat.
 * Throws:  what the store throws.
 */
export const track = async (
  table: TrackingTable,
  observations: readonly Observation[],
  delivery: { readonly receivedAt?: string | undefined } = {},
): Promise<readonly Tracked[]> => {
  const batch = orderBatch(observations);
  const { recorded, isUnknown } = await recordNew(table, batch, delivery.receivedAt);
  return pMap(
    batch,
    counted =>
      recorded.has(counted)
        ? { observation: counted.observation, outcome: "recorded" }
        : recordOne(table, counted, delivery.receivedAt, isUnknown),
    { concurrency: WRITES_AT_ONCE_MAX },
  );
};

/**
 * Writes the rows of events never seen before in one transaction, since most events of a batch are: one request
 * instead of ten. Rows that are there already drop out, once; whatever then stands in the way, the rest is left to be
 * written one by one.
 */
const recordNew = async (
  { store, rows }: TrackingTable,
  batch: readonly Counted[],
  receivedAt: string | undefined,
): Promise<{ readonly recorded: ReadonlySet<Counted>; readonly isUnknown: boolean }> => {
  let left = batch
    .filter(({ observation }) => observation.kind !== "ignored")
    .slice(0, TRANSACTION_WRITES_MAX);
  for (let tries = 0; tries < NEW_TRIES_MAX && left.length > 1; tries += 1) {
    const firsts = left.map(({ observation, copies }) => firstRow(observation, copies, receivedAt));
    const written = await store.transact(firsts.map(row => rowWrite(rows, undefined, row)));
    if (written.outcome === "committed") return { recorded: new Set(left), isUnknown: false };
    if (written.outcome !== "refused")
      return { recorded: new Set(), isUnknown: written.outcome === "unknown" };
    const known = new Set(written.failed);
    left = left.filter((_, i) => !known.has(i));
  }
  return { recorded: new Set(), isUnknown: false };
};

const recordOne = async (
  table: TrackingTable,
  { observation, copies }: Counted,
  receivedAt: string | undefined,
  wasTried: boolean,
): Promise<Tracked> => {
  if (observation.kind === "ignored") return { observation, outcome: "ignored" };
  const { store, rows } = table;
  const first = firstRow(observation, copies, receivedAt);
  let known: ObservationRow | undefined;
  let reason = "";
  for (let tries = 0; tries < ROW_TRIES_MAX; tries += 1) {
    const next = known === undefined ? first : mergeCopy(known, observation, copies);
    if (next === known) return { observation, outcome: "duplicate" };
    const written = await store.write(rowWrite(rows, known, next));
    if (written.outcome === "committed")
      return { observation, outcome: known === undefined ? "recorded" : "duplicate" };
    if (written.outcome !== "refused") reason = written.reason;
    const [item] = await store.get([rows.observation.key(observation)]);
    const found = item === undefined ? undefined : rows.observation.read(item);
    // An answer was lost, now or before: if what lies there is what we wrote, we wrote it.
    if ((written.outcome === "unknown" || wasTried) && isDeepStrictEqual(found, next))
      return { observation, outcome: known === undefined ? "recorded" : "duplicate" };
    known = found;
  }
  return { observation, outcome: "failed", reason: reason || `row changed ${ROW_TRIES_MAX} times meanwhile` };
};

const firstRow = (observation: Observation, copies: number, receivedAt: string | undefined): ObservationRow =>
  onlyKnown({
    ...observation,
    duplicates: observation.source === "notification" ? copies - 1 : 0,
    receivedAt,
  });

const rowWrite = (
  rows: TrackingTable["rows"],
  known: ObservationRow | undefined,
  next: ObservationRow,
): Write => ({
  put: rows.observation.item(next),
  if: known === undefined ? { absent: true } : { equals: { duplicates: known.duplicates } },
});
