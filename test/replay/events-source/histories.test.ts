import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tableRows } from "../../../src/app.ts";
import { compareHeads } from "../../../src/ledger/compare.ts";
import type { DecisionRecord } from "../../../src/ledger/domain.ts";
import { foldDecisions, publishedDecisions } from "../../../src/ledger/fold.ts";
import { randomInteger, seededRandom } from "../../../src/local/seeded-random.ts";
import { history, putsOf } from "../../support/random-requests.ts";
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

/** More with `RUNS=10`. */
const RUNS = 6 * Number(process.env.RUNS ?? 1);

const recordsOf = (texts: ReadonlyMap<string, string>): ReadonlyMap<string, DecisionRecord> =>
  new Map([...texts].map(([name, text]) => [name, JSON.parse(text) as DecisionRecord]));

/** What was told of a decision. */
const told = ({ key, digest, outcome, code, legs }: DecisionRecord) => ({
  ...{ key, digest, outcome, code },
  legs: legs.map(({ stream, sequence, hash, prevHash }) => ({ stream, sequence, hash, prevHash })),
});

describe("all decision objects deleted", () => {
  it(`everything placed: every object comes back to the byte, and the heads with it (${RUNS} histories)`, async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat(1e6), async (drafts, seed) => {
        const { app, cloud, store, close } = await decidedBank(putsOf(drafts), seed);
        try {
          const { objects } = cloud;
          const before = await textsIn(objects, DECISIONS, "dec/");
          const heads = store.snapshot().filter(item => item.__edb_e__ === "head");
          await loseDecisions(objects);
          expect((await textsIn(objects, DECISIONS, "dec/")).size).toBe(0);
          const rehearsed = await replayEvents(app.ledger, { isDryRun: true });
          expect((await textsIn(objects, DECISIONS, "dec/")).size).toBe(0);
          const replayed = await replayEvents(app.ledger);
          const { isDryRun: _, ...did } = replayed;
          expect({ ...rehearsed, isDryRun: false }).toEqual({ ...did, isDryRun: false });
          expect(await textsIn(objects, DECISIONS, "dec/")).toEqual(before);
          expect(replayed.counts).toMatchObject({ remade: before.size, exact: before.size, proven: 0 });
          // Requests that still wait for their originals were never decided; nothing else is listed.
          const parked = store.snapshot().filter(item => item.__edb_e__ === "parked");
          expect(replayed.troubles.map(({ kind, key }) => `${kind} ${key}`).sort()).toEqual(
            parked.map(item => `not-placed ${tableRows.parked.read(item).observation.key}`).sort(),
          );
          const fold = await foldDecisions(app.ledger.domain, publishedDecisions(objects, DECISIONS, 1));
          expect(fold.faults).toEqual([]);
          expect((await compareHeads(app.ledger, fold)).every(({ isEqual }) => isEqual)).toBe(true);
          const texts = new Set((await textsIn(objects, DECISIONS, "dec/")).values());
          for (const item of heads) expect(texts).toContain(tableRows.head.read(item).last);
          const again = await replayEvents(app.ledger);
          expect(again).toMatchObject({ published: before.size, written: 0, troubles: replayed.troubles });
        } finally {
          await close();
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  }, 600_000);

  it(`some not placed yet: what comes back was so, all else is listed (${RUNS} histories)`, async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat(1e6), fc.integer({ min: 1, max: 6 }), async (drafts, seed, of) => {
        const random = seededRandom(seed);
        const { app, cloud, close } = await decidedBank(putsOf(drafts), seed);
        try {
          const { objects } = cloud;
          const before = recordsOf(await textsIn(objects, DECISIONS, "dec/"));
          await loseDecisions(objects);
          const unplaced = new Set<string>();
          for (const bucket of [ARCHIVE, REJECTED])
            await deleteForGood(objects, bucket, key => {
              if (randomInteger(random, of + 1) > 0) return false;
              unplaced.add(key);
              return true;
            });
          const { troubles, counts } = await replayEvents(app.ledger);
          const after = recordsOf(await textsIn(objects, DECISIONS, "dec/"));
          const listed = new Set(troubles.map(({ key }) => key));
          for (const [name, record] of after) {
            const was = before.get(name);
            expect(was && told(record), name).toEqual(was && told(was));
            expect(was, name).toBeDefined();
          }
          for (const [name, { key }] of before)
            expect(after.has(name) || listed.has(key), `${name} is neither back nor listed`).toBe(true);
          expect(after.size).toBe(counts.remade + counts.proven);
          const fold = await foldDecisions(app.ledger.domain, publishedDecisions(objects, DECISIONS, 1));
          expect(fold.faults).toEqual([]);
        } finally {
          await close();
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  }, 600_000);
});
