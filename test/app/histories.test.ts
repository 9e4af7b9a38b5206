import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bankTable, tableRows } from "../../src/app.ts";
import { type AccountState, brokenInvariant } from "../../src/domain/account.ts";
import { bank } from "../../src/domain/bank.ts";
import { compareHeads } from "../../src/ledger/compare.ts";
import type { DecisionRecord } from "../../src/ledger/domain.ts";
import { foldDecisions, publishedDecisions } from "../../src/ledger/fold.ts";
import type { StreamAt } from "../../src/ledger/judge.ts";
import { transactionsOf } from "../../src/projections/transactions.ts";
import type { Store } from "../../src/table/store.ts";
import { type BankOnThisMachine, openBank } from "../support/bank-on-this-machine.ts";
import { history, type Put, putsOf } from "../support/random-requests.ts";
import { freshTable } from "../support/tables.ts";

/** `HISTORIES=200` is the full number; CI runs 40. */
const HISTORIES = Number(process.env.HISTORIES ?? 6);
const HANDLERS = 4;

type Change = Parameters<typeof bank.evolve>[1];
type Record_ = DecisionRecord<Change>;

const allDecisions = async ({ app }: BankOnThisMachine): Promise<readonly Record_[]> => {
  const { objects, decisionsBucket, epoch } = app.ledger;
  return Array.fromAsync(publishedDecisions<Change>(objects, decisionsBucket, epoch));
};

/** Distinct contents by key: what must have one decision each. */
const identitiesOf = (puts: readonly Put[]): ReadonlySet<string> =>
  new Set(puts.map(({ key, body }) => `${key} ${body}`));

/** Replays a stream's legs one by one: no balance may be wrong at any step, not only at the end. */
const brokenSteps = (records: readonly Record_[]): readonly string[] => {
  const legs = records.flatMap(({ legs }) => legs).sort((a, b) => a.sequence - b.sequence);
  const states = new Map<string, AccountState>();
  return legs.flatMap(({ stream, change }) => {
    const state = bank.evolve(states.get(stream) ?? bank.initialState(), change);
    states.set(stream, state);
    return brokenInvariant(state) ?? [];
  });
};

const stateOf = async (store: Store, key: string) => {
  const [item] = await store.get([tableRows.state.key({ key })]);
  return item && tableRows.state.read(item);
};

const expectRowsFollowHead = async (
  store: Store,
  stream: string,
  { state, sequence }: StreamAt<AccountState>,
) => {
  const lines = await store.query({ partition: stream, from: "LINE#", to: "LINE#~" });
  expect(lines.items.map(item => tableRows.line.read(item).sequence)).toEqual(
    Array.from({ length: sequence }, (_, i) => i + 1),
  );
  const balances = await store.query({ partition: stream, from: "SAVINGS#", to: "SAVINGS#~" });
  const shown = balances.items
    .map(item => tableRows.balance.read(item))
    .map(row => [row.balanceType, row.BalanceCents]);
  expect(shown).toEqual(
    state.status === "NONE"
      ? []
      : [
          ["ACTUAL", state.actualCents],
          ["AVAILABLE", state.availableCents],
        ],
  );
  const pending = await Array.fromAsync(transactionsOf(store, stream, "PENDING"));
  expect(pending.length).toBe(Object.keys(state.holds).length);
};

describe("random histories on DynamoDB Local, four functions at once, duplicated and shuffled", () => {
  it(`decides each request once, keeps every invariant, and the fold of S3 equals the table (${HISTORIES} histories)`, async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 1, max: 1e6 }), async (drafts, seed) => {
        const puts = putsOf(drafts);
        const store = await freshTable(bankTable);
        const opened = openBank(store, {
          chaos: { seed, shuffle: true, duplicate: 0.3 },
          handlers: HANDLERS,
          // As in `up`: messages that fail come back within milliseconds, where on AWS it takes minutes.
          receivesMax: 150,
        });
        try {
          for (const { key, body } of puts) await opened.put(key, body);
          await opened.idle();
          expect(opened.deadLetters()).toBe(0);
          const records = await allDecisions(opened);

          const decided = records.map(({ key, text }) => `${key} ${text}`);
          expect(new Set(decided).size).toBe(decided.length);
          for (const identity of identitiesOf(puts)) {
            const [key = ""] = identity.split(" ");
            if (!decided.includes(identity))
              expect((await stateOf(store, key))?.parked, identity).toBeDefined();
          }
          expect(brokenSteps(records)).toEqual([]);

          const fold = await foldDecisions(
            bank,
            publishedDecisions<Change>(opened.app.ledger.objects, "decisions", 1),
          );
          expect(fold.faults).toEqual([]);
          const comparisons = await compareHeads(opened.app.ledger, fold);
          expect(comparisons.filter(({ isEqual }) => !isEqual)).toEqual([]);
          for (const [stream, at] of fold.streams) await expectRowsFollowHead(store, stream, at);
        } finally {
          await opened.close();
        }
      }),
      { numRuns: HISTORIES, endOnFailure: true },
    );
  }, 1_200_000);
});
