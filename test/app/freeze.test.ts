import { describe, expect, it } from "vitest";
import { bankTable, tableRows } from "../../src/app.ts";
import type { AccountChange, AccountState } from "../../src/domain/account.ts";
import { bank } from "../../src/domain/bank.ts";
import { DEFAULT_SETTINGS } from "../../src/domain/settings.ts";
import { createSweepHandler } from "../../src/handlers/sweep.ts";
import { compareHeads } from "../../src/ledger/compare.ts";
import { foldDecisions, publishedDecisions } from "../../src/ledger/fold.ts";
import { AdjustableClock } from "../../src/local/adjustable-clock.ts";
import { MemoryStore } from "../../src/local/memory-store.ts";
import { randomInteger, seededRandom } from "../../src/local/seeded-random.ts";
import { statement } from "../../src/projections/statement.ts";
import type { Store } from "../../src/table/store.ts";
import { openBank } from "../support/bank-on-this-machine.ts";
import { freshTable } from "../support/tables.ts";

const AT = Math.floor(Date.now() / 1_000) - 100_000;
const DAY_MS = 24 * 60 * 60 * 1_000;
const FROZEN = "100010";
const OTHERS = ["100020", "100030"];

type Put = { readonly key: string; readonly body: string };

const request = (name: string, fields: object): Put => ({
  key: `${name}.event`,
  body: JSON.stringify({ EventTimeStamp: AT, ...fields }),
});

const open = (store: Store, options: Parameters<typeof openBank>[1] = {}) => {
  const opened = openBank(store, { placers: 0, ...options });
  const tell = async (...puts: readonly Put[]): Promise<void> => {
    for (const { key, body } of puts) await opened.put(key, body);
    await opened.idle();
  };
  const stateOf = async (name: string) => {
    const [item] = await store.get([tableRows.state.key({ key: `${name}.event` })]);
    return item && tableRows.state.read(item);
  };
  const outcomeOf = async (name: string): Promise<string | undefined> => {
    const { decision, parked } = (await stateOf(name)) ?? {};
    return decision?.code ?? decision?.outcome ?? (parked && `parked at ${parked.awaits}`);
  };
  const headOf = async (stream: string) => {
    const [item] = await store.get([tableRows.head.key({ stream })]);
    const head = item && tableRows.head.read(item);
    return { parkedCount: head?.parkedCount, state: head?.state as AccountState | undefined };
  };
  const expectProven = async (): Promise<void> => {
    const { objects, decisionsBucket } = opened.app.ledger;
    const fold = await foldDecisions(bank, publishedDecisions<AccountChange>(objects, decisionsBucket, 1));
    expect(fold.faults).toEqual([]);
    expect((await compareHeads(opened.app.ledger, fold)).filter(({ isEqual }) => !isEqual)).toEqual([]);
    // The post-image says nothing of the status, which a restore has to bring back all the same.
    for (const [stream, { state }] of fold.streams) expect((await headOf(stream)).state).toEqual(state);
  };
  return { ...opened, store, tell, stateOf, outcomeOf, headOf, expectProven };
};

const opening = (account: string): Put =>
  request(`cash_deposit_open-${account}`, {
    TargetAccount: account,
    CustomerNumber: "1",
    Amount: "100.00",
    Verified: true,
  });
const freezing = (account: string, name = "1"): Put =>
  request(`freeze_account_${name}`, { TargetAccount: account, Reason: "card stolen" });
const unfreezing = (account: string, name = "1"): Put =>
  request(`unfreeze_account_${name}`, { TargetAccount: account, Reason: "card found" });

/** Requests over the frozen account and the others, each at a second of its own. */
const load = (seed: number): { readonly held: readonly Put[]; readonly free: readonly Put[] } => {
  const random = seededRandom(seed);
  const euros = (): string => `${1 + randomInteger(random, 60)}.00`;
  const [second = "", third = ""] = OTHERS;
  const at = (n: number): number => AT + 10 + ((n * 7) % 40);
  const held = Array.from({ length: 20 }, (_, n) => {
    const fields = { EventTimeStamp: at(n), Amount: euros() };
    const kinds: readonly Put[] = [
      request(`cash_withdrawal_h${n}`, { ...fields, SourceAccount: FROZEN }),
      request(`incoming_payment_h${n}`, { ...fields, TargetAccount: FROZEN }),
      request(`inter_account_transfer_h${n}`, { ...fields, SourceAccount: FROZEN, TargetAccount: second }),
      request(`inter_account_transfer_i${n}`, { ...fields, SourceAccount: third, TargetAccount: FROZEN }),
    ];
    return kinds[randomInteger(random, kinds.length)] ?? kinds[0];
  }).flatMap(put => (put ? [put] : []));
  const free = Array.from({ length: 12 }, (_, n) =>
    request(`incoming_payment_f${n}`, { TargetAccount: OTHERS[n % 2], Amount: euros() }),
  );
  return { held, free };
};

