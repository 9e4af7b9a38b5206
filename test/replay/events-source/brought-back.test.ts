import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bankTable, tableRows } from "../../../src/app.ts";
import type { AnyLedger } from "../../../src/ledger/ledger.ts";
import { repairStream } from "../../../src/ledger/repair.ts";
import { writeInventory } from "../../../src/local/inventory/write-inventory.ts";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import { seededRandom } from "../../../src/local/seeded-random.ts";
import { bundleDay } from "../../../src/replay/bundle/make-bundle.ts";
import { newestReport } from "../../../src/replay/events-source/newest-report.ts";
import { InventoryError } from "../../../src/replay/inventory/errors.ts";
import { ManifestDamaged } from "../../../src/replay/manifest/manifest.ts";
import { validDecisions } from "../../../src/replay/manifest/valid-decisions.ts";
import { restore } from "../../../src/replay/restore/restore.ts";
import {
  ARCHIVE,
  DECISIONS,
  decidedBank,
  deleteForGood,
  loseDecisions,
  REJECTED,
  replayEvents,
  textsIn,
} from "./lost-decisions.ts";

const BEGIN_MS = Date.UTC(2026, 4, 6, 12);
const DAY = "2026-05-06";
const DAY_MS = 86_400_000;

const manual = new ManualClock(BEGIN_MS);
const clock = { now: () => manual.now(), sleep: async (delayMs: number) => manual.advance(delayMs) };

/** An account with 50, less 20, and a refusal of 900; a transfer to another account. */
const opened = async () => {
  manual.set(BEGIN_MS);
  const bank = await decidedBank([], 1, clock);
  let n = 0;
  const tell = async (key: string, fields: object): Promise<void> => {
    n += 1;
    manual.advance(1_000);
    await bank.put(key, JSON.stringify({ EventTimeStamp: BEGIN_MS / 1000 - 100 + n, ...fields }));
    await bank.idle();
  };
  const deposit = { CustomerNumber: "9", Amount: "50.00", Verified: true };
  await tell("cash_deposit_a.event", { ...deposit, TargetAccount: "700" });
  await tell("cash_withdrawal_b.event", { SourceAccount: "700", Amount: "20.00" });
  await tell("cash_withdrawal_c.event", { SourceAccount: "700", Amount: "900.00" });
  await tell("cash_deposit_d.event", { ...deposit, TargetAccount: "701" });
  const half = await bank.app.snapshot();
  const transfer = { SourceAccount: "700", TargetAccount: "701", Amount: "5.00" };
  await tell("inter_account_transfer_e.event", transfer);
  if (half.outcome !== "taken") throw new Error("Expected a snapshot");
  const { objects } = bank.cloud;
  const before = await textsIn(objects, DECISIONS, "dec/");
  return { ...bank, objects, tell, before, snapshot: half.manifest.id, ledger: bank.app.ledger as AnyLedger };
};

let bank: Awaited<ReturnType<typeof opened>>;
beforeEach(async () => {
  bank = await opened();
});
afterEach(() => bank.close());

const decisions = () => textsIn(bank.objects, DECISIONS, "dec/");
const nameOf = (key: string, epoch = 1): string => `dec/00000${epoch}/${key}`;

/** Writes a copy anew: the same bytes, unless others are given, under other metadata. */
const rewrite = async (
  bucket: string,
  key: string,
  change: (metadata: Readonly<Record<string, string>>) => Record<string, string>,
  body?: string,
): Promise<void> => {
  const found = await bank.objects.get({ bucket, key });
  if (found === undefined) throw new Error(`Expected ${key} in ${bucket}`);
  await bank.objects.put({ bucket, key, body: body ?? found.body, metadata: change(found.facts.metadata) });
};

const kinds = ({ troubles }: Awaited<ReturnType<typeof replayEvents>>): readonly string[] =>
  troubles.map(({ kind, key }) => `${kind} ${key}`).sort();

