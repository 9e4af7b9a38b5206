import { expect } from "vitest";
import { compareHeads } from "../../../src/ledger/compare.ts";
import type { DecisionRecord } from "../../../src/ledger/domain.ts";
import { foldDecisions } from "../../../src/ledger/fold.ts";
import type { AnyLedger } from "../../../src/ledger/ledger.ts";
import { markRepaired } from "../../../src/ledger/live.ts";
import { randomInteger } from "../../../src/local/seeded-random.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import { validDecisions } from "../../../src/replay/manifest/valid-decisions.ts";
import type { Item } from "../../../src/table/store.ts";
import type { DecisionSummary } from "../../../src/tracking/state.ts";
import type { AnyWorld } from "./world.ts";

export type Put = { readonly key: string; readonly body: string };

const TORN_MS = 1_500;
const MARGIN_MS = 2_500;
const ROUNDS_MAX = 40;

/** What a decided request was told, as the table of the worker that acknowledged it has it. */
const toldBy = async (ledger: AnyLedger, key: string): Promise<string | undefined> => {
  const [item] = await ledger.store.get([ledger.rows.state.key({ key })]);
  const decision = item && ledger.rows.state.read(item).decision;
  return decision && textOf(decision);
};

const textOf = ({ digest, outcome, code = "", legs }: DecisionSummary | DecisionRecord): string =>
  [
    digest,
    outcome,
    code,
    ...legs.map(({ stream, sequence, hash }) => `${stream} ${sequence} ${hash}`),
  ].join();

const keyIn = (body: string): string => {
  const message = JSON.parse(body) as { Message?: string };
  const event = JSON.parse(message.Message ?? body) as { Records: { s3: { object: { key: string } } }[] };
  return decodeURIComponent((event.Records[0]?.s3.object.key ?? "").replaceAll("+", " "));
};

/**
 * Tells a world of requests, in batches, out of order, twice and to workers of dead tables too, with up to so many
 * restores in between: killed and started again, and some beside a replay of what the one before left to repair.
 */
export const tell = async (world: AnyWorld, puts: readonly Put[], restoresMax: number) => {
  const { random } = world;
  const told = new Map<string, string>();
  const zombies = [await world.worker()];
  const all: string[] = [];
  let left: string[] = [];
  let restores = 0;
  const deliverSome = async (): Promise<void> => {
    const batch = left.splice(0, 1 + randomInteger(random, 4));
    const fresh = await world.worker();
    zombies.push(fresh);
    const isZombie = random.next() < 0.3;
    const ledger = (isZombie ? zombies[randomInteger(random, zombies.length)] : fresh) ?? fresh;
    const again = await world.deliver(ledger, batch);
    left.push(...again);
    for (const body of batch) {
      if (again.includes(body)) continue;
      const rate = world.troubles.rate;
      world.troubles.rate = 0;
      const text = await toldBy(ledger, keyIn(body));
      world.troubles.rate = rate;
      if (text !== undefined && !told.has(keyIn(body))) told.set(keyIn(body), text);
    }
  };
  const streams = ["g0", "g1", "g2", "account-0", "account-1", "account-2"];
  const restoreOnce = async (): Promise<void> => {
    restores += 1;
    const { table } = await world.worker();
    await world.clock.sleep(1_000);
    const bornAtMs = world.storeOf(table).bornAtMs ?? 0;
    const isOlder = random.next() < 0.2;
    const from = isOlder ? Date.UTC(2026, 0, 5, 9) : Math.ceil(bornAtMs / 1000) * 1000;
    const seconds = Math.max(0, Math.floor((world.clock.now() - from) / 1000));
    // Mostly the recent past, where decisions are under way.
    const back =
      random.next() < 0.6
        ? randomInteger(random, Math.min(seconds, 3) + 1)
        : randomInteger(random, seconds + 1);
    const at = isoInstant(from + (seconds - back) * 1000);
    const torn = random.next() < 0.5 ? { seed: randomInteger(random, 1e6), withinMs: TORN_MS } : undefined;
    const wish = {
      from: { kind: "pitr", at },
      marginMs: MARGIN_MS,
      reason: "test",
      isInstead: false,
    } as const;
    await Promise.all([
      random.next() < 0.8 ? world.replay() : undefined,
      world.restoreUntilDone(wish, torn, 0.08),
      deliverSome(),
      deliverSome(),
      deliverSome(),
    ]);
  };
  for (const { key, body } of puts) {
    const message = await world.put(key, body);
    all.push(message);
    left.push(message);
    if (random.next() < 0.3) left.push(message);
    await world.clock.sleep(randomInteger(random, 900));
    const dice = random.next();
    if (dice < 0.6) await Promise.all([deliverSome(), deliverSome()]);
    else if (dice < 0.75 && restores < restoresMax) await restoreOnce();
    else if (dice < 0.85) await world.repair(streams[randomInteger(random, streams.length)] ?? "g0");
  }
  if (restores === 0) await restoreOnce();
  world.troubles.rate = 0;
  left.push(...all);
  for (let round = 0; left.length > 0; round += 1) {
    if (round === ROUNDS_MAX) throw new Error(`${left.length} messages are never through`);
    const ledger = await world.worker();
    left = [...(await world.deliver(ledger, left.splice(0)))];
  }
  for (const item of await world.storeOf((await world.worker()).table).snapshot())
    if (item.__edb_e__ === "catalogue") await world.repair(item.PK);
  await markRepaired(await world.worker());
  return { told, all };
};

