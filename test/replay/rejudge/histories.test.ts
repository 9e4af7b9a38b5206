import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bankTable, tableRows } from "../../../src/app.ts";
import { bank } from "../../../src/domain/bank.ts";
import { DEFAULT_SETTINGS } from "../../../src/domain/settings.ts";
import type { Facts } from "../../../src/ledger/domain.ts";
import type { AnyLedger } from "../../../src/ledger/ledger.ts";
import { randomInteger } from "../../../src/local/seeded-random.ts";
import { bankRows } from "../../../src/projections/bank-rows.ts";
import {
  applyRejudge,
  proposeRejudge,
  type RejudgeApplied,
  type RejudgeProposal,
} from "../../../src/replay/rejudge/rejudge.ts";
import { GATE_TABLE } from "../../support/gates.ts";
import { history, putsOf } from "../../support/random-requests.ts";
import { type Kind, Trouble, type World } from "../restore/world.ts";
import { identityOf, judgeByHand } from "./oracle.ts";
import { expectWhole, openRejudged, type RejudgedWorld } from "./rejudged-world.ts";

/** More with `RUNS=10`. */
const RUNS = 12 * Number(process.env.RUNS ?? 1);
const TROUBLE_RATE = 0.02;
/** Lower: a try reads every decision several times, and each fault ends it. */
const APPLY_TROUBLE_RATE = 0.003;
const ROUNDS_MAX = 40;
const TRIES_MAX = 200;

const GATES: Kind = { definition: GATE_TABLE, ledger: gates => gates };
const BANK: Kind = {
  definition: bankTable,
  ledger: gates =>
    ({
      ...gates,
      domain: bank,
      projection: bankRows,
      rows: tableRows,
      settings: { ...DEFAULT_SETTINGS },
    }) as AnyLedger,
};

type Put = { readonly key: string; readonly body: string };

const turns: fc.Arbitrary<readonly Put[]> = fc
  .array(
    fc.record({
      type: fc.constantFrom(
        "coin",
        "coin",
        "push",
        "push",
        "move",
        "move",
        "return",
        "again",
        "shut",
        "open",
      ),
      gate: fc.nat(2),
      to: fc.nat(2),
      coins: fc.integer({ min: 1, max: 3 }),
      of: fc.nat(14),
    }),
    { minLength: 6, maxLength: 24 },
  )
  .map(drafts =>
    drafts.map(({ type, gate, to, coins, of }, n) => {
      const put = (name: string, body: object): Put => ({
        key: `${name}.event`,
        body: JSON.stringify({ at: n + 1, ...body }),
      });
      if (type === "return") return put(`return_${of}`, {});
      if (type === "again") return put(`coin_${of}`, { gate: "g0", coins: 9 });
      if (type === "move") return put(`move_${n}`, { from: `g${gate}`, to: `g${to}`, coins });
      return put(`${type}_${n}`, { gate: `g${gate}`, coins });
    }),
  );

const LONG_AGO = Date.UTC(2026, 0, 1) / 1000;
const requests = history.map(putsOf).map(puts =>
  puts.map(({ key, body }, n) => ({
    key,
    body: body.replace(/"EventTimeStamp":\d+/, `"EventTimeStamp":${LONG_AGO + n}`),
  })),
);

/** Delivers everything, in any order, with troubles, until all is decided or waits. */
const tell = async ({ world }: RejudgedWorld, puts: readonly Put[]): Promise<readonly string[]> => {
  const { random } = world;
  const all: string[] = [];
  const left: string[] = [];
  for (const { key, body } of puts) {
    const message = await world.put(key, body);
    all.push(message);
    left.push(message);
    await world.clock.sleep(randomInteger(random, 900));
    if (random.next() < 0.6) left.push(...(await world.deliver(await world.worker(), left.splice(0, 3))));
    if (random.next() < 0.3) left.sort(() => random.next() - 0.5);
  }
  world.troubles.rate = 0;
  await deliverAll(world, left);
  return all;
};

