import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bankTable } from "../../../src/app.ts";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import type { Store } from "../../../src/table/store.ts";
import { history, putsOf } from "../../support/random-requests.ts";
import { freshTable } from "../../support/tables.ts";
import {
  ampleRequests,
  foldAndCompare,
  found,
  type LossyBank,
  openLossyBank,
  outcomeOf,
  reportOf,
  stateOf,
  sums,
} from "./lossy-bank.ts";

const RUNS = Number(process.env.RUNS ?? "1");

/** The same requests with every notification delivered: what each came to, and what the accounts amount to. */
const withoutLoss = async ({ openings, requests }: ReturnType<typeof ampleRequests>) => {
  const opened = openLossyBank(new MemoryStore(bankTable));
  try {
    await opened.putAll([...openings, ...requests]);
    const outcomes = await Promise.all(requests.map(({ key }) => outcomeOf(opened, key)));
    return { outcomes, sums: await sums(opened) };
  } finally {
    await opened.close();
  }
};

type Look = (opened: LossyBank) => ReturnType<LossyBank["look"]>;

const findsExactlyTheLost = async (store: Store, count: number, look: Look): Promise<void> => {
  const story = ampleRequests(count);
  const { openings, requests } = story;
  const calm = await withoutLoss(story);
  const opened = openLossyBank(store, { chaos: { seed: 11 } });
  try {
    await opened.putAll(openings);
    opened.cloud.chaos.set({ drop: 0.1 });
    await opened.putAll(requests);
    opened.cloud.chaos.set({ drop: 0 });
    const lost = requests.map(({ key }) => key).filter(key => !opened.told.has(key));
    expect(lost.length).toBeGreaterThan(count / 20);

    const first = await look(opened);
    expect(found(first)).toEqual({ lost: lost.length });
    expect(first.counts).toMatchObject({ pictures: count, known: count - lost.length });
    await opened.idle();
    expect(opened.fed.toSorted()).toEqual(lost.toSorted());

    expect(await Promise.all(requests.map(({ key }) => outcomeOf(opened, key)))).toEqual(calm.outcomes);
    expect(await sums(opened)).toEqual(calm.sums);
    const { fold, unequal } = await foldAndCompare(opened);
    expect([fold.faults, unequal, fold.decisions]).toEqual([[], [], count]);

    const second = await look(opened);
    expect(found(second)).toEqual({});
    expect(second.counts).toMatchObject({ pictures: count, known: count });
  } finally {
    await opened.close();
  }
};

describe("a tenth of a thousand notifications is lost", () => {
  it("a listing finds exactly these, and afterwards all is as if none had been lost", async () => {
    await findsExactlyTheLost(new MemoryStore(bankTable), 1_000, opened => opened.look());
  });

  it.each(["CSV", "Parquet"] as const)("so does a report in %s", async format => {
    await findsExactlyTheLost(new MemoryStore(bankTable), 200, async opened =>
      opened.look({ report: await reportOf(opened, format) }),
    );
  });

  it("so it is on DynamoDB Local", async () => {
    await findsExactlyTheLost(await freshTable(bankTable), 80, opened => opened.look());
  });
});

describe("random histories, contended, some notifications lost, duplicated and shuffled", () => {
  it("end with every request decided or parked, and each history is that of the order of its decisions", async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 1, max: 1e6 }), async (drafts, seed) => {
        const puts = putsOf(drafts);
        const opened = openLossyBank(new MemoryStore(bankTable), {
          chaos: { seed, drop: 0.3, duplicate: 0.3, shuffle: true },
          handlers: 3,
        });
        try {
          await opened.putAll(puts);
          opened.cloud.chaos.set({ drop: 0 });
          await opened.look();
          await opened.idle();
          for (const { key } of puts) expect(await outcomeOf(opened, key), key).toBeDefined();
          const { fold, unequal } = await foldAndCompare(opened);
          expect([fold.faults, unequal]).toEqual([[], []]);
          expect(found(await opened.look())).toEqual({});
        } finally {
          await opened.close();
        }
      }),
      { numRuns: 15 * RUNS, endOnFailure: true },
    );
  });
});

describe("other losses", () => {
  it("of a delete marker and of events in the other buckets reach tracking too", async () => {
    const opened = openLossyBank(new MemoryStore(bankTable));
    const { objects, chaos } = opened.cloud;
    try {
      const [first] = ampleRequests(21).openings;
      if (first === undefined) throw new Error("Expected a request");
      await opened.putAll([first]);
      chaos.set({ drop: 1 });
      await objects.delete({ bucket: "new-events", key: first.key });
      await objects.put({ bucket: "archive", key: first.key, body: first.body });
      await objects.put({ bucket: "rejected", key: "a b/ü+c%.event", body: "{" });
      chaos.set({ drop: 0 });
      const reconciled = await opened.look();
      expect(found(reconciled)).toEqual({ lost: 3 });
      await opened.idle();
      expect(await stateOf(opened, first.key)).toMatchObject({
        lifecycle: "ARCHIVED",
        inEventBucket: false,
        inArchiveBucket: true,
      });
      expect(await stateOf(opened, "a b/ü+c%.event")).toMatchObject({ inRejectedBucket: true });
      expect(found(await opened.look())).toEqual({});
    } finally {
      await opened.close();
    }
  });

  it("a prefix leaves out the rest, and a dry run tells nobody", async () => {
    const opened = openLossyBank(new MemoryStore(bankTable), { chaos: { drop: 1 } });
    try {
      const { openings } = ampleRequests(21);
      await opened.putAll(openings);
      opened.cloud.chaos.set({ drop: 0 });
      const scope = { buckets: ["new-events"], prefix: "cash_deposit_r1" };
      const rehearsed = await opened.look({ scope, feed: undefined });
      // r1 and r10 to r19.
      expect([found(rehearsed), rehearsed.isDryRun]).toEqual([{ lost: 11 }, true]);
      await opened.idle();
      expect(opened.fed).toEqual([]);
      await opened.look({ scope });
      await opened.idle();
      expect(opened.fed.length).toBe(11);
      expect(await outcomeOf(opened, "cash_deposit_r2.event")).toBeUndefined();
    } finally {
      await opened.close();
    }
  });

  it("while traffic goes on it harms nothing: each request is decided once", async () => {
    const opened = openLossyBank(new MemoryStore(bankTable), { handlers: 2, placers: 1 });
    try {
      const { openings, requests } = ampleRequests(300);
      await opened.putAll(openings);
      const traffic = (async () => {
        for (const { key, body } of requests) {
          await opened.put(key, body);
          await new Promise(resolve => setImmediate(resolve));
        }
      })();
      for (let round = 0; round < 5; round += 1) await opened.look();
      await traffic;
      await opened.look();
      await opened.idle();
      const { fold, unequal } = await foldAndCompare(opened);
      expect([fold.faults, unequal, fold.decisions]).toEqual([[], [], 300]);
      const last = await opened.look();
      // Each request and its copy in another bucket.
      expect([found(last), last.counts.pictures]).toEqual([{}, 600]);
    } finally {
      await opened.close();
    }
  });

  it("what is young is waited for, and not told if its notification comes meanwhile", async () => {
    const opened = openLossyBank(new MemoryStore(bankTable), { chaos: { delayMaxMs: 300 } });
    try {
      const { openings } = ampleRequests(21);
      for (const { key, body } of openings) await opened.put(key, body);
      const { counts } = await opened.look({ graceMs: 1_000 });
      expect(counts).toMatchObject({ pictures: 20, known: 20, lost: 0 });
      expect(opened.fed).toEqual([]);
    } finally {
      await opened.close();
    }
  });
});