/** Whether what was told stands, S3 tells the table, row by row, and a further repair changes no byte. */
export const check = async (
  world: AnyWorld,
  told: ReadonlyMap<string, string>,
  puts: readonly Put[],
): Promise<void> => {
  const ledger = await world.worker();
  const { domain, projection, rows } = ledger;
  const records = await Array.fromAsync(validDecisions(ledger));
  const fold = await foldDecisions(domain, asList(records));
  expect(fold.faults).toEqual([]);
  expect((await compareHeads(ledger, fold)).filter(({ isEqual }) => !isEqual)).toEqual([]);
  const identities = records.map(({ key, digest }) => `${key} ${digest}`);
  expect(new Set(identities).size).toBe(identities.length);
  const firsts = new Map(records.filter(({ reused }) => !reused).map(record => [record.key, textOf(record)]));
  for (const [key, text] of told) expect(firsts.get(key), `${key} was told`).toBe(text);

  const items = await world.storeOf(ledger.table).snapshot();
  const names = items.filter(item => item.__edb_e__ === "head").map(item => rows.head.read(item).stream);
  expect(names.sort()).toEqual([...fold.streams.keys()].sort());
  expect(items.filter(item => item.__edb_e__ === "catalogue")).toEqual([]);
  expectRows(ledger, records, items);
  for (const [stream, { state }] of fold.streams) {
    const open = items.flatMap(item => (item.PK === stream ? (projection.passingName(item) ?? []) : []));
    expect(open.sort(), `open on ${stream}`).toEqual([...projection.passingNames(state)].sort());
    const waiting = items.filter(item => item.PK === stream && item.__edb_e__ === "parked").length;
    const [head] = await ledger.store.get([rows.head.key({ stream })]);
    expect(head && rows.head.read(head).parkedCount, `parked under ${stream}`).toBe(waiting);
    if (waiting > 0) expect(domain.isClosed(state)).toBe(true);
  }
  for (const { key } of puts) {
    const [item] = await ledger.store.get([rows.state.key({ key })]);
    const state = item && rows.state.read(item);
    expect(state?.decision ?? state?.parked, key).toBeDefined();
    expect(state?.decision === undefined || firsts.has(key), `${key} is decided in S3`).toBe(true);
  }
  for (const stream of fold.streams.keys()) await world.repair(stream);
  expect(await world.storeOf(ledger.table).snapshot()).toEqual(items);
};

/** Every row that shows a leg is the one its decision makes, and there is no other. */
const expectRows = (
  { projection }: AnyLedger,
  records: readonly DecisionRecord[],
  items: readonly Item[],
): void => {
  const must = new Map<string, Item>();
  for (const record of records)
    for (const leg of record.legs)
      for (const write of projection.legRows(record, leg))
        if ("put" in write && projection.passingName(write.put) === undefined)
          must.set(`${write.put.PK} ${write.put.SK}`, write.put);
  const found = items.filter(
    item =>
      projection.legOf(item) !== undefined &&
      projection.passingName(item) === undefined &&
      item.__edb_e__ !== "balance",
  );
  expect(new Set(found.map(({ PK, SK }) => `${PK} ${SK}`))).toEqual(new Set(must.keys()));
  for (const item of found) expect(item).toEqual(must.get(`${item.PK} ${item.SK}`));
  for (const item of items.filter(each => each.__edb_e__ === "balance")) {
    const leg = projection.legOf(item);
    const head = records
      .filter(({ legs }) => legs.some(({ stream }) => stream === leg?.stream))
      .flatMap(({ legs }) => legs.filter(({ stream }) => stream === leg?.stream))
      .reduce((last, each) => Math.max(last, each.sequence), 0);
    expect(leg?.sequence).toBe(head);
  }
};

async function* asList<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}
