import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tableRows } from "../../../src/app.ts";
import { bank } from "../../../src/domain/bank.ts";
import { legHash } from "../../../src/ledger/chain.ts";
import { decisionName } from "../../../src/ledger/names.ts";
import type { MemoryStore } from "../../../src/local/memory-store.ts";
import { manifestsUpTo } from "../../../src/replay/manifest/read-manifest.ts";
import { takeSnapshot } from "../../../src/replay/snapshot/take-snapshot.ts";
import { type Difference, differenceText } from "../../../src/replay/verify/difference.ts";
import { verifyDecisions } from "../../../src/replay/verify/verify-decisions.ts";
import { verifyRows } from "../../../src/replay/verify/verify-rows.ts";
import { verifySnapshot } from "../../../src/replay/verify/verify-snapshot.ts";
import type { Item, Key, Value } from "../../../src/table/store.ts";
import { DECISIONS } from "../../support/gates.ts";
import { history, putsOf } from "../../support/random-requests.ts";
import { withOverrides } from "../snapshot/gates-with-streams.ts";
import { bankWithPast, copyOfTable, itemsOf, openBank, verified } from "./bank-with-past.ts";

/** More with `RUNS=100`. */
const RUNS = 60 * Number(process.env.RUNS ?? 1);

const past = await bankWithPast();
const live = await past.world.worker();
const items = await itemsOf(live.store);

/** The bank with a copy of its table, and S3 as it is but for some objects; `undefined`: gone. */
const damaged = async (objects: Readonly<Record<string, string | undefined>> = {}) => {
  const store = await copyOfTable(live.store);
  const isGone = (key: string): boolean => key in objects && objects[key] === undefined;
  const other = withOverrides(live.objects, {
    get: async address => {
      const found = await live.objects.get(address);
      const text = objects[address.key];
      if (isGone(address.key)) return undefined;
      return found && text !== undefined ? { ...found, body: Buffer.from(text) } : found;
    },
    list: async request => {
      const page = await live.objects.list(request);
      return { ...page, objects: page.objects.filter(({ key }) => !isGone(key)) };
    },
  });
  return { ...live, store, objects: other, published: new Map<string, number>() };
};

const named = (differences: readonly Difference[]) =>
  differences.map(({ stream, sequence, what, row, attribute }) =>
    [stream, sequence, what, row?.SK, attribute].filter(each => each !== undefined).join(" "),
  );

const itemAt = async (store: MemoryStore, key: Key): Promise<Item> => {
  const [item] = await store.get([key]);
  if (item === undefined) throw new Error(`Expected ${key.PK} ${key.SK}`);
  return item;
};

const line = (account: string, sequence: number): Key => tableRows.line.key({ account, sequence });

const textOf = async (name: string): Promise<string> => {
  const found = await live.objects.get({ bucket: DECISIONS, key: name });
  if (found === undefined) throw new Error(`Expected ${name}`);
  return Buffer.from(found.body).toString("utf8");
};

const SEALED = decisionName(1, "cash_withdrawal_w1.event");
const LIVE = decisionName(2, "inter_account_transfer_t1.event");
const NEWEST = decisionName(2, "freeze_account_f1.event");

const withdrawal = (nowMs: number): string =>
  JSON.stringify({ EventTimeStamp: Math.floor(nowMs / 1000), SourceAccount: "700", Amount: "1.00" });

