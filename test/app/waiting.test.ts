import { describe, expect, it } from "vitest";
import { bankTable, tableRows } from "../../src/app.ts";
import { createSweepHandler } from "../../src/handlers/sweep.ts";
import { AdjustableClock } from "../../src/local/adjustable-clock.ts";
import { MemoryStore } from "../../src/local/memory-store.ts";
import { setControl } from "../../src/replay/control/control.ts";
import { openBank } from "../support/bank-on-this-machine.ts";

const AT = Math.floor(Date.now() / 1_000) - 100_000;
const DAY_MS = 86_400_000;
const ACCOUNT = "100010";
const OPENING = { TargetAccount: ACCOUNT, CustomerNumber: "1", Amount: "100.00", Verified: true };

/** A bank with one account of 100 euro, whose clock the test moves. */
const openAccount = async () => {
  const clock = new AdjustableClock();
  const store = new MemoryStore(bankTable);
  const bank = openBank(store, { placers: 0, clock });
  const put = async (name: string, fields: object): Promise<void> => {
    await bank.put(`${name}.event`, JSON.stringify({ EventTimeStamp: AT, ...fields }));
    await bank.idle();
  };
  await put("cash_deposit_o", OPENING);
  return {
    bank,
    put,
    clock,
    sweep: createSweepHandler(bank.app),
    parked: () =>
      store.snapshot().flatMap(item => (item.__edb_e__ === "parked" ? [tableRows.parked.read(item)] : [])),
    state: async () => {
      const [item] = await store.get([tableRows.head.key({ stream: ACCOUNT })]);
      return item && tableRows.head.read(item).state;
    },
  };
};

describe("what waits for long", () => {
  it("each content of a follow-up's key is refused at its deadline, though the state names one place only", async () => {
    const { bank, put, clock, sweep, parked } = await openAccount();
    const settling = (id: string, at: number) => ({
      EventTimeStamp: at,
      SourceAccount: ACCOUNT,
      PreviousRequestIdReference: id,
    });
    await put("outgoing_payment_verified_x", settling("n1", AT + 1));
    await put("outgoing_payment_verified_x", settling("n2", AT + 2));
    expect(parked()).toHaveLength(2);
    clock.advance(31 * DAY_MS);
    await sweep();
    await sweep();
    await bank.close();
    expect(parked()).toEqual([]);
  });

  it("no deadline passes while the account is frozen, since the original may wait there too", async () => {
    const { bank, put, clock, sweep, state } = await openAccount();
    await put("freeze_account_1", { TargetAccount: ACCOUNT, Reason: "card stolen" });
    await put("outgoing_payment_unverified_p", {
      SourceAccount: ACCOUNT,
      Amount: "10.00",
      TargetInstitution: "X",
      TargetAccount: "Y",
    });
    await put("outgoing_payment_rejected_r", {
      SourceAccount: ACCOUNT,
      PreviousRequestIdReference: "p",
      Reason: "returned",
    });
    clock.advance(31 * DAY_MS);
    await sweep();
    await put("unfreeze_account_1", { TargetAccount: ACCOUNT, Reason: "card found" });
    await bank.close();
    expect(await state()).toMatchObject({ status: "OPEN", availableCents: 10_000, holds: {} });
  });

  it("nothing is refused while all is halted", async () => {
    const { bank, put, clock, sweep, parked } = await openAccount();
    await put("outgoing_payment_verified_x", { SourceAccount: ACCOUNT, PreviousRequestIdReference: "n1" });
    clock.advance(31 * DAY_MS);
    const { objects, decisionsBucket } = bank.app.ledger;
    const place = { objects, bucket: decisionsBucket, clock };
    await setControl(place, { state: "halted", reason: "test" });
    clock.advance(60_000);
    await sweep();
    expect(parked()).toHaveLength(1);
    await setControl(place, { state: "running", reason: "" });
    clock.advance(60_000);
    await sweep();
    await bank.close();
    expect(parked()).toEqual([]);
  });
});
