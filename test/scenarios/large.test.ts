import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { generate, generatedFiles } from "../../scripts/generate-large-scenario.ts";
import { compareOutcome } from "../../src/cli/scenario-difference.ts";
import { readScenario } from "../../src/cli/scenario-file.ts";
import { readExpected } from "../../src/cli/scenario-outcome.ts";
import { parsedDays, runDays } from "./driver.ts";
import { story, storyText } from "./stories.ts";

const SEEDS = 10 * Number(process.env.RUNS ?? 1);

describe("the large scenario", () => {
  test("is what the script writes", () => {
    for (const { name, text } of generatedFiles()) expect(storyText(name) === text, name).toBe(true);
  });

  test("has a thousand events over several days, of every type", () => {
    const { rows, days } = story("large").scenario;
    expect([rows.length, days.length]).toEqual([1_000, 6]);
    expect(new Set(rows.map(row => row.type)).size).toBe(9);
  });

  test("has requests that are accepted, refused, and parked at the end", () => {
    const outcomes = Object.values(story("large").expected.outcomes);
    const count = (wanted: string): number => outcomes.filter(outcome => outcome === wanted).length;
    const refused = outcomes.length - count("accepted") - count("parked");
    expect(refused).toBeGreaterThan(100);
    expect(count("accepted")).toBeGreaterThan(500);
    expect(count("parked")).toBeGreaterThan(0);
  });

  test("has verifications that come a day before their deposits", () => {
    const { rows } = story("large").scenario;
    const dayOf = new Map(rows.map(row => [row.requestId, row.day]));
    const early = rows.filter(({ body, day }) => {
      const linked = dayOf.get(JSON.parse(body).PreviousRequestIdReference);
      return linked !== undefined && linked > day;
    });
    expect(early.length).toBeGreaterThan(10);
  });
});

test("the oracle and the bank agree on plans of any seed, in and out of order", () => {
  const textOf = (seed: number, suffix: string): string =>
    generatedFiles(seed).find(({ name }) => name.endsWith(suffix))?.text ?? "";
  fc.assert(
    fc.property(fc.integer(), seed => {
      const days = parsedDays(readScenario(textOf(seed, ".csv"), `large.csv of seed ${seed}`));
      const expected = readExpected(textOf(seed, ".json"));
      const reversed = days.map(day => [...day].reverse());
      expect(compareOutcome(expected, runDays(days))).toEqual([]);
      expect(compareOutcome(expected, runDays(reversed))).toEqual([]);
    }),
    { numRuns: SEEDS, endOnFailure: true },
  );
});

describe("the script", () => {
  let folder = "";
  const into = (): URL => pathToFileURL(`${folder}/`);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "daybook-large-"));
    vi.spyOn(console, "error").mockImplementation(() => {});
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    vi.restoreAllMocks();
  });

  test("writes both files, which are fresh then", () => {
    expect(generate(["--check"], into())).toBe(1);
    expect(generate([], into())).toBe(0);
    expect(generate(["--check"], into())).toBe(0);
    expect(readFileSync(join(folder, "large.csv"), "utf8")).toBe(storyText("large.csv"));
  });

  test("--check names the file that is stale and leaves it alone", () => {
    generate([], into());
    const file = join(folder, "large.expected.json");
    const changed = readFileSync(file, "utf8").replace("accepted", "parked");
    writeFileSync(file, changed);
    expect(generate(["--check"], into())).toBe(1);
    expect(vi.mocked(console.error).mock.calls).toEqual([
      ["scenarios/large.expected.json is stale: run npm run scenario:large."],
    ]);
    expect(readFileSync(file, "utf8")).toBe(changed);
  });

  test("takes no other arguments", () => {
    expect(generate(["--seed"], into())).toBe(2);
  });
});
