import "./calm-zlib.ts";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Counts } from "./counts.ts";
import { belowFloor } from "./floors.ts";
import { KILLING_SEEDS } from "./killing-seeds.ts";
import { CANARY, MUTANTS } from "./mutants.ts";
import { mutated } from "./mutate.ts";
import { runHistory } from "./run.ts";
import { tapeOfBytes, tapeOfSeed, tapeOfText, tapeText } from "./tape.ts";
import { REGRESSIONS, regressionTape } from "./tapes.ts";
import { runInProcesses } from "./workers.ts";

/** The quick tier is 500. */
const HISTORIES = Number(process.env.HISTORIES ?? 500);
const PROCESSES = 2;
const CANARY_HISTORIES = 10;

const from = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => first + i);

describe("the product on models of its services, with faults", () => {
  it(`keeps every promise in ${HISTORIES} histories`, async () => {
    const end = await runInProcesses({ seeds: from(1, HISTORIES), processes: PROCESSES });
    expect(end.broken).toEqual([]);
    expect(end.histories).toBe(HISTORIES);
    expect(belowFloor(end.counts, end.histories)).toEqual([]);
  }, 120_000);

  it("breaks one at once where every posting is a cent too much", async () => {
    const { broken } = await runInProcesses({
      seeds: from(1, CANARY_HISTORIES),
      processes: 1,
      mutant: CANARY,
    });
    expect(broken.length).toBeGreaterThan(CANARY_HISTORIES / 2);
  }, 60_000);

  it("goes the very same way by the same seed, in another process too", async () => {
    const seeds = from(100, 4);
    const { fingerprints } = await runInProcesses({ seeds, processes: 1 });
    for (const seed of seeds) {
      const { fingerprint } = await runHistory(tapeOfSeed(seed), {}, {});
      expect(fingerprint).toBe(fingerprints[seed]);
    }
    expect(new Set(Object.values(fingerprints)).size).toBe(seeds.length);
  }, 60_000);

  it("has no fault at all by a tape of zeros", async () => {
    const counts: Counts = {};
    const { violation, truth } = await runHistory(tapeOfBytes(new Uint8Array()), counts, {});
    expect(violation).toBeUndefined();
    expect(truth?.decisions.length).toBeGreaterThanOrEqual(4);
    expect(Object.keys(counts).filter(name => /^F\d+$/.test(name))).toEqual([]);
  });

  for (const regression of REGRESSIONS)
    it(`keeps them where it once did not: ${regression.file}`, async () => {
      expect((await runHistory(regressionTape(regression), {}, {})).violation).toBeUndefined();
    });
});

describe("a tape", () => {
  it("is the same as text and back", () => {
    const bytes = Uint8Array.from([0, 7, 255, 0, 1, 0, 0]);
    const tape = tapeOfText(tapeText(bytes));
    expect(Array.from({ length: 7 }, () => tape.below(256))).toEqual([...bytes]);
  });

  it("never says yes where it is zero, and chooses the first", () => {
    const tape = tapeOfBytes(new Uint8Array());
    expect([tape.chance(0.999), tape.below(7), tape.below(5_000), tape.roll()]).toEqual([false, 0, 0, 0]);
  });

  it("draws from all there is, however much that is", () => {
    for (const below of [2, 256, 257, 40_000, 65_536]) {
      const tape = tapeOfSeed(below);
      const drawn = from(0, 2_000).map(() => tape.below(below));
      expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...drawn)).toBeLessThan(below);
      expect(Math.max(...drawn)).toBeGreaterThan((below * 3) / 4 - 1);
    }
  });

  it("says yes about as often as asked", () => {
    const tape = tapeOfSeed(7);
    const yes = from(0, 20_000).filter(() => tape.chance(0.1)).length;
    expect(yes).toBeGreaterThan(1_800);
    expect(yes).toBeLessThan(2_200);
  });
});

describe("the mutants", () => {
  it("are many, each with a name of its own and a seed that finds it out", () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(30);
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    expect(MUTANTS.filter(({ name }) => KILLING_SEEDS[name] === undefined).map(({ name }) => name)).toEqual(
      [],
    );
  });

  it("change what is there: every fragment occurs once", () => {
    for (const mutant of MUTANTS)
      for (const file of new Set(mutant.edits.map(edit => edit.file))) {
        const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
        expect(mutated(text, file, mutant), mutant.name).not.toBe(text);
      }
  });
});