const deliverAll = async (world: World, messages: readonly string[]): Promise<void> => {
  let left = messages;
  for (let round = 0; left.length > 0; round += 1) {
    if (round === ROUNDS_MAX) throw new Error(`${left.length} messages are never through`);
    left = await world.deliver(await world.worker(), left);
  }
};

/** Applies through kills and faults, until it is through. Returns: what came of it. */
const applyUntilDone = async (
  { world, announces }: RejudgedWorld,
  digest: string,
): Promise<RejudgeApplied["outcome"]> => {
  const { random } = world;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    try {
      const onStep = (): void => {
        if (random.next() < 0.08) throw new Trouble("killed");
      };
      const restoring = await world.restoring(undefined, onStep);
      const { outcome } = await applyRejudge(restoring, { digest, reason: "test", announces });
      return outcome;
    } catch (error) {
      if (error instanceof Trouble || String(error).includes("could not be")) continue;
      throw error;
    }
  }
  throw new Error("The rejudge is never through");
};

const check = async (opened: RejudgedWorld, puts: readonly Put[], anew: Facts): Promise<number> => {
  const { world, rules, valid, place, finish, announced, announces } = opened;
  const { random } = world;
  const messages = await tell(opened, puts);
  const before = await valid();
  await place(before.filter(() => random.next() < 0.7));
  const told = new Map(announced);
  expect((await proposeRejudge(await world.worker())).diff.totals).toMatchObject({ kept: before.length });

  rules.settings = anew;
  const oracle = judgeByHand(await world.worker(), before);
  const wasOf = new Map(before.map(each => [identityOf(each), outcomeText(each)]));
  const { diff, digest }: RejudgeProposal = await proposeRejudge(await world.worker());
  const flipped = diff.changed.filter(({ was, now }) => outcomeText(was) !== outcomeText(now));
  expect(new Map(flipped.map(each => [identityOf(each), outcomeText(each.now)]))).toEqual(
    new Map([...oracle.outcomes].filter(([identity, outcome]) => wasOf.get(identity) !== outcome)),
  );
  if (diff.changed.length === 0) return 0;

  world.troubles.rate = APPLY_TROUBLE_RATE;
  expect(["applied", "already"]).toContain(await applyUntilDone(opened, digest));
  world.troubles.rate = 0;
  const judged = await valid();
  expect(new Map(judged.map(each => [identityOf(each), outcomeText(each)]))).toEqual(oracle.outcomes);
  // At closed gates: whoever is told again finds the decision, and what waited waits or is decided now.
  await deliverAll(world, messages);
  await finish();
  const after = await valid();
  const anewInstead = after.filter(({ epoch, replaces }) => replaces === undefined && epoch > 1);
  expect(anewInstead.filter(each => wasOf.has(identityOf(each)))).toEqual([]);
  const fold = await expectWhole(world, after);
  const { domain } = await world.worker();
  if (after.length === before.length) {
    const states = [...fold.streams].map(([stream, { state }]) => [stream, domain.postImage(state)] as const);
    expect(new Map(states)).toEqual(oracle.states);
  }
  expect((await proposeRejudge(await world.worker())).diff.totals).toMatchObject({ kept: after.length });

  await place(after);
  await place(after);
  for (const [key] of told) expect(announced.get(key), `${key} was announced`).toBe(told.get(key));
  for (const record of after.filter(announces)) expect(announced.get(record.key)).toBe(1);
  for (const bucket of ["archive", "rejected"]) {
    const outcome = bucket === "archive" ? "accepted" : "refused";
    const { objects } = await world.objects.list({ bucket });
    expect(objects).toHaveLength(after.filter(each => each.outcome === outcome).length);
  }
  return diff.changed.length;
};