/** Restores to the snapshot, in a table of its own, and repairs every stream. */
const restored = async (): Promise<AnyLedger & { readonly store: MemoryStore }> => {
  const store = new MemoryStore(bankTable);
  const open = async (): Promise<MemoryStore> => store;
  const { plan } = await restore(
    {
      ledger: bank.ledger,
      table: "given",
      tables: { pointInTime: undefined, open, create: open },
      consumers: { halt: async () => {}, resume: async () => {} },
    },
    { from: { kind: "snapshot", id: bank.snapshot }, marginMs: 1_000, reason: "lost", isInstead: false },
  );
  const ledger = { ...bank.ledger, store, epoch: plan.epoch, published: new Map() };
  for (const stream of ["700", "701"]) await repairStream(ledger, stream);
  return ledger;
};

/** Heads but for the epoch, which a restore counts up. */
const headsIn = (store: MemoryStore) =>
  store
    .snapshot()
    .filter(item => item.__edb_e__ === "head")
    .map(item => ({ ...tableRows.head.read(item), epoch: 0, publishedThrough: 0 }))
    .sort((a, b) => (a.stream < b.stream ? -1 : 1));

describe("decisions and the table lost", () => {
  it("come back from placed requests and a snapshot: the heads are the same to the byte", async () => {
    const heads = headsIn(bank.store);
    await loseDecisions(bank.objects);
    const replayed = await replayEvents(bank.ledger);
    expect(replayed).toMatchObject({ troubles: [], written: 5, counts: { remade: 5, exact: 5 } });
    expect(await decisions()).toEqual(bank.before);
    const ledger = await restored();
    expect(headsIn(ledger.store)).toEqual(heads);
  });

  it("of past epochs too, as the manifests list them; what nothing tells of is listed", async () => {
    const ledger = await restored();
    await loseDecisions(bank.objects);
    await deleteForGood(bank.objects, ARCHIVE, key => key === "inter_account_transfer_e.event");
    await deleteForGood(bank.objects, "new-events", key => key === "inter_account_transfer_e.event");
    const replayed = await replayEvents(ledger);
    expect(kinds(replayed)).toEqual(["gone inter_account_transfer_e.event"]);
    const after = await decisions();
    expect(after.size).toBe(4);
    for (const [name, text] of after) expect(text).toBe(bank.before.get(name));
  });

  it("of past epochs are made to the byte or not at all", async () => {
    const ledger = await restored();
    await loseDecisions(bank.objects);
    // As if it had been decided at another time: nothing that its chain covers.
    await rewrite(ARCHIVE, "inter_account_transfer_e.event", told => ({
      ...told,
      "decided-at": "2026-05-06T12:34:56.000Z",
    }));
    expect(kinds(await replayEvents(ledger))).toEqual(["not-rebuilt inter_account_transfer_e.event"]);
    expect((await decisions()).size).toBe(4);
    expect(await replayEvents(ledger)).toMatchObject({ published: 4, written: 0 });
    await bank.objects.put({
      bucket: DECISIONS,
      key: nameOf("inter_account_transfer_e.event"),
      body: bank.before.get(nameOf("inter_account_transfer_e.event")) ?? "",
    });
    expect((await Array.fromAsync(validDecisions(ledger))).length).toBe(5);
  });

  it("need the manifests of past epochs", async () => {
    const ledger = await restored();
    await deleteForGood(bank.objects, DECISIONS, key => key.startsWith("manifest/"));
    await expect(replayEvents(ledger)).rejects.toThrow(ManifestDamaged);
  });
});

