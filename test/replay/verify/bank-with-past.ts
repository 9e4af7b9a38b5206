import { bankTable, tableRows } from "../../../src/app.ts";
import { bank } from "../../../src/domain/bank.ts";
import { DEFAULT_SETTINGS } from "../../../src/domain/settings.ts";
import type { AnyLedger } from "../../../src/ledger/ledger.ts";
import { markRepaired } from "../../../src/ledger/live.ts";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import { bankRows } from "../../../src/projections/bank-rows.ts";
import { restore } from "../../../src/replay/restore/restore.ts";
import type { Difference } from "../../../src/replay/verify/difference.ts";
import { verifyRows } from "../../../src/replay/verify/verify-rows.ts";
import type { Item, Store } from "../../../src/table/store.ts";
import { type Kind, openWorld } from "../restore/world.ts";

const BANK: Kind = {
  definition: bankTable,
  ledger: gates =>
    ({
      ...gates,
      domain: bank,
      projection: bankRows,
      rows: tableRows,
      settings: { ...DEFAULT_SETTINGS, currencyRequired: false, autoOpen: true },
    }) as AnyLedger,
};

/** A bank in memory. Requests are decided in the order in which they are fed. */
export const openBank = (seed = 1) => {
  const world = openWorld(BANK, seed, 0);
  const feed = async (name: string, body: object | string): Promise<void> => {
    const EventTimeStamp = Math.floor(world.clock.now() / 1000);
    const text = typeof body === "string" ? body : JSON.stringify({ EventTimeStamp, ...body });
    const message = await world.put(`${name}.event`, text);
    const left = await world.deliver(await world.worker(), [message]);
    if (left.length > 0) throw new Error(`Expected ${name} to be decided`);
    await world.clock.sleep(1_000);
  };
  const deposit = (id: string, account: string, euros: number, fields: object = {}): Promise<void> =>
    feed(`cash_deposit_${id}`, {
      ...{ TargetAccount: account, CustomerNumber: "9", Amount: `${euros}.00`, Verified: true },
      ...fields,
    });
  const pay = (id: string, account: string, euros: number): Promise<void> =>
    feed(`outgoing_payment_unverified_${id}`, {
      ...{ SourceAccount: account, Amount: `${euros}.00` },
      ...{ TargetInstitution: "Other", TargetAccount: "remote" },
    });
  const restoreAll = async (): Promise<void> => {
    const at = isoInstant(Math.floor(world.clock.now() / 1000) * 1000 - 4_000);
    const from = { kind: "pitr", at } as const;
    const wish = { from, marginMs: 3_000, reason: "test", isInstead: false } as const;
    await restore(await world.restoring({ seed: 3, withinMs: 2_000 }), wish);
    await repairAll();
  };
  const repairAll = async (): Promise<void> => {
    const { table } = await world.worker();
    for (const item of world.storeOf(table).snapshot())
      if (item.__edb_e__ === "catalogue") await world.repair(item.PK);
    await markRepaired(await world.worker());
  };
  return { world, feed, deposit, pay, restoreAll, repairAll };
};

/** Everything that can leave a row: also parked, frozen, refused, transferred, and restored in between. */
export const bankWithPast = async () => {
  const opened = openBank();
  const { feed, deposit, pay, restoreAll } = opened;
  for (const account of ["700", "701", "702"]) await deposit(`open${account}`, account, 50);
  await deposit("waits", "700", 5, { Verified: false, Reference: "coins" });
  await deposit("settled", "700", 7, { Verified: false });
  await feed("verify_cash_deposit_v1", {
    ...{ TargetAccount: "700", Amount: "7.00", Verified: true, PreviousRequestIdReference: "settled" },
    ...{ VerifiedByEmployeeId: "7", FinalFinding: "counted" },
  });
  await feed("cash_withdrawal_w1", { SourceAccount: "700", Amount: "20.00" });
  await feed("cash_withdrawal_w2", { SourceAccount: "701", Amount: "999.00" });
  await pay("p1", "701", 11);
  await pay("p2", "701", 3);
  await restoreAll();
  await feed("inter_account_transfer_t1", { SourceAccount: "700", TargetAccount: "701", Amount: "4.00" });
  await feed("outgoing_payment_rejected_j1", { PreviousRequestIdReference: "p1", Reason: "returned" });
  await feed("cash_withdrawal_w1", { SourceAccount: "700", Amount: "21.00" });
  await feed("cash_deposit_bad", "{");
  await feed("freeze_account_f1", { TargetAccount: "702", Reason: "asked", EmployeeId: "7" });
  await feed("cash_withdrawal_w3", { SourceAccount: "702", Amount: "1.00" });
  await feed("outgoing_payment_verified_early", { PreviousRequestIdReference: "unknown" });
  return opened;
};

/** A table with the same items, to be damaged. */
export const copyOfTable = async (store: Store): Promise<MemoryStore> => {
  const copy = new MemoryStore(bankTable);
  for (const put of await itemsOf(store)) await copy.write({ put });
  return copy;
};

export const itemsOf = async (store: Store): Promise<readonly Item[]> => {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.scan({ segment: 0, segments: 1, cursor });
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return items;
};

/** All that is found, with what it ended with. */
export const verified = async (ledger: AnyLedger) => {
  const differences: Difference[] = [];
  const summary = await verifyRows(ledger, { onDifferences: found => differences.push(...found) });
  return { summary, differences };
};
