import { describe, expect, it } from "vitest";
import { tableRows } from "../../../src/app.ts";
import { catalogueRows } from "../../../src/ledger/catalogue.ts";
import { bankEntities } from "../../../src/projections/entities.ts";
import type { Chains } from "../../../src/replay/restore/chains.ts";
import { survey } from "../../../src/replay/restore/survey.ts";
import type { Item } from "../../../src/table/store.ts";
import { BANK } from "./bank-world.ts";
import { openWorld } from "./world.ts";

const ACCOUNT = "100010";
const KEY = "cash_deposit_a.event";
const [SEALED, VOID] = ["a".repeat(64), "b".repeat(64)];

/** One decision is sealed, at the first place of the account. */
const entry = { sequence: 1, hash: SEALED, name: `dec/000002/${KEY}`, key: KEY };
const chains: Chains = {
  streams: new Map([[ACCOUNT, { end: entry, entries: new Map([[1, entry]]) }]]),
  lines: new Map(),
};

const balance = (hash: string | undefined): Item =>
  bankEntities.balance.item({
    ...{ account: ACCOUNT, balanceType: "ACTUAL", CustomerNumber: "33100010", BalanceCents: 3_000 },
    ...{ LastTransactionDate: 20260105, LastTransactionTime: 90000, LastEventKey: KEY, appliedThrough: 1 },
    ...(hash !== undefined && { hash }),
  });

/** What a survey finds in a table of epoch 3 that holds one row. */
const found = async (item: Item) => {
  const world = openWorld(BANK, 1, 0);
  const ledger = { ...(await world.worker()), epoch: 3 };
  await ledger.store.write({ put: item });
  const { streams, writes } = await survey(ledger, chains, new Map());
  return { streams: [...streams], writes };
};

describe("a survey of a restored table", () => {
  it("keeps a row of the decision that is sealed, and one that does not say whose it is", async () => {
    for (const item of [balance(SEALED), balance(undefined)])
      expect(await found(item)).toEqual({ streams: [], writes: [] });
  });

  it("takes away a row of another decision over the same request at the same place", async () => {
    const { PK, SK } = balance(VOID);
    expect(await found(balance(VOID))).toEqual({
      streams: [ACCOUNT],
      writes: [{ delete: { PK, SK }, if: { equals: { hash: VOID, appliedThrough: 1 } } }],
    });
  });

  it("has a stream written again whose repair in an epoch before was under way", async () => {
    const [row] = catalogueRows({ rows: tableRows }, 2, ACCOUNT, [entry]);
    if (row === undefined) throw new Error("Expected a part of a catalogue");
    const { PK, SK } = row;
    expect(await found(row)).toEqual({ streams: [ACCOUNT], writes: [{ delete: { PK, SK } }] });
  });
});