it("a refusal by deadline comes back as one, though its original came after it", async () => {
  const deposit = { TargetAccount: "700", Amount: "7.00" };
  await bank.tell("verify_cash_deposit_v.event", {
    ...{ ...deposit, Verified: true, PreviousRequestIdReference: "g" },
    ...{ VerifiedByEmployeeId: "7", FinalFinding: "counted" },
  });
  manual.advance(31 * DAY_MS);
  await bank.app.sweep(() => 60_000);
  await bank.idle();
  await bank.tell("cash_deposit_g.event", { ...deposit, Verified: false });
  const before = await decisions();
  expect(before.get(nameOf("verify_cash_deposit_v.event"))).toContain('"deadline":"2026-06-05');
  await loseDecisions(bank.objects);
  expect(await replayEvents(bank.ledger)).toMatchObject({ troubles: [], counts: { exact: before.size } });
  expect(await decisions()).toEqual(before);
});

describe("where there is more than copies", () => {
  it("the newest decisions come from the table, though they are not placed", async () => {
    await loseDecisions(bank.objects);
    await deleteForGood(bank.objects, ARCHIVE, key => key === "inter_account_transfer_e.event");
    const alone = await replayEvents(bank.ledger, { isDryRun: true });
    expect(kinds(alone)).toEqual(["not-placed inter_account_transfer_e.event"]);
    const replayed = await replayEvents(bank.ledger, { hasTable: true });
    expect(replayed).toMatchObject({ troubles: [], counts: { recovered: 1, remade: 4 } });
    expect(await decisions()).toEqual(bank.before);
  });

  it("a request without a copy is decided as it was, if what followed it on all its streams proves it", async () => {
    await loseDecisions(bank.objects);
    await deleteForGood(bank.objects, ARCHIVE, key => key === "cash_withdrawal_b.event");
    await deleteForGood(bank.objects, REJECTED, key => key === "cash_withdrawal_c.event");
    const replayed = await replayEvents(bank.ledger);
    // c's hash is what e followed on; b comes before c, and nothing that is left tells its hash.
    expect(kinds(replayed)).toEqual([
      "gap inter_account_transfer_e.event",
      "not-placed cash_withdrawal_b.event",
      "not-placed cash_withdrawal_c.event",
    ]);
    const again = await opened();
    await loseDecisions(again.objects);
    await deleteForGood(again.objects, ARCHIVE, key => key === "cash_withdrawal_b.event");
    const proved = await replayEvents(again.ledger);
    expect(proved).toMatchObject({ troubles: [], counts: { remade: 4, proven: 1 } });
    await again.close();
  });

  it("bundles give what is left of neither decision nor copy, once they are thawed", async () => {
    manual.advance(2 * DAY_MS);
    const { objects } = bank;
    const place = { ...{ objects, clock, epoch: 1, decisionsBucket: DECISIONS }, archiveBucket: ARCHIVE };
    await bundleDay({ ...place, rejectedBucket: REJECTED }, DAY);
    const [part = ""] = (await textsIn(objects, ARCHIVE, "bundle/")).keys();
    const address = { bucket: ARCHIVE, key: part };
    await objects.copy({ from: address, to: address, metadata: {}, storageClass: "GLACIER" });
    await loseDecisions(objects);
    for (const bucket of [ARCHIVE, REJECTED])
      await deleteForGood(objects, bucket, key => !key.startsWith("bundle"));
    const rehearsed = await replayEvents(bank.ledger, { isDryRun: true });
    expect(rehearsed).toMatchObject({ cold: 1, written: 0 });
    const begunMs = manual.now();
    const replayed = await replayEvents({ ...bank.ledger, clock: advancing() });
    expect(replayed).toMatchObject({ cold: 1, troubles: [], counts: { recovered: 5, remade: 0 } });
    expect(manual.now() - begunMs).toBeGreaterThan(3_600_000);
    expect(await decisions()).toEqual(bank.before);
  });

  it("a cold copy is thawed and waited for", async () => {
    const address = { bucket: ARCHIVE, key: "cash_deposit_a.event" };
    const metadata = (await bank.objects.head(address))?.metadata ?? {};
    await bank.objects.copy({ from: address, to: address, metadata, storageClass: "GLACIER" });
    await loseDecisions(bank.objects);
    expect(await replayEvents({ ...bank.ledger, clock: advancing() })).toMatchObject({
      cold: 1,
      troubles: [],
      written: 5,
    });
    expect(await decisions()).toEqual(bank.before);
  });
});

