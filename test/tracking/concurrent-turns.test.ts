import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../src/local/memory-store.ts";
import type { Store } from "../../src/table/store.ts";
import type { Observation } from "../../src/tracking/observation.ts";
import { GATE_TABLE } from "../support/gates.ts";
import { BUCKET, observationsOf, story, tell, WRITERS_MAX } from "./concurrent-stories.ts";
import { asDrawn, type Choose, everyWay, FAULTS, type Fault, inTurns } from "./concurrent-turns.ts";
import { consume, expectTruth, type Kept, keptByModel, keptOf, uncounted } from "./concurrent-writers.ts";
import { literal, observation } from "./notation.ts";

/** More with `RUNS=5`, and every place of a fault. */
const FACTOR = Number(process.env.RUNS ?? 1);
const RUNS = 400 * FACTOR;
/** As many choices as are drawn; whatever happens after them happens in the order of the calls, without faults. */
const CHOICES_MAX = 120;
/** Two of three writes go well. */
const MOSTLY_NONE: readonly Fault[] = [...Array.from({ length: 9 }, () => "none" as const), ...FAULTS];

type Batches = readonly (readonly Observation[])[];
type Choices = { readonly choose: Choose; readonly faults: readonly Fault[]; readonly faultsMax: number };

/** What is kept after each writer brought its batches, in turns. */
const keptInTurns = async (key: string, shares: readonly Batches[], choices: Choices) => {
  const table = new MemoryStore(GATE_TABLE);
  const writers = shares.map(batches => (store: Store) => consume(store, batches));
  const { faults } = await inTurns(table, choices, writers);
  const kept: Kept = await keptOf(table, key);
  return { kept, faults };
};

const KEY = "key";
const here = { bucket: BUCKET, key: KEY };
const told = (text: string): readonly Observation[] => literal(text, here);
const picture = observation("C~@v1+1", {
  ...here,
  source: "listing",
  event: "listing",
  eTag: "e",
  isLatest: true,
});

/** Each writer's batches. */
const CASES: readonly (readonly [string, readonly Batches[]])[] = [
  ["a creation and its deletion", [[told("C1")], [told("D2")]]],
  ["one event twice", [[told("C1")], [told("C1")]]],
  ["a version and a delete marker over it", [[told("C1@v1")], [told("X2@m")]]],
  ["a batch of two versions and the deletion of one", [[told("C1@v1 C2@v2")], [told("D3@v2")]]],
  ["two batches that share an event", [[told("C1@v1 X2@m")], [told("C1@v1 D3@m")]]],
  ["a picture and the notifications it was taken after", [[[picture]], [told("C1@v1 C2@v2")]]],
];

describe("two writers, in every interleaving of their calls to the table", () => {
  it.each(CASES)(
    "%s",
    async (_name, shares) => {
      const expected = keptByModel(KEY, shares.flat(2));
      const ways = await everyWay(async choose => {
        const { kept } = await keptInTurns(KEY, shares, { choose, faults: ["none"], faultsMax: 0 });
        expect(kept).toEqual(expected);
      });
      // Four calls each, if none is in vain: eight choose four.
      expect(ways).toBeGreaterThan(69);
    },
    300_000,
  );

  it.runIf(FACTOR > 1)(
    "and of any one fault with them: a creation and its deletion",
    async () => {
      const shares = [[told("C1")], [told("D2")]];
      const expected = uncounted(keptByModel(KEY, shares.flat(2)));
      const ways = await everyWay(async choose => {
        const { kept } = await keptInTurns(KEY, shares, { choose, faults: FAULTS, faultsMax: 1 });
        expect(uncounted(kept)).toEqual(expected);
      });
      expect(ways).toBeGreaterThan(10_000);
    },
    300_000,
  );
});

describe("random histories", () => {
  it("end as S3 has them, however writers and faults interleave", async () => {
    await fc.assert(
      fc.asyncProperty(
        story,
        fc.integer({ min: 2, max: WRITERS_MAX }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.nat(10_000), { maxLength: CHOICES_MAX, size: "max" }),
        fc.boolean(),
        async (given, writers, batchSize, drawn, hasFaults) => {
          const all = tell(given, KEY, writers);
          const shares = Array.from({ length: writers }, (_, writer) => {
            const share = observationsOf(all, writer);
            return Array.from({ length: Math.ceil(share.length / batchSize) }, (_each, nth) =>
              share.slice(nth * batchSize, (nth + 1) * batchSize),
            );
          });
          const { kept, faults } = await keptInTurns(KEY, shares, {
            choose: asDrawn(drawn),
            faults: MOSTLY_NONE,
            faultsMax: hasFaults ? CHOICES_MAX : 0,
          });
          expectTruth(kept, all);
          const alone = keptByModel(KEY, observationsOf(all));
          if (faults === 0) expect(kept).toEqual(alone);
          else expect(uncounted(kept)).toEqual(uncounted(alone));
        },
      ),
      { numRuns: RUNS },
    );
  }, 300_000);
});
