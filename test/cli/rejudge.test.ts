import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { daybook, type Ended, endAll, signal, startUp, type Up, until } from "../support/cli-process.ts";

const FIFTY = { Currency: { "50-euro-bills": 1 } };
const FORTY = { Currency: { "20-euro-bills": 2 } };
const REMOTE = { TargetInstitution: "Other", TargetAccount: "remote" };

let up: Up;
beforeAll(async () => {
  up = await startUp(["--currency-optional", "--data", "bank"]);
  const at = Math.floor(Date.now() / 1000) - 60;
  const requests: Readonly<Record<string, object>> = {
    "cash_deposit_r1.event": {
      ...{ TargetAccount: "700", CustomerNumber: "9", Amount: "50.00", Verified: true },
      ...FIFTY,
    },
    // Without its notes: what the bank no longer takes below.
    "cash_withdrawal_r2.event": { SourceAccount: "700", Amount: "20.00" },
    "cash_withdrawal_r3.event": { SourceAccount: "700", Amount: "40.00", ...FORTY },
    "outgoing_payment_unverified_r4.event": { SourceAccount: "700", Amount: "10.00", ...REMOTE },
    "cash_withdrawal_r5.event": { SourceAccount: "700", Amount: "40.00", ...FORTY },
  };
  for (const [name, fields] of Object.entries(requests))
    writeFileSync(join(up.folder, name), JSON.stringify({ EventTimeStamp: at, ...fields }));
  for (const name of Object.keys(requests).slice(0, 4)) {
    await here("put", name);
    await until(async () => /ARCHIVED|REJECTED/.test(await lifecycleOf(name)));
  }
  expect(await balance()).toEqual(["30.00", "20.00"]);
  signal(up.upPid, "SIGTERM");
  await up.ended;
  up = await startUp(["--data", "bank"], { cwd: up.folder });
}, 240_000);
afterAll(endAll);

const here = (...args: string[]): Promise<Ended> => daybook(args, { cwd: up.folder });

const lifecycleOf = async (key: string): Promise<string> => {
  const { stdout } = await here("event", key, "--json");
  return stdout === "" ? "" : JSON.parse(stdout).state.lifecycle;
};

const balance = async (): Promise<readonly unknown[]> => {
  const { stdout } = await here("balance", "700", "--json");
  const { actual, available } = JSON.parse(stdout);
  return [actual, available];
};

describe("daybook replay --rejudge", () => {
  let digest = "";

  test("shows what today's settings would refuse, and all that follows; a replay leaves it", async () => {
    expect((await here("replay")).stdout).toContain("Nothing to replay");
    const { exitCode, stdout, stderr } = await here("replay", "--rejudge", "--json");
    expect(exitCode, stderr).toBe(0);
    const shown = JSON.parse(stdout);
    digest = shown.digest;
    expect(shown).toMatchObject({
      epoch: 1,
      totals: { judged: 4, kept: 1, moved: 1, changed: 2 },
      changed: [
        {
          key: "cash_withdrawal_r2.event",
          was: { outcome: "accepted" },
          now: { outcome: "refused", code: "MISSING_FIELD" },
          gains: { 700: { actualCents: 2000, availableCents: 2000 } },
          told: ["acknowledged", "placed"],
        },
        { key: "cash_withdrawal_r3.event", now: { outcome: "accepted" } },
      ],
    });
    const people = await here("replay", "--rejudge");
    expect(people.stdout).toContain(digest);
    expect(people.stdout).toContain("700  ACTUAL +20.00, AVAILABLE +20.00");
    expect(await balance()).toEqual(["30.00", "20.00"]);
    expect((await here("verify")).exitCode).toBe(0);
  }, 180_000);

  test("refuses another digest, and changes nothing", async () => {
    const { exitCode, stdout } = await here("replay", "--rejudge", "--apply", "0".repeat(64));
    expect(exitCode).toBe(1);
    expect(stdout).toContain("REFUSED");
    expect((await here("replay", "--apply", digest)).exitCode).toBe(2);
    expect((await here("replay", "--rejudge", "--apply", "yes")).exitCode).toBe(2);
    expect(await balance()).toEqual(["30.00", "20.00"]);
  }, 180_000);

  test("applies what was shown: a new table, equal to S3, with nothing left to judge anew", async () => {
    const { exitCode, stdout, stderr } = await here("replay", "--rejudge", "--apply", digest, "--json");
    expect(exitCode, stderr + stdout).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: "applied",
      pointer: { epoch: 3, table: "daybook-000003" },
      withdrawn: [{ key: "cash_withdrawal_r2.event" }, { key: "cash_withdrawal_r3.event" }],
      replay: { outcome: "completed", isRepaired: true },
    });
    // 50 less 40, less what is held for the payment.
    expect(await balance()).toEqual(["10.00", "0.00"]);
    const verified = await here("verify");
    expect(verified.stdout).toContain("Equal");
    expect(verified.exitCode).toBe(0);
    await until(async () => (await lifecycleOf("cash_withdrawal_r2.event")) === "REJECTED");
    await until(async () => (await lifecycleOf("cash_withdrawal_r3.event")) === "ARCHIVED");
    await here("put", "cash_withdrawal_r5.event");
    await until(async () => (await lifecycleOf("cash_withdrawal_r5.event")) === "REJECTED");
    const again = await here("replay", "--rejudge", "--json");
    expect(JSON.parse(again.stdout).totals).toMatchObject({ judged: 5, kept: 5, changed: 0 });
    expect((await here("replay", "--rejudge", "--apply", digest)).stdout).toContain("applied before");
  }, 180_000);
});
