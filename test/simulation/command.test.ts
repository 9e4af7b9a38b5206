import { execFile, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Hunted, huntExitCode, mutantsText } from "./hunt.ts";
import { optionsFrom } from "./options.ts";
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

  it("finds a mutant out by one history, tells of it, and shrinks its tape to none", async () => {
    const { code, out } = await simulate("--mutant", "canary", "--seed", "1000000", "--shrink");
    expect(code).toBe(0);
    expect(out).toContain("\n1 history broke a promise.\n");
    expect(out).toMatch(
      /\ncommit {6}\w+( with changes)?\nseed {8}none: from a tape, shrunk from that of seed 1000000\n/,
    );
    expect(out).toMatch(/\ninvariant {3}I5: .*\n/);
    expect(out).toContain("\nagain       npm run simulate -- --tape FILE --mutant canary\ntape        empty");
  }, 30_000);

  it("runs an empty tape", async () => {
    const { code, out } = await simulate("--tape", "/dev/null");
    expect([code, out]).toEqual([0, "Every promise held.\n"]);
  }, 30_000);

  it("puts the calmest tape of a failure into the JSON document", async () => {
    const { code, out } = await simulate(
      ...[
        "--mutant",
        "canary",
        "--seed",
        "1000000",
        "--histories",
        "2",
        "--processes",
        "1",
        "--json",
        "--shrink",
      ],
    );
    const end = JSON.parse(out) as { tape: string; last: string[]; broken: { seed: number }[] };
    expect([code, end.tape, end.broken[0]?.seed]).toEqual([0, "", 1_000_000]);
    expect(end.last.length).toBeGreaterThan(10);
  }, 30_000);

  it("says in JSON what came of a tape", async () => {
    const { code, out } = await simulate("--tape", "/dev/null", "--mutant", "canary", "--json");
    const end = JSON.parse(out) as { fingerprint: string; violation: { invariant: string } };
    expect([code, end.violation.invariant]).toEqual([1, "I5"]);
    expect(end.fingerprint).toMatch(/^[0-9a-f]{16}$/);
  }, 30_000);

  it("prints after Ctrl-C what was found so far", async () => {
    const env = { ...process.env, SIMULATE_TALK: "1" };
    // A group of its own, all of which is told, as by a terminal.
    const child = spawn(process.execPath, [COMMAND, "--mutants", "--json", "--processes", "1"], {
      ...{ detached: true, env },
    });
    let out = "";
    child.stdout.on("data", text => {
      out += text;
    });
    child.stderr.once("data", () => process.kill(-(child.pid ?? 0), "SIGINT"));
    const code = await new Promise(resolve => {
      child.on("close", resolve);
    });
    const found = JSON.parse(out) as readonly Hunted[];
    expect([code, found[0]?.name, found.length < 5]).toEqual([130, "acknowledge-unpublished", true]);
  }, 30_000);

  it("refuses wrong options with 2", async () => {
    const { code, err } = await simulate("--tape", COMMAND);
    expect([code, err.split("\n").slice(1)]).toEqual([2, ['See "npm run simulate -- --help".', ""]]);
    expect(err).toContain("a tape as base64");
    expect((await simulate("--tape", `${COMMAND}.tape`)).code).toBe(2);
  }, 30_000);
});

describe("options of npm run simulate", () => {
  for (const [args, said] of [
    ["--tier t9", "Expected --tier to be t0 or t1, got t9"],
    ["--mutant none", "There is no mutant none: "],
    ["--seed -1", "Expected --seed to be a whole number of at most 9 digits, at least 0, got -1"],
    ["--seed 1234567890", "got 1234567890"],
    ["--histories 0", "Expected --histories to be a whole number of at most 9 digits, at least 1, got 0"],
    ["--conformance 0", "at least 1, got 0"],
    ["--processes 0", "at least 1, got 0"],
    ["--tier t1 --histories 5", "--tier and --histories do not go together"],
    ["--tier t1 --seed 5", "--tier and --seed do not go together"],
    ["--tape a --mutants", "--tape and --mutants do not go together"],
    ["--mutants --conformance 5", "--mutants and --conformance do not go together"],
    ["--conformance 5 --mutant canary", "--conformance and --mutant do not go together"],
    ["--what", "Unknown option '--what'"],
  ] as const)
    it(`are refused: ${args}`, () => {
      expect(() => optionsFrom(args.split(" "))).toThrow(said);
    });

  for (const args of [
    "--tier t1 --json",
    "--seed 1000000 --histories 2000 --json",
    "--mutants --seed 1000000 --histories 20000 --json",
    "--mutants --mutant canary",
    "--conformance 10 --seed 5000001",
    "--tape a --mutant canary --shrink --json",
  ])
    it(`are taken: ${args}`, () => {
      expect(optionsFrom(args.split(" "))).toBeDefined();
    });
});

describe("mutants that were run", () => {
  const canary: Hunted = {
    ...{ name: "canary", breaks: "a cent too much", seed: 1, histories: 1 },
    ...{ invariant: "I13", recorded: "I8" },
  };

  it("by recorded seeds break the recorded promise, or are to be recorded anew", () => {
    const hunt = { found: [canary], wanted: 1 };
    expect(mutantsText(hunt)).toContain(": breaks I13, recorded is I8: record it anew\nIt was found out.\n");
    expect(huntExitCode(hunt)).toBe(1);
    expect(huntExitCode({ found: [{ ...canary, recorded: "I13" }], wanted: 1 })).toBe(0);
  });

  it("and not found out are counted", () => {
    const lost = { ...canary, seed: undefined, invariant: undefined };
    const hunt = { found: [{ ...canary, recorded: "I13" as const }, lost], wanted: 3 };
    expect(mutantsText(hunt)).toContain("Interrupted after 2 of 3 mutants.\n1 of 2 was not found out.\n");
    expect(huntExitCode(hunt)).toBe(1);
  });
});
