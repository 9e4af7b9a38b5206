import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bankTable } from "../../src/app.ts";
import { runScenario } from "../../src/cli/run-scenario.ts";
import { readScenario } from "../../src/cli/scenario-file.ts";
import { compareHeads } from "../../src/ledger/compare.ts";
import type { DecisionRecord } from "../../src/ledger/domain.ts";
import { foldDecisions, publishedDecisions } from "../../src/ledger/fold.ts";
import { AdjustableClock } from "../../src/local/adjustable-clock.ts";
import { MemoryStore } from "../../src/local/memory-store.ts";
import { subscribe } from "../../src/local/sns/sns.ts";
import { createQueue, receiveMessages } from "../../src/local/sqs/sqs.ts";
import { queueArn } from "../../src/local/sqs/sqs-state.ts";
import { contentsOf, DAY_MS, expectedCopies, placedCopies } from "../ledger/place/open-place.ts";
import { openBank } from "../support/bank-on-this-machine.ts";
import { history, putsOf } from "../support/random-requests.ts";

const GOLDEN = new URL("../../scenarios/golden.csv", import.meta.url);
const RUNS = 4 * Number(process.env.RUNS ?? 1);

/** A bank whose cloud's clock can be moved, with somebody who listens to its announcements. */
const open = (
  seed: number,
  chaos: { readonly shuffle: boolean; readonly duplicate: number },
  startMs = Date.now(),
) => {
  const clock = new AdjustableClock();
  clock.set(startMs);
  const store = new MemoryStore(bankTable);
  const bank = openBank(store, { clock, handlers: 2, placers: 2, chaos: { seed, ...chaos } });
  const { cloud, topology } = bank;
  createQueue(cloud.sqs, "outside");
  subscribe(cloud.sns, { topicArn: topology.topics.payments, queueArn: queueArn("outside"), isRaw: true });
  const setClock = (toMs: number): void => {
    clock.set(toMs);
    cloud.runDue();
  };
  const announcedKeys = (): readonly string[] => {
    const keys: string[] = [];
    for (;;) {
      const received = receiveMessages(cloud.sqs, "outside", { max: 10 });
      if (received.length === 0) return keys;
      keys.push(...received.map(({ body }) => JSON.parse(body).idempotencyKey as string));
    }
  };
  const heads = (): string => JSON.stringify(store.snapshot().filter(({ SK }) => SK === "ACCOUNT"));
  return { ...bank, clock, setClock, announcedKeys, heads };
};

type Bank = ReturnType<typeof open>;

const recordsOf = async ({ cloud }: Bank): Promise<readonly DecisionRecord[]> =>
  [...(await contentsOf(cloud.objects, "decisions")).values()].map(({ body }) => JSON.parse(body));

/** Lets three days pass and looks at what is where. */
const expectPlacedAfterThreeDays = async (bank: Bank): Promise<readonly DecisionRecord[]> => {
  const { cloud, clock, setClock } = bank;
  const before = bank.heads();
  const records = await recordsOf(bank);
  setClock(clock.now() + 3 * DAY_MS);
  await bank.idle();

  const placed = await placedCopies(cloud.objects);
  expect(placed).toEqual(expectedCopies(records));
  const decided = new Set(records.map(({ key }) => key));
  const left = [...(await contentsOf(cloud.objects, "new-events")).keys()];
  expect(left.filter(key => decided.has(key))).toEqual([]);
  expect(bank.heads()).toBe(before);

  const paid = records.filter(
    ({ key, outcome }) => outcome === "accepted" && key.startsWith("outgoing_payment_unverified_"),
  );
  expect([...new Set(bank.announcedKeys())].sort()).toEqual(paid.map(({ key }) => key).sort());
  const states = bank.app.ledger.store.query({
    index: { name: "WorkIdx", partition: "NextAction", sort: "Since" },
    partition: "place",
  });
  expect((await states).items).toEqual([]);
  return records;
};

describe("three days after its decision a request is in its place and nowhere else", () => {
  it("for the golden story, its balances untouched and equal to what the decisions say", async () => {
    const scenario = readScenario(readFileSync(GOLDEN, "utf8"), "golden.csv");
    // No S3 goes back behind what it has stored, its buckets included.
    const bank = open(1, { shuffle: false, duplicate: 0 }, (scenario.rows[0]?.atMs ?? 0) - DAY_MS);
    try {
      await runScenario({ app: bank.app, setClock: bank.setClock, idle: bank.idle }, scenario);
      const records = await expectPlacedAfterThreeDays(bank);
      expect(records.map(({ outcome }) => outcome).sort()).toEqual([
        ...Array(12).fill("accepted"),
        "refused",
      ]);
      expect(await contentsOf(bank.cloud.objects, "new-events")).toEqual(new Map());
      const { ledger } = bank.app;
      type Change = Parameters<typeof ledger.domain.evolve>[1];
      const fold = await foldDecisions(
        ledger.domain,
        publishedDecisions<Change>(ledger.objects, "decisions", 1),
      );
      expect(fold.faults).toEqual([]);
      expect((await compareHeads(ledger, fold)).filter(({ isEqual }) => !isEqual)).toEqual([]);
    } finally {
      await bank.close();
    }
  });

  it(`for random histories, their notifications shuffled and doubled (${RUNS} runs)`, async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 1, max: 1e6 }), async (drafts, seed) => {
        const bank = open(seed, { shuffle: true, duplicate: 0.3 });
        try {
          for (const { key, body } of putsOf(drafts)) await bank.put(key, body);
          await bank.idle();
          await expectPlacedAfterThreeDays(bank);
        } finally {
          await bank.close();
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  }, 300_000);
});
