import pMap from "p-map";
import { catalogueRows } from "../../ledger/catalogue.ts";
import { putGuards } from "../../ledger/guards.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { placeOfLive, readLive } from "../../ledger/live.ts";
import { itemBytes, TRANSACTION_BYTES_LIMIT } from "../../table/size.ts";
import { type Condition, type Item, TRANSACTION_WRITES_MAX, type Write } from "../../table/store.ts";
import { readDecision } from "../manifest/valid-decisions.ts";
import { type Chains, catalogued, type FoundHead } from "./chains.ts";
import type { RestorePlan } from "./plan.ts";
import { RestoreTakenOver } from "./restore-errors.ts";
import type { OnStep } from "./steps.ts";

/** Decisions whose guards are written together: some 5 MB of records. */
const GUARDS_AT_ONCE = 500;
const READS_AT_ONCE = 32;
/** Tries of one transaction: only throttling, or another run of the same restore, stands in the way. */
const TRIES_MAX = 20;

/** Writes what keeps the decisions since the reach from being made again. Throws: as `putGuards`; `RestoreTakenOver`. */
export const writeGuards = async (next: AnyLedger, { lines }: Chains, onStep: OnStep): Promise<void> => {
  onStep("guards");
  const all = [...lines.values()];
  const place = placeOfLive(next);
  for (let at = 0; at < all.length; at += GUARDS_AT_ONCE) {
    await checkAlone(next, { epoch: next.epoch });
    const batch = all.slice(at, at + GUARDS_AT_ONCE);
    await putGuards(
      next,
      await pMap(batch, line => readDecision(place, line), { concurrency: READS_AT_ONCE }),
    );
    onStep("guards", at + batch.length);
  }
};

/**
 * Writes what each stream may lack, on condition that its head is still as it was found: a run that was overtaken must not
 * bring a catalogue back to a stream that is repaired.
 *
 * Returns: how many streams wait for their repair, and for how many decisions. Throws: `RestoreTakenOver`.
 */
export const writeCatalogue = async (
  next: AnyLedger,
  chains: Chains,
  heads: ReadonlyMap<string, FoundHead>,
  onStep: OnStep,
): Promise<{ readonly gated: number; readonly catalogued: number }> => {
  onStep("catalogue");
  let [gated, decisions] = [0, 0];
  let held: Write[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    await checkAlone(next, { epoch: next.epoch });
    if (held.length > 0) await transactAlone(next, held);
    [held, bytes] = [[], 0];
    onStep("catalogue", gated);
  };
  const hold = async (check: Write, row: Item): Promise<void> => {
    const isFull =
      held.length + 2 > TRANSACTION_WRITES_MAX || bytes + itemBytes(row) > TRANSACTION_BYTES_LIMIT / 2;
    if (isFull) await flush();
    if (!held.includes(check)) held.push(check);
    held.push({ put: row });
    bytes += itemBytes(row);
  };
  for (const { stream, entries } of catalogued(chains)) {
    gated += 1;
    decisions += entries.length;
    const check: Write = { check: next.rows.head.key({ stream }), if: asFound(heads.get(stream)) };
    for (const row of catalogueRows(next, next.epoch, stream, entries)) await hold(check, row);
  }
  await flush();
  return { gated, catalogued: decisions };
};

const asFound = (head: FoundHead | undefined): Condition =>
  head === undefined
    ? { absent: true }
    : { equals: { sequence: head.sequence, hash: head.hash, epoch: head.epoch } };

const transactAlone = async ({ store, epoch }: AnyLedger, writes: readonly Write[]): Promise<void> => {
  let reason = "";
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const done = await store.transact(writes);
    if (done.outcome === "committed") return;
    if (done.outcome === "refused") throw new RestoreTakenOver(epoch);
    reason = done.reason;
  }
  throw new Error(`The catalogue could not be put in ${TRIES_MAX} tries: ${reason}`);
};

/** Nobody else writes the new table until the pointer names it; then only the live path does. */
export const checkAlone = async (next: AnyLedger, { epoch }: Pick<RestorePlan, "epoch">): Promise<void> => {
  const live = await readLive(placeOfLive(next));
  if (live !== undefined && live.epoch >= epoch) throw new RestoreTakenOver(epoch);
};
