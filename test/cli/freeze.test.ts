import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keepSweeping } from "../../src/cli/keep-sweeping.ts";
import { ManualClock } from "../../src/local/manual-clock.ts";
import { silentLog } from "../../src/ports/log.ts";
import { daybook, type Ended, endAll, startUp, type Up, until } from "../support/cli-process.ts";

const AT = Math.floor(Date.now() / 1_000) - 1_000;

const cash = { "20-euro-bills": 1 };

let up: Up;
beforeAll(async () => {
  up = await startUp();
});
afterAll(endAll);

const here = (...args: string[]): Promise<Ended> => daybook(args, { cwd: up.folder });

/** The lines a command prints with `--json`. */
const json = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await here(...args, "--json");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout
    .trim()
    .split("\n")
    .map(line => JSON.parse(line));
};

const put = async (name: string, body: object): Promise<void> => {
  writeFileSync(join(up.folder, `${name}.event`), JSON.stringify({ EventTimeStamp: AT, ...body }));
  expect((await here("put", `${name}.event`)).exitCode).toBe(0);
};

/** Waits until `daybook parked` lists so many, and returns them. */
const parkedUntil = async (count: number) => {
  let lines: Record<string, unknown>[] = [];
  await until(async () => {
    lines = await json("parked");
    return lines.at(-1)?.count === count;
  });
  return lines.slice(0, -1);
};

describe("freeze, parked and unfreeze", () => {
  test("an account that nobody opened cannot be frozen: one line, exit 1", async () => {
    const unknown = await here("freeze", "900", "--reason", "none");
    expect(unknown).toMatchObject({ exitCode: 1, stderr: "" });
    expect(unknown.stdout).toMatch(/^Refused UNKNOWN_ACCOUNT: [^\n]*freeze_account_900-[^\n]*\n$/);
  });

  test("freezing says so, shows in the balance, and is refused the second time", async () => {
    await put("cash_deposit_o1", {
      TargetAccount: "800",
      CustomerNumber: "9",
      Amount: "20.00",
      Verified: true,
      Currency: cash,
    });
    await until(async () => (await here("balance", "800")).exitCode === 0);
    const frozen = await here("freeze", "800", "--reason", "card stolen", "--id", "f1");
    expect(frozen).toEqual({
      exitCode: 0,
      stdout: "Account 800 is frozen: freeze_account_f1.event.\n",
      stderr: "",
    });
    expect((await json("balance", "800"))[0]).toMatchObject({ status: "FROZEN", actual: "20.00" });
    const again = await here("freeze", "800", "--reason", "again", "--json");
    expect(again.exitCode).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: "refused", code: "STATUS_UNCHANGED" });
    const taken = await here("freeze", "800", "--reason", "again", "--id", "f1");
    expect(taken).toMatchObject({ exitCode: 1, stdout: "" });
    expect(taken.stderr).toMatch(/^freeze_account_f1\.event is taken already[^\n]*\n$/);
  }, 150_000);

  test("what touches a frozen account waits, is listed, and is decided when it is unfrozen", async () => {
    await put("cash_withdrawal_w1", { SourceAccount: "800", Amount: "20.00", Currency: cash });
    await put("outgoing_payment_verified_never", {});
    const waiting = await parkedUntil(2);
    expect(waiting).toEqual([
      { key: "cash_withdrawal_w1.event", since: expect.any(String), awaits: { stream: "800" } },
      {
        key: "outgoing_payment_verified_never.event",
        since: expect.any(String),
        awaits: { original: { flow: "outgoing", id: "never" } },
        deadline: expect.any(String),
      },
    ]);
    const table = await here("parked");
    expect(table.stdout).toMatch(/account 800 to be unfrozen +cash_withdrawal_w1\.event/);
    expect(table.stderr).toBe("2 parked.\n");

    expect((await here("unfreeze", "800", "--reason", "card found")).exitCode).toBe(0);
    await parkedUntil(1);
    expect((await json("balance", "800"))[0]).toMatchObject({ status: "OPEN", actual: "0.00" });
    expect((await here("statement", "800")).stdout).toContain("card stolen");
  }, 150_000);

  test("parked --release lets deadlines pass by the cloud's clock", async () => {
    expect(await json("parked", "--release")).toEqual([
      { waiting: 1, decided: 0, isComplete: true, troubles: [] },
    ]);
    await json("clock", "advance", "31d");
    // The sweep on its schedule may be the faster one.
    expect((await here("parked", "--release")).exitCode).toBe(0);
    await parkedUntil(0);
    expect((await here("parked")).stderr).toBe("Nothing is parked.\n");
    const told = await json("event", "outgoing_payment_verified_never.event");
    expect(told[0].state.decision).toMatchObject({ outcome: "refused", code: "ORIGINAL_NOT_FOUND" });
  });

  test("a name that no account can have, and a missing reason, are misuse", async () => {
    expect(await here("freeze", "8 0", "--reason", "x")).toMatchObject({ exitCode: 2, stdout: "" });
    expect(await here("freeze", "800", "--reason", "x", "--id", "a/b")).toMatchObject({ exitCode: 2 });
    expect(await here("unfreeze", "800")).toMatchObject({ exitCode: 2, stdout: "" });
  });
});

test("the local schedule sweeps every five minutes of the cloud's clock, one sweep at a time", async () => {
  const clock = new ManualClock();
  let [sweeps, end]: [number, () => void] = [0, () => {}];
  const stop = keepSweeping(clock, silentLog, () => {
    sweeps += 1;
    return new Promise<void>(resolve => {
      end = resolve;
    });
  });
  clock.advance(10 * 60_000);
  await until(() => sweeps === 1);
  clock.advance(10 * 60_000);
  end();
  await until(() => sweeps === 2);
  const stopped = stop();
  end();
  await stopped;
});