describe("the table, row by row", () => {
  test("is equal for a bank with parked, frozen, refused, transferred and restored requests", async () => {
    const { summary, differences } = await verified(live);
    expect(differences).toEqual([]);
    expect(summary).toEqual({
      decisions: 15,
      streams: 4,
      rows: 36,
      differences: 0,
      unpublished: 0,
      moving: 0,
    });
    expect(await verifyDecisions(live)).toMatchObject({ faults: [], differences: [], streams: 4 });
  });

  test("a changed balance is found, in the row that shows it and in the head", async () => {
    const ledger = await damaged();
    const row = { account: "700", balanceType: "ACTUAL", CustomerNumber: "9" } as const;
    const shown = await itemAt(ledger.store, tableRows.balance.key(row));
    await ledger.store.write({ put: { ...shown, BalanceCents: 1 } });
    const { differences } = await verified(ledger);
    expect(named(differences)).toEqual(["700 7 attribute SAVINGS#BALANCE#ACTUAL#9 BalanceCents"]);
    expect(differences.map(differenceText)).toEqual([
      "700 at 7: the row 700 SAVINGS#BALANCE#ACTUAL#9 must have BalanceCents 3300, it has 1",
    ]);
    const head = await itemAt(ledger.store, tableRows.head.key({ stream: "701" }));
    const state = { ...(head.state as object), actualCents: 5 };
    await ledger.store.write({ put: { ...head, state } });
    expect(named((await verified(ledger)).differences)).toContain("701 6 attribute ACCOUNT state");
    expect(named((await verifyDecisions(ledger)).differences)).toEqual(["701 6 state"]);
  });

  test("a head says how many requests wait under it, and no more than an epoch or a publication that can be", async () => {
    for (const [change, attribute] of [
      [{ parkedCount: 0 }, "parkedCount"],
      [{ publishedThrough: 0 }, "publishedThrough"],
      [{ publishedThrough: 3 }, "publishedThrough"],
      [{ epoch: 1 }, "epoch"],
      [{ epoch: 3 }, "epoch"],
    ] as const) {
      const ledger = await damaged();
      const key = tableRows.head.key({ stream: "702" });
      await ledger.store.write({ put: { ...(await itemAt(ledger.store, key)), ...change } });
      expect(named((await verified(ledger)).differences)).toEqual([`702 2 attribute ACCOUNT ${attribute}`]);
    }
    const ledger = await damaged();
    const parked = items.find(({ PK, SK }) => PK === "702" && SK.startsWith("PARKED#"));
    if (parked === undefined) throw new Error("Expected a parked row");
    await ledger.store.write({ delete: { PK: parked.PK, SK: parked.SK } });
    expect(named((await verified(ledger)).differences)).toEqual(["702 2 attribute ACCOUNT parkedCount"]);
  });

  test("a missing line, a doubled one, and two that changed places are found", async () => {
    const missing = await damaged();
    await missing.store.write({ delete: line("700", 3) });
    expect(named((await verified(missing)).differences)).toEqual(["700 3 row-missing LINE#000000000003"]);

    const doubled = await damaged();
    await doubled.store.write({
      put: { ...(await itemAt(doubled.store, line("700", 3))), ...line("700", 8) },
    });
    expect(named((await verified(doubled)).differences)).toEqual(["700 3 row-extra LINE#000000000008"]);

    const swapped = await damaged();
    const [third, fourth] = [
      await itemAt(swapped.store, line("701", 3)),
      await itemAt(swapped.store, line("701", 4)),
    ];
    await swapped.store.write({ put: { ...fourth, ...line("701", 3) } });
    await swapped.store.write({ put: { ...third, ...line("701", 4) } });
    const found = named((await verified(swapped)).differences);
    for (const sequence of [3, 4])
      for (const attribute of ["sequence", "hash", "RequestKey"])
        expect(found).toContain(`701 ${sequence} attribute LINE#00000000000${sequence} ${attribute}`);
  });

  test.each([
    ["a sealed decision", SEALED, ["700 5"]],
    ["a live one over two accounts", LIVE, ["700 6", "701 5"]],
    ["an account's newest", NEWEST, ["702 2"]],
  ])("%s that is missing in S3 is found by both", async (_, name, places) => {
    const ledger = await damaged({ [name]: undefined });
    const must = places.map(each => `${each} decision-missing`);
    expect(named((await verified(ledger)).differences)).toEqual(must);
    const { faults, differences } = await verifyDecisions(ledger);
    expect(named([...faults, ...differences])).toEqual(must);
  });

  test.each([
    ["a sealed decision with another time", SEALED, ["700 5"], { decidedAt: "2026-01-05T09:30:00.000Z" }],
    ["a live one with another outcome", LIVE, ["700 6", "701 5"], { outcome: "refused" }],
    ["a live one with another request", LIVE, ["700 6", "701 5"], { text: "{}" }],
    ["a live one of another key", LIVE, ["700 6", "701 5"], { key: "cash_deposit_zz.event" }],
    ["a live one without its legs", LIVE, ["700 6", "701 5"], { legs: undefined }],
  ])("%s is found by both", async (_, name, places, change) => {
    const text = JSON.stringify({ ...JSON.parse(await textOf(name)), ...change });
    const ledger = await damaged({ [name]: text });
    const must = places.map(each => `${each} decision-changed`);
    expect(named((await verified(ledger)).differences)).toEqual(must);
    const { faults, differences } = await verifyDecisions(ledger);
    expect(named([...faults, ...differences])).toEqual(must);
  });

  test("a decision with another time or another fact shows in the rows it made", async () => {
    const record = JSON.parse(await textOf(LIVE));
    const changes = { decidedAt: "2026-01-05T09:30:00.000Z", facts: { ...record.facts, amountCents: 1 } };
    const ledger = await damaged({ [LIVE]: JSON.stringify({ ...record, ...changes }) });
    const found = named((await verified(ledger)).differences);
    expect(found).toContain("700 6 attribute LINE#000000000006 AmountCents");
    expect(found).toContain(
      "701 5 attribute TRANSACTIONS#VERIFIED#inter_account_transfer_t1.event AmountCents",
    );
    expect(found).toContain("700 6 attribute STATE decision");
  });

  test("a decision forged with a hash of its own breaks the chain behind it; one with another outcome, at its place", async () => {
    const record = JSON.parse(await textOf(LIVE));
    const { key, digest, outcome, legs } = record;
    const [leg, other] = legs;
    const change = { ...leg.change, actualCents: -1, availableCents: -1 };
    const changeFields = bank.canonicalFields(change);
    const hash = legHash({ ...leg, key, digest, outcome, code: "", changeFields });
    const forged = await damaged({
      [LIVE]: JSON.stringify({ ...record, legs: [{ ...leg, change, hash }, other] }),
    });
    const behind = "700 7 decision-changed";
    const { faults } = await verifyDecisions(forged);
    expect(named(faults)).toContain(behind);
    expect(named((await verified(forged)).differences)).toContain(behind);

    const after = { ...other.after, actualCents: 1 };
    const told = await damaged({ [LIVE]: JSON.stringify({ ...record, legs: [leg, { ...other, after }] }) });
    expect(named((await verifyDecisions(told)).faults)).toEqual(["701 5 decision-changed"]);
    expect(named((await verified(told)).differences)).toContain("701 5 decision-changed");
  });

  test("a newest decision that was never published is compared as the head has it, and counted", async () => {
    const { world, deposit, feed } = openBank(5);
    await deposit("a", "700", 5);
    const ledger = await world.worker();
    const unwritten = withOverrides(ledger.objects, {
      put: async request => {
        if (request.bucket === DECISIONS) throw new Error("S3 is away");
        return ledger.objects.put(request);
      },
    });
    const message = await world.put("cash_withdrawal_b.event", withdrawal(world.clock.now()));
    const left = await world.deliver({ ...ledger, objects: unwritten }, [message]).catch(() => [message]);
    expect(left).toEqual([message]);
    expect(await verified(ledger)).toMatchObject({ summary: { rows: 7, unpublished: 1 }, differences: [] });
    expect(await verifyDecisions(ledger)).toMatchObject({ unpublished: 1, faults: [], differences: [] });
    await feed("cash_withdrawal_c", { SourceAccount: "700", Amount: "1.00" });
    expect(await verified(ledger)).toMatchObject({ summary: { unpublished: 0 }, differences: [] });
    // Now that it was in S3 once, it is not unpublished but lost.
    await world.objects.delete({ bucket: DECISIONS, key: decisionName(1, "cash_withdrawal_c.event") });
    expect(named((await verified(ledger)).differences)).toEqual(["700 3 decision-missing"]);
    expect(named((await verifyDecisions(ledger)).faults)).toEqual(["700 3 decision-missing"]);
  });

  test("two decisions that changed places in S3 are found", async () => {
    const [one, other] = [decisionName(2, "freeze_account_f1.event"), LIVE];
    const ledger = await damaged({ [one]: await textOf(other), [other]: await textOf(one) });
    expect(named((await verified(ledger)).differences).sort()).toEqual([
      "700 6 decision-changed",
      "701 5 decision-changed",
      "702 2 decision-changed",
    ]);
  });

  test("a tail that table and S3 both lost is found against a snapshot", async () => {
    const { world, feed, deposit } = openBank(2);
    await deposit("a", "700", 5);
    const whole = await copyOfTable((await world.worker()).store);
    await feed("cash_withdrawal_b", { SourceAccount: "700", Amount: "1.00" });
    const taken = await takeSnapshot(await world.worker());
    if (taken.outcome !== "taken") throw new Error(taken.reason);
    const ledger = { ...(await world.worker()), store: whole, published: new Map<string, number>() };
    const found = async () => {
      const batches = await Array.fromAsync(verifySnapshot(ledger, taken.manifest));
      return batches.flatMap(({ differences }) => differences);
    };
    // Only the table: S3 tells it too.
    expect(named(await found())).toEqual(["700 2 head-behind"]);
    expect(named((await verified(ledger)).differences)).toContain("700 2 head-behind");
    await world.objects.delete({ bucket: DECISIONS, key: decisionName(1, "cash_withdrawal_b.event") });
    expect(named((await verified(ledger)).differences)).toEqual([]);
    expect(named(await found())).toEqual(["700 2 head-behind"]);
  });

  test("a stream that waits for its repair is told once, and nothing of it is called amiss", async () => {
    const { world, deposit, restoreAll } = openBank(3);
    await deposit("a", "700", 5);
    await world.clock.sleep(10_000);
    await deposit("b", "701", 5);
    const ledger = await world.worker();
    expect((await verified(ledger)).differences).toEqual([]);
    await restoreAll();
    const next = await world.worker();
    await next.store.write({
      put: tableRows.catalogue.item({ stream: "701", epoch: "000002", part: "0001", entries: [] }),
    });
    expect(named((await verified(next)).differences)).toEqual(["701 1 unrepaired"]);
  });

  test("rows of an account nobody knows are found, and guards that no decision made", async () => {
    const ledger = await damaged();
    const copies = [
      { ...(await itemAt(ledger.store, line("700", 1))), PK: "999" },
      {
        ...(await itemAt(ledger.store, tableRows.request.key({ flow: "deposit", id: "waits" }))),
        PK: "REQ#deposit#zz",
      },
    ];
    for (const put of copies) await ledger.store.write({ put });
    expect(named((await verified(ledger)).differences).sort()).toEqual([
      "700 2 row-extra REQUEST",
      "999 1 row-extra LINE#000000000001",
    ]);
  });

  test("a manifest that cannot be read ends it, by name", async () => {
    const [manifest] = await manifestsUpTo({ objects: live.objects, bucket: DECISIONS }, 2);
    const key = manifest?.parts[0]?.key ?? "";
    const ledger = await damaged({ [key]: "other" });
    await expect(verifyRows(ledger, { onDifferences: () => {} })).rejects.toThrow(key);
  });

  test("traffic that goes on meanwhile is no difference", async () => {
    const { world, feed, deposit } = openBank(4);
    for (const account of ["700", "701"]) await deposit(`open${account}`, account, 50);
    let [n, isFeeding] = [0, false];
    const more = async (): Promise<void> => {
      if (isFeeding || n === 12) return;
      isFeeding = true;
      n += 1;
      await deposit(`m${n}`, `7${String(n).padStart(2, "0")}`, 1);
      await feed(`inter_account_transfer_m${n}`, {
        SourceAccount: "700",
        TargetAccount: "701",
        Amount: "1.00",
      });
      await feed("cash_withdrawal_same", { SourceAccount: "701", Amount: `${n}.00` });
      isFeeding = false;
    };
    const ledger = await world.worker();
    const busy = {
      ...ledger,
      published: new Map<string, number>(),
      store: withOverrides(ledger.store, {
        query: async query => {
          await more();
          return ledger.store.query(query);
        },
        scan: async request => {
          await more();
          return ledger.store.scan({ ...request });
        },
      }),
    };
    const { differences, summary } = await verified(busy);
    expect(n).toBe(12);
    expect(differences).toEqual([]);
    expect(summary.streams).toBeGreaterThan(4);
  });
});

