import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { REGRESSIONS } from "./tapes.ts";

const COMMAND = fileURLToPath(new URL("./main.ts", import.meta.url));

type Ended = { readonly code: number; readonly out: string; readonly err: string };

const simulate = (...args: readonly string[]): Promise<Ended> =>
  new Promise(resolve => {
    execFile(process.execPath, [COMMAND, ...args], (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err }),
    );
  });

describe("npm run simulate", () => {
  it("says in JSON what came of a seed", async () => {
    const { code, out } = await simulate("--seed", "3", "--json");
    const end = JSON.parse(out) as { histories: number; broken: unknown[]; fingerprints: object };
    expect([code, end.histories, end.broken]).toEqual([0, 1, []]);
    expect(Object.keys(end.fingerprints)).toEqual(["3"]);
  }, 30_000);

  for (const { file, guard, invariant, story } of REGRESSIONS)
    it(`still shows by its tape, without the repair: ${story}`, async () => {
      const tape = fileURLToPath(new URL(`./tapes/${file}`, import.meta.url));
      const { code, out } = await simulate("--tape", tape, "--mutant", guard);
      expect([code, /invariant +(\w+)/.exec(out)?.[1]]).toEqual([1, invariant]);
    }, 30_000);

  it("refuses wrong options with 2", async () => {
    expect((await simulate("--tier", "t9")).err).toContain("Expected --tier to be t0 or t1");
    expect((await simulate("--mutant", "none")).code).toBe(2);
  }, 30_000);
});
