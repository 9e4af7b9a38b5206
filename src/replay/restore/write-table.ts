import pMap from "p-map";
import { catalogueRows } from "../../ledger/catalogue.ts";
import { putGuards } from "../../ledger/guards.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { placeOfLive, readLive } from "../../ledger/live.ts";
import type { Item } from "../../table/store.ts";
import { readDecision } from "../manifest/valid-decisions.ts";
import { type Chains, catalogued } from "./chains.ts";
import type { RestorePlan } from "./plan.ts";
import { RestoreTakenOver } from "./restore-errors.ts";
import type { OnStep } from "./steps.ts";

/** Decisions whose guards are written together: some 5 MB of records. */
const GUARDS_AT_ONCE = 500;
const READS_AT_ONCE = 32;
/** Catalogue rows put together; a row is 300 KB at the most. */
const CATALOGUE_ROWS_AT_ONCE = 100;

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

/** Writes what each stream may lack. Returns: how many streams wait for their repair, and for how many decisions. */
export const writeCatalogue = async (
  next: AnyLedger,
  chains: Chains,
  onStep: OnStep,
): Promise<{ readonly gated: number; readonly catalogued: number }> => {
  onStep("catalogue");
  let [gated, decisions] = [0, 0];
  let held: Item[] = [];
  const flush = async (): Promise<void> => {
    await checkAlone(next, { epoch: next.epoch });
    const put = await next.store.putAll(held);
    if (put.outcome !== "committed") throw new Error(`The catalogue could not be put: ${put.outcome}`);
    held = [];
    onStep("catalogue", gated);
  };
  for (const { stream, entries } of catalogued(chains)) {
    gated += 1;
    decisions += entries.length;
    held.push(...catalogueRows(next, next.epoch, stream, entries));
    if (held.length >= CATALOGUE_ROWS_AT_ONCE) await flush();
  }
  await flush();
  return { gated, catalogued: decisions };
};

/** Nobody else writes the new table until the pointer names it; then only the live path does. */
export const checkAlone = async (next: AnyLedger, { epoch }: Pick<RestorePlan, "epoch">): Promise<void> => {
  const live = await readLive(placeOfLive(next));
  if (live !== undefined && live.epoch >= epoch) throw new RestoreTakenOver(epoch);
};
