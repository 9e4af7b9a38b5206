import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { InvalidSetting } from "../../src/bridge/settings.ts";
import { failureOf } from "../../src/cli/failure.ts";
import { SplitBrain } from "../../src/ledger/publish.ts";
import { OffTheChain } from "../../src/ledger/repair-errors.ts";
import { BundleDamaged } from "../../src/replay/bundle/errors.ts";
import { InvalidRow } from "../../src/replay/inventory/errors.ts";
import { ManifestDamaged } from "../../src/replay/manifest/manifest.ts";
import { TooManyKeys } from "../../src/replay/reconcile/too-many-keys.ts";
import { EpochOver } from "../../src/replay/replay/replay-errors.ts";
import { RestoreRefused, RestoreTakenOver } from "../../src/replay/restore/restore-errors.ts";
import { RunTakenOver } from "../../src/replay/runs/run.ts";
import { EpochEnded } from "../../src/replay/verify/epoch-ended.ts";
import { InvalidQuery } from "../../src/tracking/query/invalid-query.ts";

const CLI = fileURLToPath(new URL("../../src/cli/", import.meta.url));

/** An error of this kind, whatever its message is made of. */
const made = (kind: new (...args: never[]) => Error): Error =>
  Object.assign(Object.create(kind.prototype) as Error, { message: "what was wrong, and what to do" });

describe("whatever command meets it,", () => {
  test.each([
    ...[RestoreRefused, RestoreTakenOver, RunTakenOver, EpochOver, EpochEnded, OffTheChain, SplitBrain],
    ...[ManifestDamaged, BundleDamaged, InvalidRow, TooManyKeys],
  ])("%o is told in its own words, and ends it with 1", kind => {
    expect(failureOf(made(kind))).toEqual({ exitCode: 1, text: "what was wrong, and what to do" });
  });

  test.each([InvalidQuery, InvalidSetting])("%o is wrong usage", kind => {
    expect(failureOf(made(kind))).toEqual({ exitCode: 2, text: "what was wrong, and what to do" });
  });

  test("an error that nobody thought of is a defect", () => {
    const { exitCode, text } = failureOf(new TypeError("x is undefined"));
    expect([exitCode, text?.startsWith("A defect in Daybook: TypeError: x is undefined\n")]).toEqual([
      70,
      true,
    ]);
  });
});

test("no command has a list of its own of errors that are told in their own words", () => {
  const own = readdirSync(CLI, { recursive: true, encoding: "utf8" })
    .filter(name => name.endsWith(".ts"))
    .filter(name => {
      const text = readFileSync(`${CLI}${name}`, "utf8");
      return /new (Refused|Misused)\(error\.message/.test(text) && !text.includes("instanceof RangeError");
    });
  expect(own).toEqual([]);
});
