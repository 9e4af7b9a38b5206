import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClients } from "../../src/aws/clients.ts";
import {
  daybook,
  type Ended,
  endAll,
  signal,
  startDaybook,
  startUp,
  type Up,
  until,
} from "../support/cli-process.ts";

const ACCOUNTS = 6;

let up: Up;
beforeAll(async () => {
  up = await startUp(["--currency-optional", "--data", "data"]);
  const at = Math.floor(Date.now() / 1000) - 60;
  const names: string[] = [];
  for (let n = 0; n < ACCOUNTS; n += 1) {
    const name = `cash_deposit_r${n}.event`;
    const fields = { TargetAccount: `70${n}`, CustomerNumber: "9", Amount: "50.00", Verified: true };
    writeFileSync(join(up.folder, name), JSON.stringify({ EventTimeStamp: at, ...fields }));
    names.push(name);
  }
  await here("put", ...names);
  await until(async () => JSON.parse((await here("accounts", "--json")).stdout).accounts.length === ACCOUNTS);
}, 120_000);
afterAll(endAll);

const here = (...args: string[]): Promise<Ended> => daybook(args, { cwd: up.folder });

const tables = async (): Promise<readonly string[] | undefined> => {
  const clients = createClients(up.env);
  try {
    return (await (await clients.dynamodb()).send(new ListTablesCommand({}))).TableNames;
  } finally {
    clients.close();
  }
};

describe("daybook drill", () => {
  test("says how long each phase took and that all is equal, and leaves one table", async () => {
    // The first second of the table, so that everything is repaired.
    const born = await here("drill", "--to", "2001-01-01T00:00:00Z");
    expect(born.exitCode).toBe(1);
    const [, instant = ""] = /not there before (\S+):/.exec(born.stderr) ?? [];
    const at = new Date(Math.ceil(Date.parse(instant) / 1000) * 1000).toISOString();
    const done = await here("drill", "--to", at, "--json");
    expect(done.exitCode, done.stderr).toBe(0);
    const told = JSON.parse(done.stdout);
    expect(told).toMatchObject({ decisions: ACCOUNTS, void: [], isEqual: true });
    expect(told.counts).toMatchObject({ repaired: ACCOUNTS, decisions: ACCOUNTS });
    expect(told.requests.s3).toBeGreaterThan(ACCOUNTS);
    const now = await here("drill");
    expect(now.stdout).toContain(`Equal: ${ACCOUNTS} accounts`);
    expect(now.exitCode, now.stderr).toBe(0);
    expect(await tables()).toEqual(["daybook"]);
    expect((await here("restore", "--to", at, "--dry-run")).stdout).toContain("as epoch 2");
    expect((await here("verify")).exitCode).toBe(0);
    expect((await here("runs")).stdout).toMatch(/drill +table +3 +completed/);
  }, 120_000);

  test("drops the scratch table after Ctrl-C, and after kill -9 with the next drill", async () => {
    const stopped = startDaybook(["drill"], { cwd: up.folder });
    await until(async () => (await tables())?.length === 2 || stopped.child.exitCode !== null);
    signal(stopped.pid, "SIGINT");
    await stopped.ended;
    expect(await tables()).toEqual(["daybook"]);
    const clients = createClients(up.env);
    const killed = startDaybook(["drill"], { cwd: up.folder });
    await until(async () => (await tables())?.length === 2 || killed.child.exitCode !== null);
    signal(killed.pid, "SIGKILL");
    await killed.ended;
    clients.close();
    const refused = await here("drill");
    // It may have been through by then.
    if (refused.exitCode !== 0) {
      expect(refused.stderr).toContain("--take-over");
      const done = await here("drill", "--take-over");
      expect(done.exitCode, done.stderr).toBe(0);
    }
    expect(await tables()).toEqual(["daybook"]);
  }, 120_000);
});