/** The pure fold: what waits, decided in canonical order over the states at the moment of the unfreezing. */
const decidedInOrder = (begin: ReadonlyMap<string, AccountState>, puts: readonly Put[]) => {
  const states = new Map(begin);
  const outcomes = new Map<string, string>();
  const settings = { ...DEFAULT_SETTINGS, currencyRequired: false };
  const secondsOf = ({ body }: Put): number => JSON.parse(body).EventTimeStamp;
  for (const put of puts.toSorted((a, b) => secondsOf(a) - secondsOf(b))) {
    const bytes = new TextEncoder().encode(put.body);
    const eventTime = new Date().toISOString();
    const parsed = bank.parse({ key: put.key, bytes, sizeBytes: bytes.length, eventTime }, settings);
    if (!parsed.valid) throw new Error(`${put.key} is malformed: ${parsed.code}`);
    const verdict = bank.decide(parsed.request, { states, original: undefined, settings });
    if (verdict.outcome === "deferred") throw new Error(`${put.key} refers to an original`);
    outcomes.set(put.key, verdict.outcome === "refused" ? verdict.code : "accepted");
    if (verdict.outcome !== "accepted") continue;
    for (const { stream, change } of verdict.legs)
      states.set(stream, bank.evolve(states.get(stream) ?? bank.initialState(), change));
  }
  return { states, outcomes };
};

const underLoad = async (store: Store, seed: number): Promise<void> => {
  const opened = open(store, { chaos: { seed, shuffle: true, duplicate: 0.3 }, handlers: 4 });
  try {
    await opened.tell(opening(FROZEN), ...OTHERS.map(opening));
    await opened.tell(freezing(FROZEN));
    const { held, free } = load(seed);
    await opened.tell(...[...held, ...free].toSorted((a, b) => (a.key.slice(-2) < b.key.slice(-2) ? -1 : 1)));
    for (const { key } of held)
      expect(await opened.outcomeOf(key.replace(".event", ""))).toBe(`parked at ${FROZEN}`);
    for (const { key } of free) expect(await opened.outcomeOf(key.replace(".event", ""))).toBe("accepted");
    expect((await opened.headOf(FROZEN)).parkedCount).toBe(held.length);

    const begin = new Map<string, AccountState>();
    for (const account of [FROZEN, ...OTHERS]) {
      const { state } = await opened.headOf(account);
      if (state) begin.set(account, state);
    }
    const expected = decidedInOrder(begin, held);
    await opened.tell(unfreezing(FROZEN));
    for (const [key, outcome] of expected.outcomes)
      expect({ key, outcome: await opened.outcomeOf(key.replace(".event", "")) }).toEqual({ key, outcome });
    for (const account of [FROZEN, ...OTHERS]) {
      const { actualCents } = expected.states.get(account) ?? {};
      expect({ account, state: (await opened.headOf(account)).state }).toMatchObject({
        account,
        state: { status: "OPEN", actualCents, availableCents: actualCents },
      });
    }
    expect((await opened.headOf(FROZEN)).parkedCount).toBe(0);
    await opened.expectProven();
  } finally {
    await opened.close();
  }
};

describe("an account frozen under load, four functions, messages shuffled and duplicated", () => {
  it.each([1, 2, 3])(
    "is unfrozen to what its requests decided in canonical order give (seed %i)",
    async seed => {
      await underLoad(new MemoryStore(bankTable), seed);
    },
  );

  it("and the same on DynamoDB Local", async () => {
    await underLoad(await freshTable(bankTable), 4);
  }, 120_000);
});

