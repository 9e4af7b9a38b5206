import { expect } from "vitest";
import { compareHeads } from "../../../src/ledger/compare.ts";
import type { DecisionRecord, Facts } from "../../../src/ledger/domain.ts";
import { foldDecisions } from "../../../src/ledger/fold.ts";
import type { AnyLedger } from "../../../src/ledger/ledger.ts";
import { markRepaired } from "../../../src/ledger/live.ts";
import { holds } from "../../../src/ledger/place/holds.ts";
import { placeRecord } from "../../../src/ledger/place/place-record.ts";
import { createReads } from "../../../src/ledger/reads.ts";
import { validDecisions } from "../../../src/replay/manifest/valid-decisions.ts";
import { withdrawCopies } from "../../../src/replay/rejudge/copies.ts";
import type { Announces } from "../../../src/replay/rejudge/told.ts";
import { type Kind, openWorld, type World } from "../restore/world.ts";

/** A world whose settings may change, with buckets to place in and a count of what the world outside was told. */
export const openRejudged = (kind: Kind, settings: Facts, seed = 1, rate = 0) => {
  const rules = { settings };
  const world = openWorld(
    {
      definition: kind.definition,
      ledger: gates => ({
        ...kind.ledger(gates),
        settings: { ...kind.ledger(gates).settings, ...rules.settings },
      }),
    },
    seed,
    rate,
  );
  const announced = new Map<string, number>();
  const announces: Announces = ({ outcome, key }) => outcome === "accepted" && /^(push|outgoing)_/.test(key);
  const announcements = {
    publish: async ({ body }: { body: string }): Promise<void> => {
      announced.set(body, (announced.get(body) ?? 0) + 1);
    },
  };
  /** Places what holds, as the place function would. */
  const place = async (records: readonly DecisionRecord[]): Promise<void> => {
    const ledger = await world.worker();
    const announce = (record: DecisionRecord) => (announces(record) ? { body: record.key } : undefined);
    for (const record of records)
      if (await holds(ledger, createReads(ledger.store), record))
        await placeRecord({ ledger, announce, announcements }, record);
  };
  const valid = async (): Promise<readonly DecisionRecord[]> =>
    Array.fromAsync(validDecisions(await world.worker()));
  /** What the command does after an apply. */
  const finish = async (): Promise<void> => {
    const ledger = await world.worker();
    await withdrawCopies(ledger);
    const streams = new Set((await valid()).flatMap(({ legs }) => legs.map(({ stream }) => stream)));
    for (const stream of streams) await world.repair(stream);
    await markRepaired(ledger);
  };
  return { ...world, world, rules, announces, announced, place, valid, finish };
};

export type RejudgedWorld = ReturnType<typeof openRejudged>;

/** The table is what its decisions make of it, to the row. */
export const expectWhole = async (world: World, records: readonly DecisionRecord[]) => {
  const ledger: AnyLedger & { readonly table: string } = await world.worker();
  const { domain, projection } = ledger;
  const fold = await foldDecisions(domain, asList(records));
  expect(fold.faults).toEqual([]);
  expect((await compareHeads(ledger, fold)).filter(({ isEqual }) => !isEqual)).toEqual([]);
  const identities = records.map(({ key, digest }) => `${key} ${digest}`);
  expect(new Set(identities).size).toBe(identities.length);
  const must = new Map(
    records
      .flatMap(record => record.legs.flatMap(leg => [...projection.legRows(record, leg)]))
      .flatMap(write =>
        "put" in write && projection.passingName(write.put) === undefined ? [write.put] : [],
      )
      .map(item => [`${item.PK} ${item.SK}`, item]),
  );
  const items = world.storeOf(ledger.table).snapshot();
  const shown = items.filter(
    item =>
      projection.legOf(item) && projection.passingName(item) === undefined && item.__edb_e__ !== "balance",
  );
  expect(new Map(shown.map(item => [`${item.PK} ${item.SK}`, item]))).toEqual(must);
  for (const [stream, { state }] of fold.streams) {
    const open = items.flatMap(item => (item.PK === stream ? (projection.passingName(item) ?? []) : []));
    expect(open.sort(), `open on ${stream}`).toEqual([...projection.passingNames(state)].sort());
  }
  return fold;
};

async function* asList<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}