/** Before the world's clock begins, or every request would be refused as of the future. */
const LONG_AGO = Date.UTC(2026, 0, 1) / 1000;
const HISTORIES = 6 * Number(process.env.RUNS ?? 1);

test(`whatever was decided, and restored in between, is equal (${HISTORIES} histories)`, async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.nat(1e6), async (drafts, seed) => {
      const { world, feed, restoreAll } = openBank(seed);
      const puts = putsOf(drafts);
      for (const [n, { key, body }] of puts.entries()) {
        const text = body.replace(/"EventTimeStamp":\d+/, `"EventTimeStamp":${LONG_AGO + n}`);
        await feed(key.replace(/\.event$/, ""), text);
        if (n === 9 || n === puts.length - 2) await restoreAll();
      }
      const { differences } = await verified(await world.worker());
      expect(differences).toEqual([]);
    }),
    { numRuns: HISTORIES, endOnFailure: true },
  );
});

const { head, line: lines, transaction, balance, request, reused, state } = tableRows;
const STREAM_FIELD = "AccountNumber";
const WHOLE = [head, lines, transaction, balance, request, reused].map(({ name }) => name);
const derivable = items.filter(
  ({ __edb_e__: kind, decision }) =>
    WHOLE.includes(String(kind)) || (kind === state.name && decision !== undefined),
);

