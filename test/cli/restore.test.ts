import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { daybook, type Ended, endAll, startUp, type Up, until } from "../support/cli-process.ts";

let up: Up;
let deposited: string;
beforeAll(async () => {
  up = await startUp(["--currency-optional"]);
  const at = Math.floor(Date.now() / 1000) - 60;
  const requests: Readonly<Record<string, object>> = {
    "cash_deposit_r1.event": { TargetAccount: "700", CustomerNumber: "9", Amount: "50.00", Verified: true },
    "cash_withdrawal_r2.event": { SourceAccount: "700", Amount: "20.00" },
    "cash_withdrawal_r3.event": { SourceAccount: "700", Amount: "5.00" },
  };
  for (const [name, fields] of Object.entries(requests))
    writeFileSync(join(up.folder, name), JSON.stringify({ EventTimeStamp: at, ...fields }));
  await here("put", "cash_deposit_r1.event");
  await until(async () => (await available()) === "50.00");
  // The next whole second: a restore to it has the deposit and not what follows.
  await here("clock", "advance", "1s");
  deposited = JSON.parse((await here("clock", "--json")).stdout).now;
  await here("clock", "advance", "1s");
  await here("put", "cash_withdrawal_r2.event");
  await until(async () => (await available()) === "30.00");
}, 120_000);
afterAll(endAll);

const here = (...args: string[]): Promise<Ended> => daybook(args, { cwd: up.folder });

const available = async (): Promise<string | undefined> => {
  const { exitCode, stdout } = await here("balance", "700");
  return exitCode === 0 ? (stdout.trimEnd().split(/\s+/).at(-2) ?? "") : undefined;
};

describe("daybook restore", () => {
  test("refuses what cannot be, and changes nothing", async () => {
    const cases: readonly (readonly [string, string, string])[] = [
      ["--to", "2099-01-01T00:00:00Z", "in the future"],
      ["--to", "2001-01-01T00:00:00Z", "was not there before"],
      ["--from", "2026-05-06T22-44-22.000Z-4f1c09ab", "no finished snapshot"],
    ];
    for (const [option, value, why] of cases) {
      const { exitCode, stderr } = await here("restore", option, value);
      expect(stderr).toContain(why);
      expect(exitCode).toBe(1);
    }
    expect((await here("restore")).exitCode).toBe(2);
    expect((await here("restore", "--to", "yesterday")).exitCode).toBe(2);
    expect(JSON.parse((await here("runs", "--json")).stdout).runs).toEqual([]);
  }, 60_000);

  test("tells what it would do, does it, and what was told before stands after it", async () => {
    const dry = await here("restore", "--to", deposited, "--dry-run", "--json");
    expect(JSON.parse(dry.stdout)).toMatchObject({
      epoch: 2,
      table: "daybook-000002",
      decisions: 2,
      gated: 1,
    });
    const done = await here("restore", "--to", deposited, "--torn", "3", "--json");
    expect(done.exitCode, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ epoch: 2, gated: 1, isRepaired: false });
    // The worker that meets the gate repairs it, before it judges: 50 less 20, which only S3 knew, less 5.
    await here("put", "cash_withdrawal_r3.event");
    await until(async () => (await available()) === "25.00");
    const verified = await here("verify");
    expect(verified.stdout).toContain("Equal");
    expect(verified.exitCode).toBe(0);
  }, 60_000);
});
