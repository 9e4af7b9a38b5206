import { headShard } from "../../ledger/entities.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { livePointers, placeOfLive } from "../../ledger/live.ts";
import type { PointInTime, RestoreTableOutcome, Torn } from "../../ports/point-in-time.ts";
import { wholeSecondMs } from "../../ports/point-in-time.ts";
import { PUTS_PER_REQUEST_MAX, type Store } from "../../table/store.ts";
import { inBatches } from "../snapshot/in-batches.ts";
import { readManifest, type SnapshotManifest } from "../snapshot/manifest.ts";
import { isSnapshotId } from "../snapshot/snapshot-keys.ts";
import { snapshotLines } from "../snapshot/snapshot-lines.ts";
import { checkNotJudgedSince, type RestorePlan } from "./plan.ts";
import { RestoreRefused } from "./restore-errors.ts";
import { checkAlone } from "./write-table.ts";

/** The tables a restore reads and makes. */
export type Tables = {
  /** Absent where nothing keeps the past of tables. */
  readonly pointInTime: PointInTime | undefined;
  open(table: string): Promise<Store>;
  /** Makes an empty table unless it is there, and resolves once it can be used. */
  create(table: string): Promise<Store>;
};

const HEADS_AT_ONCE = 20 * PUTS_PER_REQUEST_MAX;

/** Whether the base can be had, before anything is written. Throws: `RestoreRefused`; `SnapshotDamaged`. */
export const checkBase = async (ledger: AnyLedger, tables: Tables, plan: RestorePlan): Promise<void> => {
  if (plan.from.kind === "snapshot") {
    const manifest = await snapshotOf(ledger, plan.from.id);
    checkNotJudgedSince(await livePointers(placeOfLive(ledger)), manifest.epoch);
    // All its parts are read, so that a damaged one is found before anything stops.
    for await (const _ of snapshotLines(placeOfLive(ledger), manifest));
    return;
  }
  const { at = plan.from.at } = plan;
  if (wholeSecondMs(plan.from.at) > ledger.clock.now())
    throw new RestoreRefused(`${plan.from.at} is in the future: name an instant before the loss.`);
  const window = await tables.pointInTime?.window(plan.source);
  if (window === undefined)
    throw new RestoreRefused(refusalText({ outcome: "noBackups", table: plan.source }));
  const { earliest, latest, bornAt, table } = window;
  const atMs = wholeSecondMs(at);
  if (atMs < Date.parse(bornAt))
    throw new RestoreRefused(refusalText({ outcome: "beforeBirth", table, bornAt }));
  if (atMs < Date.parse(earliest) || atMs > Date.parse(latest))
    throw new RestoreRefused(refusalText({ outcome: "outsideWindow", table, earliest, latest }));
};

const refusalText = (refusal: Exclude<RestoreTableOutcome, { outcome: "restored" }>): string => {
  switch (refusal.outcome) {
    case "noBackups":
      return `Nothing keeps the past of the table ${refusal.table}: restore from a snapshot ("daybook snapshots" lists them).`;
    case "beforeBirth":
      return `The table ${refusal.table} was not there before ${refusal.bornAt}: name a later instant.`;
    case "outsideWindow":
      return `The table ${refusal.table} can be restored from ${refusal.earliest} to ${refusal.latest}: name an instant in between, or restore from a snapshot.`;
    case "targetExists":
      return `There is a table ${refusal.table} already that is not this restore's: look what it is, then drop it.`;
  }
};

const snapshotOf = async (ledger: AnyLedger, id: string): Promise<SnapshotManifest> => {
  const manifest = isSnapshotId(id) ? await readManifest(placeOfLive(ledger), id) : undefined;
  if (manifest === undefined)
    throw new RestoreRefused(
      `There is no finished snapshot ${id}: "daybook snapshots" lists those there are.`,
    );
  return manifest;
};

/**
 * Makes the table of a plan, or finds it made. Throws: `RestoreRefused`; what the ports throw.
 *
 * `torn`: as `PointInTime.restore`. `onWaiting`: told now and then, with milliseconds.
 */
export const makeBase = async (
  ledger: AnyLedger,
  tables: Tables,
  plan: RestorePlan,
  {
    torn,
    onWaiting,
  }: { readonly torn?: Torn | undefined; readonly onWaiting?: ((waitedMs: number) => void) | undefined } = {},
): Promise<Store> => {
  const { from, source, table, at } = plan;
  if (from.kind === "snapshot") {
    const store = await tables.create(table);
    await putSnapshot({ ...ledger, store }, plan, await snapshotOf(ledger, from.id));
    return store;
  }
  if (tables.pointInTime === undefined)
    throw new RestoreRefused(refusalText({ outcome: "noBackups", table: source }));
  const restored = await tables.pointInTime.restore({
    table: source,
    to: table,
    at: at ?? from.at,
    torn,
    onWaiting,
  });
  if (restored.outcome !== "restored") throw new RestoreRefused(refusalText(restored));
  return tables.open(table);
};

/**
 * The heads of a snapshot. Their newest records come with the repair, which every one of these streams needs. A run that
 * was overtaken must not put them over heads that are live. Throws: `RestoreTakenOver`.
 */
const putSnapshot = async (
  ledger: AnyLedger,
  plan: RestorePlan,
  manifest: SnapshotManifest,
): Promise<void> => {
  const { rows, store } = ledger;
  for await (const lines of inBatches(snapshotLines(placeOfLive(ledger), manifest), HEADS_AT_ONCE)) {
    const items = lines.map(({ stream, sequence, hash, epoch, state }) =>
      rows.head.item({
        ...{ stream, sequence, hash, epoch, state, last: "", publishedThrough: sequence, parkedCount: 0 },
        shard: headShard(stream),
      }),
    );
    await checkAlone(ledger, plan);
    const put = await store.putAll(items);
    if (put.outcome !== "committed") throw new Error(`Heads could not be put: ${put.outcome}`);
  }
};