describe("what waits", () => {
  it("a transfer whose accounts are both frozen needs both to be unfrozen", async () => {
    const opened = open(new MemoryStore(bankTable));
    try {
      const [second = ""] = OTHERS;
      await opened.tell(opening(FROZEN), opening(second));
      await opened.tell(freezing(FROZEN, "a"), freezing(second, "b"));
      const transfer = { SourceAccount: FROZEN, TargetAccount: second, Amount: "40.00" };
      await opened.tell(request("inter_account_transfer_t", transfer));
      expect(await opened.outcomeOf("inter_account_transfer_t")).toBe(`parked at ${FROZEN}`);
      await opened.tell(unfreezing(FROZEN, "a"));
      expect(await opened.outcomeOf("inter_account_transfer_t")).toBe(`parked at ${second}`);
      await opened.tell(unfreezing(second, "b"));
      expect(await opened.outcomeOf("inter_account_transfer_t")).toBe("accepted");
      expect((await opened.headOf(second)).state).toMatchObject({ actualCents: 14_000 });
      await opened.expectProven();
    } finally {
      await opened.close();
    }
  });

  it("a verification whose deposit waits under its frozen account is applied right after it", async () => {
    const opened = open(new MemoryStore(bankTable));
    try {
      await opened.tell(opening(FROZEN));
      await opened.tell(freezing(FROZEN));
      const deposit = { TargetAccount: FROZEN, Amount: "7.00" };
      await opened.tell(request("verify_cash_deposit_d", { ...deposit, Verified: true }));
      await opened.tell(request("cash_deposit_d", { ...deposit, Verified: false }));
      expect(await opened.outcomeOf("verify_cash_deposit_d")).toBe("parked at REQ#deposit#d");
      expect(await opened.outcomeOf("cash_deposit_d")).toBe(`parked at ${FROZEN}`);
      await opened.tell(unfreezing(FROZEN));
      expect(await opened.outcomeOf("verify_cash_deposit_d")).toBe("accepted");
      expect((await opened.headOf(FROZEN)).state).toMatchObject({ actualCents: 10_700, holds: {} });
      await opened.expectProven();
    } finally {
      await opened.close();
    }
  });

  it("other content of a key that waits is a reuse of it, and takes no second effect", async () => {
    const opened = open(new MemoryStore(bankTable));
    try {
      await opened.tell(opening(FROZEN));
      await opened.tell(freezing(FROZEN));
      await opened.tell(request("incoming_payment_i", { TargetAccount: FROZEN, Amount: "1.00" }));
      await opened.tell(request("incoming_payment_i", { TargetAccount: FROZEN, Amount: "2.00" }));
      await opened.tell(unfreezing(FROZEN));
      const { objects, decisionsBucket } = opened.app.ledger;
      const records = await Array.fromAsync(publishedDecisions(objects, decisionsBucket, 1));
      const outcomes = records.filter(({ key }) => key === "incoming_payment_i.event").map(each => each.code);
      expect(outcomes).toEqual([undefined, "KEY_REUSED"]);
      expect((await opened.headOf(FROZEN)).state).toMatchObject({ actualCents: 10_100 });
      await opened.expectProven();
    } finally {
      await opened.close();
    }
  });

  it("the statement tells the freezing with its reason, and no transaction comes of it", async () => {
    const opened = open(new MemoryStore(bankTable));
    try {
      await opened.tell(opening(FROZEN));
      await opened.tell(freezing(FROZEN));
      const { lines } = await statement(opened.store, FROZEN);
      expect(lines.at(-1)).toMatchObject({
        type: "freeze_account",
        outcome: "accepted",
        reference: "card stolen",
        effectCents: { actual: 0, available: 0 },
      });
    } finally {
      await opened.close();
    }
  });
});

describe("a verification", () => {
  it("that comes a day before its deposit is applied with it; one whose deposit never comes is refused in the end", async () => {
    const clock = new AdjustableClock();
    const opened = open(new MemoryStore(bankTable), { clock });
    const sweep = createSweepHandler(opened.app);
    try {
      await opened.tell(opening(FROZEN));
      const verification = { TargetAccount: FROZEN, Amount: "7.00", Verified: true };
      await opened.tell(request("verify_cash_deposit_late", verification));
      await opened.tell(request("verify_cash_deposit_never", verification));
      clock.set(clock.now() + DAY_MS);
      expect(await sweep()).toMatchObject({ waiting: 2, decided: 0, isComplete: true });
      await opened.tell(
        request("cash_deposit_late", { TargetAccount: FROZEN, Amount: "7.00", Verified: false }),
      );
      expect(await opened.outcomeOf("verify_cash_deposit_late")).toBe("accepted");
      clock.set(clock.now() + 28 * DAY_MS);
      expect(await sweep()).toMatchObject({ waiting: 1, decided: 0 });
      clock.set(clock.now() + 2 * DAY_MS);
      expect(await sweep()).toMatchObject({ waiting: 1, decided: 1 });
      expect(await opened.outcomeOf("verify_cash_deposit_never")).toBe("ORIGINAL_NOT_FOUND");
      expect((await opened.headOf(FROZEN)).state).toMatchObject({ actualCents: 10_700 });
      await opened.expectProven();
    } finally {
      await opened.close();
    }
  });

  it("whose deposit was refused is refused at once", async () => {
    const opened = open(new MemoryStore(bankTable));
    try {
      await opened.tell(opening(FROZEN));
      const deposit = { TargetAccount: FROZEN, Amount: "7.00" };
      await opened.tell(request("verify_cash_deposit_d", { ...deposit, Verified: true }));
      await opened.tell(request("cash_deposit_d", { ...deposit, CustomerNumber: "2" }));
      expect(await opened.outcomeOf("cash_deposit_d")).toBe("CUSTOMER_MISMATCH");
      expect(await opened.outcomeOf("verify_cash_deposit_d")).toBe("ORIGINAL_NOT_FOUND");
    } finally {
      await opened.close();
    }
  });
});