/** What follows from decisions: of a request's state its decision, of a head all but what a repair may raise. */
const attributesOf = (item: Item): readonly string[] => {
  if (item.__edb_e__ === state.name) return ["decision", "Processed", STREAM_FIELD];
  const raised = item.__edb_e__ === head.name ? ["epoch", "publishedThrough"] : [];
  return Object.keys(item).filter(name => !["PK", "SK", ...raised].includes(name));
};

const changedValue = (value: Value | undefined): Value => {
  if (typeof value === "string") return `${value}x`;
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value, zz: 1 } : "zz";
};

const without = (item: Item, name: string): Item => {
  const { [name]: _, ...rest } = item;
  return rest as Item; // neither PK nor SK is ever taken away
};

const contentOf = ({ PK: _, SK: __, ...content }: Item) => content;

type Damage = {
  readonly kind: string;
  readonly of: number;
  readonly with: number;
  readonly attribute: number;
};

/** Does one thing to the table. Returns: false if it comes out as it was. */
const damage = async (store: MemoryStore, { kind, of, with: other, attribute }: Damage): Promise<boolean> => {
  const pick = (among: readonly Item[], n: number): Item => among[n % among.length] as Item;
  const item = pick(derivable, of);
  const names = attributesOf(item);
  const name = names[attribute % names.length] ?? "";
  switch (kind) {
    case "changed":
      await store.write({ put: { ...item, [name]: changedValue(item[name]) } });
      return true;
    case "attribute gone":
      await store.write({ put: without(item, name) });
      return name in item;
    case "attribute added":
      await store.write({ put: { ...item, Zz: 1 } });
      return true;
    case "removed":
      await store.write({ delete: { PK: item.PK, SK: item.SK } });
      return true;
    case "added beside":
      await store.write({ put: { ...item, SK: `${item.SK}x` } });
      return true;
    case "added elsewhere":
      await store.write({ put: { ...item, PK: `${item.PK}x` } });
      return true;
    default: {
      const peer = pick(
        derivable.filter(({ __edb_e__: its }) => its === item.__edb_e__),
        other,
      );
      if (peer === item) return false;
      await store.write({ put: { ...contentOf(peer), PK: item.PK, SK: item.SK } });
      await store.write({ put: { ...contentOf(item), PK: peer.PK, SK: peer.SK } });
      return true;
    }
  }
};

test(`whatever single thing happens to a row that follows from decisions, it is found (${RUNS} runs)`, async () => {
  const damages = fc.record({
    kind: fc.constantFrom(
      ...["changed", "changed", "attribute gone", "attribute added", "removed"],
      ...["added beside", "added elsewhere", "swapped"],
    ),
    of: fc.nat(10_000),
    with: fc.nat(10_000),
    attribute: fc.nat(10_000),
  });
  await fc.assert(
    fc.asyncProperty(damages, async drawn => {
      const ledger = await damaged();
      fc.pre(await damage(ledger.store, drawn));
      const { differences } = await verified(ledger);
      expect(differences.length).toBeGreaterThan(0);
      for (const each of differences) expect(differenceText(each)).toMatch(/^\S+ at \d+: /);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});
