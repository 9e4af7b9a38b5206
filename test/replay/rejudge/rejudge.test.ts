import { describe, expect, it } from "vitest";
import { bankTable, tableRows } from "../../../src/app.ts";
import { bank } from "../../../src/domain/bank.ts";
import { DEFAULT_SETTINGS } from "../../../src/domain/settings.ts";
import type { AnyLedger } from "../../../src/ledger/ledger.ts";
import { livePointers } from "../../../src/ledger/live.ts";
import { createReads } from "../../../src/ledger/reads.ts";
import { repairStream } from "../../../src/ledger/repair.ts";
import { releaseDue } from "../../../src/ledger/sweep.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import { bankRows } from "../../../src/projections/bank-rows.ts";
import { readManifest } from "../../../src/replay/manifest/read-manifest.ts";
import { readHistory } from "../../../src/replay/rejudge/history.ts";
import { applyRejudge, proposeRejudge, type RejudgeApplied } from "../../../src/replay/rejudge/rejudge.ts";
import { toldOfAll } from "../../../src/replay/rejudge/told.ts";
import { restore } from "../../../src/replay/restore/restore.ts";
import { STEPS, type Step } from "../../../src/replay/restore/steps.ts";
import { DECISIONS, GATE_TABLE, rows } from "../../support/gates.ts";
import { type Kind, Trouble } from "../restore/world.ts";
import { expectWhole, openRejudged, type RejudgedWorld } from "./rejudged-world.ts";

const GATES: Kind = { definition: GATE_TABLE, ledger: gates => gates };
const BANK: Kind = {
  definition: bankTable,
  ledger: gates =>
    ({
      ...gates,
      domain: bank,
      projection: bankRows,
      rows: tableRows,
      settings: DEFAULT_SETTINGS,
    }) as AnyLedger,
};
const DAY_MS = 86_400_000;
const STORY: readonly (readonly [string, object])[] = [
  ["coin_a", { gate: "g1", coins: 1 }],
  ["coin_b", { gate: "g2", coins: 5 }],
  ["push_c", { gate: "g1" }],
  ["coin_d", { gate: "g1", coins: 1 }],
  ["move_e", { from: "g1", to: "g2", coins: 1 }],
  ["push_f", { gate: "g2" }],
  ["push_g", { gate: "g3" }],
  ["coin_h", { gate: "g4", coins: 2 }],
];

/** Gates at one coin a push, everything placed; from then on a push costs `price`. */
const open = async (price = 2, story = STORY) => {
  const rejudged = openRejudged(GATES, { price: 1 });
  const { world } = rejudged;
  const feed = async (name: string, body: object): Promise<void> => {
    await world.clock.sleep(1_000);
    const message = await world.put(`${name}.event`, JSON.stringify(body));
    expect(await world.deliver(await world.worker(), [message])).toEqual([]);
  };
  for (const [name, body] of story) await feed(name, body);
  await rejudged.place(await rejudged.valid());
  rejudged.rules.settings = { price };
  const propose = async () => proposeRejudge(await world.worker());
  const apply = async (digest: string, onStep?: (step: Step) => void): Promise<RejudgeApplied> =>
    applyRejudge(await world.restoring(undefined, onStep), {
      digest,
      reason: "test",
      announces: rejudged.announces,
    });
  const everything = async () => ({
    objects: (await world.objects.list({ bucket: DECISIONS })).objects.map(({ key, eTag }) => [key, eTag]),
    tables: [...world.tables].map(([name, store]) => [name, store.snapshot()]),
  });
  return { ...rejudged, feed, propose, apply, everything };
};

const bodiesOf = async ({ objects }: RejudgedWorld["world"], bucket: string): Promise<readonly string[]> =>
  (await objects.list({ bucket })).objects.map(({ key }) => key);