/** Whoever waits moves the time on, and with it S3's restores. */
const advancing = () => ({
  now: clock.now,
  sleep: async (delayMs: number): Promise<void> => {
    manual.advance(delayMs);
    bank.cloud.runDue();
  },
});

describe("inventory reports", () => {
  const write = async (bucket: string): Promise<void> => {
    const ports = { objects: bank.objects, clock, random: seededRandom(3) };
    const config = { sourceBucket: bucket, destinationBucket: `${bucket}-inventory`, id: "daily" };
    await writeInventory(ports, { ...config, format: "Parquet" });
  };
  const newest = (bucket: string) =>
    newestReport(bank.objects, { bucket: `${bucket}-inventory`, prefix: `${bucket}/` });

  it("are found, the newest of each bucket, and what they are too young for is listed", async () => {
    expect(await newest(ARCHIVE)).toBeUndefined();
    for (const bucket of [ARCHIVE, REJECTED, "new-events"]) await write(bucket);
    manual.advance(DAY_MS);
    await write(ARCHIVE);
    await bank.tell("cash_withdrawal_f.event", { SourceAccount: "701", Amount: "1.00" });
    const reports = (await Promise.all([ARCHIVE, REJECTED, "new-events"].map(newest))).filter(
      report => report !== undefined,
    );
    expect(reports.map(({ name }) => /\d{4}-\d\d-\d\dT\d\d-\d\dZ/.exec(name)?.[0])).toEqual([
      "2026-05-07T12-00Z",
      "2026-05-06T12-00Z",
      "2026-05-06T12-00Z",
    ]);
    const before = await decisions();
    await loseDecisions(bank.objects);
    expect(await replayEvents(bank.ledger, { reports })).toMatchObject({ troubles: [], written: 6 });
    expect(await decisions()).toEqual(before);
  });

  it("tell of copies that are gone; one that is damaged changes nothing", async () => {
    await write(ARCHIVE);
    const report = await newest(ARCHIVE);
    const reports = report === undefined ? [] : [report];
    await loseDecisions(bank.objects);
    for (const bucket of [ARCHIVE, "new-events"])
      await deleteForGood(bank.objects, bucket, key => key === "cash_deposit_d.event");
    expect(kinds(await replayEvents(bank.ledger, { reports }))).toEqual([
      "gap inter_account_transfer_e.event",
      "gone cash_deposit_d.event",
    ]);
    await loseDecisions(bank.objects);
    const file = report?.manifest.files[0]?.key ?? "";
    await bank.objects.put({ bucket: `${ARCHIVE}-inventory`, key: file, body: "damaged" });
    await expect(replayEvents(bank.ledger, { reports })).rejects.toThrow(InventoryError);
    expect((await decisions()).size).toBe(0);
  });
});

