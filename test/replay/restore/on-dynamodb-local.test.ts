import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type App, bankTable } from "../../../src/app.ts";
import { createClients } from "../../../src/aws/clients.ts";
import { localTables } from "../../../src/aws/local-tables.ts";
import { type RunningCloud, startCloud } from "../../../src/cli/up.ts";
import { bank } from "../../../src/domain/bank.ts";
import type { DecisionRecord } from "../../../src/ledger/domain.ts";
import { foldDecisions } from "../../../src/ledger/fold.ts";
import { repairStream } from "../../../src/ledger/repair.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import { transactionsOf } from "../../../src/projections/transactions.ts";
import { validDecisions } from "../../../src/replay/manifest/valid-decisions.ts";
import { restore } from "../../../src/replay/restore/restore.ts";
import { verifyDecisions } from "../../../src/replay/verify/verify-decisions.ts";
import { history, type Put, putsOf } from "../../support/random-requests.ts";

/** `HISTORIES=300` is the full number. All share one cloud, so each restores what the ones before left. */
const HISTORIES = Number(process.env.HISTORIES ?? 2);
const SECOND_MS = 1_000;
const TORN_MS = 2_000;
const MARGIN_MS = 5_000;

type Change = Parameters<typeof bank.evolve>[1];

/** The same requests over names of their own. */
const renamed = (puts: readonly Put[], n: number): readonly Put[] =>
  puts.map(({ key, body }) => ({
    key: key.replace("_r", `_h${n}r`),
    body: body.replaceAll(/"r(\d+)"/g, `"h${n}r$1"`).replaceAll(/"account-(\d)"/g, `"account-${n}-$1"`),
  }));

const restoreOnce = async (running: RunningCloud, seed: number): Promise<void> => {
  const clients = createClients(running.env);
  try {
    const app = await running.liveApp();
    const tables = localTables(await clients.dynamodb(), bankTable);
    const nowMs = Math.floor(running.clock.now() / SECOND_MS) * SECOND_MS;
    const window = await running.pointInTime.window(app.config.table);
    const at = Math.max(nowMs - (seed % 4) * SECOND_MS, Date.parse(window?.earliest ?? ""));
    const open = async (table: string) => tables.open(table);
    await restore(
      {
        ledger: app.ledger,
        table: app.config.table,
        tables: { pointInTime: running.pointInTime, open, create: tables.create },
        consumers: { halt: async () => {}, resume: async () => {} },
        ...(seed % 2 === 0 && { torn: { seed, withinMs: TORN_MS } }),
      },
      { from: { kind: "pitr", at: isoInstant(at) }, marginMs: MARGIN_MS, reason: "test", isInstead: false },
    );
  } finally {
    clients.close();
  }
};

const decisionsOf = ({ ledger }: App): Promise<readonly DecisionRecord<Change>[]> =>
  Array.fromAsync(validDecisions<Change>(ledger));

const expectRows = async (app: App, records: readonly DecisionRecord<Change>[]): Promise<void> => {
  const { store } = app.ledger;
  const fold = await foldDecisions(bank, each(records));
  for (const [stream, { sequence, state }] of fold.streams) {
    const lines = await store.query({ partition: stream, from: "LINE#", to: "LINE#~" });
    expect(lines.items.length, `lines of ${stream}`).toBe(sequence);
    const pending = await Array.fromAsync(transactionsOf(store, stream, "PENDING"));
    expect(pending.length, `pending on ${stream}`).toBe(Object.keys(state.holds).length);
  }
};

async function* each<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}

describe("restores on DynamoDB Local, with the functions at work", () => {
  it(`what was told stands, and the table equals S3 (${HISTORIES} histories)`, async () => {
    const running = await startCloud({
      currencyRequired: false,
      chaos: { seed: 3, shuffle: true, duplicate: 0.3 },
    });
    try {
      let n = 0;
      let told: readonly string[] = [];
      await fc.assert(
        fc.asyncProperty(
          history,
          fc.array(fc.nat(1e6), { minLength: 1, maxLength: 3 }),
          async (drafts, seeds) => {
            n += 1;
            const puts = renamed(putsOf(drafts), n);
            const bucket = running.app.config.buckets.newEvents;
            const share = Math.ceil(puts.length / seeds.length);
            for (const [i, seed] of seeds.entries()) {
              for (const { key, body } of puts.slice(i * share, (i + 1) * share))
                await running.app.ledger.objects.put({ bucket, key, body });
              running.setClock(running.clock.now() + 2 * SECOND_MS);
              await restoreOnce(running, seed);
            }
            await running.idle();
            // What was acknowledged and then lost with its parked row comes as reconcile would tell it: by another put.
            const app = await running.liveApp();
            const records = await decisionsOf(app);
            const texts = records.map(record => JSON.stringify(record));
            expect(told.filter(text => !texts.includes(text))).toEqual([]);
            told = texts;
            for (const stream of new Set(records.flatMap(({ legs }) => legs.map(leg => leg.stream))))
              await repairStream(app.ledger, stream);
            const verified = await verifyDecisions(app.ledger);
            expect({ faults: verified.faults, differences: verified.differences }).toEqual({
              faults: [],
              differences: [],
            });
            await expectRows(app, records);
          },
        ),
        { numRuns: HISTORIES, endOnFailure: true },
      );
    } finally {
      await running.stop();
    }
  }, 3_600_000);
});