describe("a new judgement that is only shown", () => {
  it("lists what comes out otherwise and all that follows from it, and changes nothing", async () => {
    const { propose, everything, world, announces } = await open();
    const before = await everything();
    const { diff, digest } = await propose();
    expect(diff.changed).toEqual([
      {
        key: "push_c.event",
        digest: expect.any(String),
        name: "dec/000001/push_c.event",
        was: { outcome: "accepted", legs: [{ stream: "g1", sequence: 2 }] },
        now: { outcome: "refused", code: "LOCKED", legs: [{ stream: "g1", sequence: 2 }] },
        gains: { g1: { coins: 1, pushes: -1 } },
      },
      {
        key: "push_f.event",
        digest: expect.any(String),
        name: "dec/000001/push_f.event",
        was: { outcome: "accepted", legs: [{ stream: "g2", sequence: 3 }] },
        now: { outcome: "accepted", legs: [{ stream: "g2", sequence: 3 }] },
        gains: { g2: { coins: -1 } },
      },
    ]);
    expect(diff.totals).toEqual({
      ...{ judged: 8, kept: 4, moved: 2, changed: 2, gains: { pushes: -1 } },
      ways: { "accepted to refused": 1, "accepted to accepted": 1 },
    });
    expect(diff.streams.map(({ stream }) => stream)).toEqual(["g1", "g2"]);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    const told = await toldOfAll(await world.worker(), ["dec/000001/push_c.event"], announces);
    expect([...told.values()]).toEqual([["acknowledged", "placed", "announced"]]);
    expect(await everything()).toEqual(before);
  });

  it("is empty under the same rules, with what was refused by deadline before its original came", async () => {
    const { propose, feed, world } = await open(1);
    await feed("return_late", { at: 1 });
    await world.clock.sleep(31 * DAY_MS);
    const ledger = await world.worker();
    const invocation = { reads: createReads(ledger.store), remainingMs: () => 60 };
    expect(await releaseDue(ledger, invocation, { now: world.clock.now() })).toMatchObject({ decided: 1 });
    // Whoever decided this has a clock that is far behind.
    await world.put("coin_late.event", JSON.stringify({ gate: "g1", coins: 7 }));
    const slow = { ...ledger, clock: { ...ledger.clock, now: () => Date.UTC(2026, 0, 1) } };
    await world.deliver(slow as never, [world.notifications.at(-1) ?? ""]);
    await feed("return_a", { at: 1 });
    const { diff } = await propose();
    expect(diff.totals).toMatchObject({ judged: 11, kept: 11, changed: 0 });
  });

  it("is empty where a follow-up on another stream was decided by a clock behind its original's", async () => {
    const { world } = openRejudged(BANK, { currencyRequired: false });
    const at = Date.UTC(2026, 0, 1) / 1000;
    const decide = async (key: string, body: object, now: number): Promise<void> => {
      const message = await world.put(key, JSON.stringify({ EventTimeStamp: at, ...body }));
      const ledger = await world.worker();
      const slow = { ...ledger, clock: { ...ledger.clock, now: () => now } };
      expect(await world.deliver(slow, [message])).toEqual([]);
    };
    const opening = { CustomerNumber: "1", Amount: "5.00", Verified: true };
    const later = world.clock.now() + DAY_MS;
    await decide("cash_deposit_a.event", { TargetAccount: "0", ...opening }, world.clock.now());
    await decide("cash_deposit_b.event", { TargetAccount: "1", ...opening }, world.clock.now());
    await decide("cash_deposit_c.event", { TargetAccount: "1", Amount: "2.00", Verified: false }, later);
    const verify = { TargetAccount: "0", Amount: "2.00", Verified: true, PreviousRequestIdReference: "c" };
    await decide("verify_cash_deposit_d.event", verify, world.clock.now());
    const ledger = await world.worker();
    const { decisions } = await readHistory(ledger);
    expect(decisions.map(({ record }) => record.code ?? "accepted").sort()).toEqual([
      "ACCOUNT_MISMATCH",
      ...["accepted", "accepted", "accepted"],
    ]);
    expect((await proposeRejudge(ledger)).diff.totals).toMatchObject({ judged: 4, kept: 4 });
  });

  it("goes by every part of what it was computed against", async () => {
    const { propose, feed, rules } = await open();
    const { digest } = await propose();
    await feed("coin_i", { gate: "g4", coins: 1 });
    expect((await propose()).digest, "comes out the same").toBe(digest);
    rules.settings = { price: 2, further: true };
    expect((await propose()).digest).not.toBe(digest);
  });
});