describe("what contradicts is listed", () => {
  const B = "cash_withdrawal_b.event";
  const withoutChain = (told: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(told).filter(
        ([name]) => !["record", "prev", "rules", "settings", "changes"].includes(name),
      ),
    );
  /** Of other settings now: cash without its notes and coins is refused. */
  const strict = (): AnyLedger => ({
    ...bank.ledger,
    settings: { ...bank.ledger.settings, currencyRequired: true },
  });

  it("copies of before they told so much give the same decisions, unproved", async () => {
    await loseDecisions(bank.objects);
    for (const key of bank.before.keys()) {
      const request = key.slice(nameOf("").length);
      const bucket = request.includes("_c.") ? REJECTED : ARCHIVE;
      await rewrite(bucket, request, withoutChain);
    }
    const replayed = await replayEvents(bank.ledger);
    expect(replayed).toMatchObject({ troubles: [], counts: { remade: 5, exact: 0 } });
    expect(await decisions()).toEqual(bank.before);
  });

  it("settings of then are honoured; without them the outcome is, where the copy tells what it changed", async () => {
    await loseDecisions(bank.objects);
    expect(await replayEvents(strict())).toMatchObject({ troubles: [], counts: { exact: 5 } });
    expect(await decisions()).toEqual(bank.before);

    await loseDecisions(bank.objects);
    await rewrite(ARCHIVE, B, ({ settings: _, ...told }) => told);
    const kept = await replayEvents(strict());
    expect(kinds(kept)).toEqual([`judged-otherwise ${B}`]);
    const [was, is] = [bank.before, await decisions()].map(texts => JSON.parse(texts.get(nameOf(B)) ?? ""));
    expect(is).toMatchObject({ outcome: "accepted", legs: was.legs });
    expect((await decisions()).size).toBe(5);

    await loseDecisions(bank.objects);
    await rewrite(ARCHIVE, B, withoutChain);
    expect(kinds(await replayEvents(strict()))).toEqual([
      "gap cash_withdrawal_c.event",
      "gap inter_account_transfer_e.event",
      `not-rebuilt ${B}`,
    ]);
    expect([...(await decisions()).keys()].sort()).toEqual(
      ["cash_deposit_a.event", "cash_deposit_d.event"].map(key => nameOf(key)),
    );
  });

  it("a copy with other bytes, and one that tells nothing, are not used", async () => {
    await loseDecisions(bank.objects);
    await rewrite(ARCHIVE, B, told => ({ ...told }), "{}");
    await bank.objects.put({ bucket: ARCHIVE, key: "stray", body: "" });
    expect(kinds(await replayEvents(bank.ledger))).toEqual([
      "gap cash_withdrawal_c.event",
      "gap inter_account_transfer_e.event",
      `other-content ${B}`,
      "unreadable stray",
    ]);
  });

  it("a copy that followed on another decision than the one before it is not used", async () => {
    await loseDecisions(bank.objects);
    await rewrite(ARCHIVE, B, told => ({ ...told, prev: "1".repeat(64) }));
    expect(kinds(await replayEvents(bank.ledger))).toContain(`not-rebuilt ${B}`);
  });

  it("of two for one place neither is taken, unless one is published", async () => {
    const published = bank.before.get(nameOf(B)) ?? "";
    await loseDecisions(bank.objects);
    await rewrite(REJECTED, "cash_withdrawal_c.event", told => ({ ...told, legs: "700:2" }));
    expect(kinds(await replayEvents(bank.ledger))).toEqual([
      "gap inter_account_transfer_e.event",
      "rivals cash_withdrawal_b.event",
      "rivals cash_withdrawal_c.event",
    ]);
    await bank.objects.put({ bucket: DECISIONS, key: nameOf(B), body: published });
    expect(kinds(await replayEvents(bank.ledger))).toEqual([
      "gap inter_account_transfer_e.event",
      "rivals cash_withdrawal_c.event",
    ]);
  });

  it("a decision that is there is never overwritten", async () => {
    const changed = (bank.before.get(nameOf(B)) ?? "").replace('"sequence":2', '"sequence":9');
    await loseDecisions(bank.objects, name => name !== nameOf(B));
    await bank.objects.put({ bucket: DECISIONS, key: nameOf(B), body: changed });
    const replayed = await replayEvents(bank.ledger);
    expect(kinds(replayed)).toContain(`differs ${B}`);
    expect((await decisions()).get(nameOf(B))).toBe(changed);
    await bank.objects.put({ bucket: DECISIONS, key: nameOf(B), body: "no decision" });
    expect(kinds(await replayEvents(bank.ledger))).toEqual([
      `differs ${nameOf(B)}`,
      `unreadable ${nameOf(B)}`,
    ]);
    expect((await decisions()).get(nameOf(B))).toBe("no decision");
  });
});