/** Rejudges while workers decide on, some of epochs that are over, and some by the settings of before. */
const checkBusy = async (opened: RejudgedWorld, puts: readonly Put[], anew: Facts): Promise<number> => {
  const { world, rules, valid, finish } = opened;
  const { random } = world;
  const messages = [...(await tell(opened, puts))];
  const more = puts.map(({ key, body }) => ({ key: key.replace("_", "_9"), body }));
  const told = new Map((await valid()).map(each => [identityOf(each), outcomeText(each)]));
  const zombies = [await world.worker()];
  const former = rules.settings;
  rules.settings = anew;
  const approved = new Map<string, string>();
  const left: string[] = [];
  for (const { key, body } of more) left.push(await world.put(key, body));
  messages.push(...left);
  const deliverSome = async (): Promise<void> => {
    const fresh = await world.worker();
    zombies.push(fresh);
    const ledger = (random.next() < 0.5 && zombies[randomInteger(random, zombies.length)]) || fresh;
    const batch = left.splice(0, 1 + randomInteger(random, 3));
    const settings = random.next() < 0.5 ? former : anew;
    left.push(...(await world.deliver({ ...ledger, settings }, batch)));
  };
  let outcome = "";
  for (let tries = 0; tries < ROUNDS_MAX && outcome !== "applied" && outcome !== "already"; tries += 1) {
    const { diff, digest } = await proposeRejudge(await world.worker());
    if (diff.changed.length === 0) break;
    for (const each of diff.changed) approved.set(identityOf(each), outcomeText(each.now));
    let isDone = false;
    const applying = applyUntilDone(opened, digest).finally(() => {
      isDone = true;
    });
    while (!isDone && left.length > 0) {
      await deliverSome();
      // What packs the manifest answers between these turns only.
      await setImmediate();
    }
    outcome = await applying;
  }
  await deliverAll(world, left);
  await deliverAll(world, messages);
  await finish();
  const after = await valid();
  await expectWhole(world, after);
  const is = new Map(after.map(each => [identityOf(each), outcomeText(each)]));
  for (const [identity, was] of told)
    expect([was, approved.get(identity)], `${identity} is as it was, or as approved`).toContain(
      is.get(identity),
    );
  for (const { key } of [...puts, ...more]) {
    const ledger = await world.worker();
    const [item] = await ledger.store.get([ledger.rows.state.key({ key })]);
    const state = item && ledger.rows.state.read(item);
    expect(state?.decision ?? state?.parked, key).toBeDefined();
  }
  return outcome === "" ? 0 : 1;
};

const outcomeText = ({ outcome, code }: { outcome: string; code?: string }): string =>
  outcome === "accepted" ? "accepted" : `refused ${code}`;

type Way = readonly [Facts, Facts];

const run = async (
  kind: Kind,
  puts: fc.Arbitrary<readonly Put[]>,
  ways: readonly Way[],
  checked: typeof check = check,
) => {
  let changes = 0;
  await fc.assert(
    fc.asyncProperty(puts, fc.nat(1e6), fc.constantFrom(...ways), async (all, seed, [first, anew]) => {
      changes += await checked(openRejudged(kind, first, seed, TROUBLE_RATE), all, anew);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  // Else it showed nothing.
  expect(changes).toBeGreaterThan(0);
};

const PRICES: readonly Way[] = [
  [{ price: 1 }, { price: 2 }],
  [{ price: 1 }, { price: 5 }],
  [{ price: 3 }, { price: 1 }],
];
const LAX = { currencyRequired: false, autoOpen: true };
const RULES: readonly Way[] = [
  [LAX, { currencyRequired: true, autoOpen: true }],
  [LAX, { currencyRequired: false, autoOpen: false }],
  [{ currencyRequired: false, autoOpen: false }, LAX],
];

describe("all decisions judged anew, through kills and faults", () => {
  it(`gates: the table is what the oracle says (${RUNS} runs)`, () => run(GATES, turns, PRICES), 600_000);
  it(`the bank: likewise, row by row (${RUNS} runs)`, () => run(BANK, requests, RULES), 600_000);
  it(
    `gates: while workers decide on, nothing changes but what was approved (${RUNS} runs)`,
    () => run(GATES, turns, PRICES, checkBusy),
    600_000,
  );
});