describe("a new judgement that is applied", () => {
  it("needs the digest of the difference there is, or changes nothing", async () => {
    const { propose, apply, feed, everything, rules, finish } = await open();
    const { digest } = await propose();
    rules.settings = { price: 1 };
    await feed("push_z", { gate: "g2" });
    rules.settings = { price: 2 };
    const before = await everything();
    const refused = await apply(digest);
    expect(refused).toMatchObject({ outcome: "refused", diff: { totals: { changed: 3 } } });
    expect(await everything()).toEqual(before);
    const { digest: newer } = await propose();
    expect(await apply(newer)).toMatchObject({ outcome: "applied" });
    await finish();
    const after = await everything();
    expect(await apply((await propose()).digest), "nothing is left to change").toMatchObject({
      outcome: "refused",
      diff: { changed: [] },
    });
    expect(await everything()).toEqual(after);
  });

  it("makes another table of it, keeps what was, and leaves nothing to judge anew", async () => {
    const { propose, apply, world, valid, finish, place, announced, feed } = await open();
    const { digest } = await propose();
    const applied = await apply(digest);
    expect(applied).toMatchObject({
      outcome: "applied",
      pointer: { epoch: 3, table: "daybook-000003", from: { kind: "rejudge", digest } },
      manifest: { decisions: 8, void: [] },
    });
    const at = { objects: world.objects, bucket: DECISIONS };
    expect((await readManifest(at, 3))?.rejudged).toEqual({
      cause: "rejudged 3",
      digest,
      void: ["coin_d", "move_e", "push_c", "push_f"].map(name => `dec/000001/${name}.event`),
    });
    expect(await bodiesOf(world, DECISIONS)).toContain("dec/000001/push_c.event");
    // Before anything is repaired: who meets the gate opens it, and finds 2 + 5 - 2 = 4 coins at g2 then.
    await feed("push_k", { gate: "g1" });
    await finish();
    const records = await valid();
    const fold = await expectWhole(world, records);
    expect(fold.streams.get("g1")).toMatchObject({ sequence: 5, state: { coins: 1, pushes: 0 } });
    expect(fold.streams.get("g2")).toMatchObject({ sequence: 3, state: { coins: 4, pushes: 1 } });
    expect((await propose()).diff.totals).toMatchObject({ judged: 9, kept: 9 });
    await place(records);
    expect(await bodiesOf(world, "rejected")).toEqual(["push_c.event", "push_g.event", "push_k.event"]);
    expect(await bodiesOf(world, "archive")).not.toContain("push_c.event");
    expect([...announced]).toEqual([
      ["push_c.event", 1],
      ["push_f.event", 1],
    ]);
    const ledger = await world.worker();
    for (const stream of ["g1", "g2", "g3", "g4"])
      expect(await repairStream(ledger, stream)).toMatchObject({ outcome: "whole" });
  });

  it("and taken back tells nobody a second time", async () => {
    const { propose, apply, valid, finish, place, announced, rules, world } = await open();
    await apply((await propose()).digest);
    await finish();
    await place(await valid());
    rules.settings = { price: 1 };
    const { diff, digest } = await propose();
    expect(diff.changed.map(({ key }) => key)).toEqual(["push_c.event", "push_f.event"]);
    expect(await apply(digest)).toMatchObject({ outcome: "applied", pointer: { epoch: 5 } });
    await finish();
    await place(await valid());
    expect([...announced.values()]).toEqual([1, 1]);
    expect(await bodiesOf(world, "archive")).toContain("push_c.event");
    const fold = await expectWhole(world, await valid());
    expect(fold.streams.get("g1")).toMatchObject({ state: { coins: 0, pushes: 1 } });
  });

  it.each(STEPS.filter(step => !["guards", "undo", "survey"].includes(step)))(
    "killed at %s and started again ends the same",
    async step => {
      const { propose, apply, world, valid, finish } = await open();
      const { digest } = await propose();
      const kill = (now: Step): void => {
        if (now === step) throw new Trouble(step);
      };
      await expect(apply(digest, kill)).rejects.toBeInstanceOf(Trouble);
      const outcome = step === "resume" ? "already" : "applied";
      expect(await apply(digest)).toMatchObject({ outcome, pointer: { epoch: 3 } });
      await finish();
      expect((await expectWhole(world, await valid())).decisions).toBe(8);
      const pointers = await livePointers({ objects: world.objects, bucket: DECISIONS });
      expect(pointers.map(({ epoch }) => epoch)).toEqual([3]);
      expect((await propose()).diff.totals).toMatchObject({ judged: 8, kept: 8 });
    },
  );

  it("leaves all as it was where something is decided at the last moment", async () => {
    const { propose, apply, world, rules, valid, finish } = await open();
    const { digest } = await propose();
    const zombie = await world.worker();
    const { restoring } = world;
    const wish = { digest, reason: "test", announces: () => false };
    const working = await restoring(undefined);
    // After the last look and before the marker: the first put of the apply is that of the marker.
    const objects = new Proxy(working.ledger.objects, {
      get: (target, name: "put") => {
        if (name !== "put") return target[name];
        return async (request: { key: string }) => {
          if (request.key === "epoch/000002") {
            const message = await world.put("push_y.event", JSON.stringify({ gate: "g2" }));
            const cheap = { ...zombie, settings: { price: 1 } };
            expect(await world.deliver(cheap as never, [message])).toEqual([]);
          }
          return target.put(request as never);
        };
      },
    });
    const applied = await applyRejudge({ ...working, ledger: { ...working.ledger, objects } }, wish);
    expect(applied).toMatchObject({ outcome: "unchanged", pointer: { epoch: 3 } });
    await finish();
    const fold = await expectWhole(world, await valid());
    expect(fold.decisions).toBe(9);
    expect(fold.streams.get("g1")).toMatchObject({ state: { coins: 0, pushes: 1 } });
    expect(rules.settings).toEqual({ price: 2 });
    expect(await apply(digest)).toMatchObject({ outcome: "refused" });
  });

  it("is a past that no restore goes behind, and one that a restore goes on from", async () => {
    const { propose, apply, world, valid, finish, feed } = await open();
    await world.clock.sleep(60_000);
    const before = isoInstant(world.clock.now());
    await world.clock.sleep(60_000);
    await apply((await propose()).digest);
    await finish();
    const wish = { marginMs: 1_000, reason: "test", isInstead: false } as const;
    const to = (at: string) => ({ ...wish, from: { kind: "pitr", at } as const });
    await expect(restore(await world.restoring(undefined), to(before))).rejects.toThrow("judged anew");
    await world.clock.sleep(60_000);
    await feed("push_k", { gate: "g2" });
    await world.clock.sleep(5_000);
    const now = isoInstant(Math.floor(world.clock.now() / 1000) * 1000);
    expect(await restore(await world.restoring(undefined), to(now))).toMatchObject({
      pointer: { epoch: 4 },
      manifest: { decisions: 1, void: [] },
    });
    await finish();
    const fold = await expectWhole(world, await valid());
    expect(fold.decisions).toBe(9);
    const [item] = await (await world.worker()).store.get([rows.head.key({ stream: "g2" })]);
    expect(item && rows.head.read(item)).toMatchObject({ sequence: 4, state: { coins: 2, pushes: 2 } });
  });

  it("of two at once is done by one, and the other says so", async () => {
    const { propose, apply, valid, finish, world } = await open();
    const { digest } = await propose();
    const both = await Promise.allSettled([apply(digest), apply(digest)]);
    const done = both.flatMap(each => (each.status === "fulfilled" ? [each.value.outcome] : []));
    expect(done).toContain("applied");
    for (const each of both)
      if (each.status === "rejected") expect(String(each.reason)).toMatch(/RestoreTakenOver|RestoreRefused/);
    await finish();
    expect((await expectWhole(world, await valid())).decisions).toBe(8);
    expect((await propose()).diff.totals).toMatchObject({ kept: 8 });
  });

  it("and was given up for a restore leaves nothing behind that counts", async () => {
    const { propose, apply, valid, finish, world } = await open();
    const { digest } = await propose();
    const kill = (now: Step): void => {
      if (now === "base") throw new Trouble(now);
    };
    await expect(apply(digest, kill)).rejects.toBeInstanceOf(Trouble);
    await world.clock.sleep(5_000);
    const at = isoInstant(world.clock.now() - 6_000);
    const wish = { from: { kind: "pitr", at }, marginMs: 60_000, reason: "test" } as const;
    const restoring = await world.restoring(undefined);
    await expect(restore(restoring, { ...wish, isInstead: false })).rejects.toThrow("a rejudge");
    const done = await restore(restoring, { ...wish, isInstead: true });
    expect(done).toMatchObject({ pointer: { epoch: 4 }, manifest: { decisions: 8, void: [] } });
    await finish();
    const fold = await expectWhole(world, await valid());
    expect(fold.streams.get("g1")).toMatchObject({ state: { coins: 0, pushes: 1 } });
    expect(await apply(digest)).toMatchObject({ outcome: "refused" });
  });

  it("waits for a restore that is not finished", async () => {
    const { propose, apply, world } = await open();
    await world.clock.sleep(5_000);
    const onStep = (step: Step): void => {
      if (step === "collect") throw new Trouble(step);
    };
    const at = isoInstant(world.clock.now() - 2_000);
    const wish = { from: { kind: "pitr", at }, marginMs: 1_000, reason: "test", isInstead: false } as const;
    await expect(restore(await world.restoring(undefined, onStep), wish)).rejects.toBeInstanceOf(Trouble);
    await expect(apply((await propose()).digest)).rejects.toThrow("is not finished");
  });
});
