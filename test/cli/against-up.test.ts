import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  daybook,
  type Ended,
  endAll,
  LAUNCHER,
  start,
  startDaybook,
  startUp,
  testFolder,
  type Up,
  until,
} from "../support/cli-process.ts";

const GOLDEN = fileURLToPath(new URL("../../scenarios/golden.csv", import.meta.url));
const ESCAPE = "\u001b";
const DEPOSIT = "cash_deposit_r1.event";
const WITHDRAWAL = "cash_withdrawal_r2.event";
/** 2 March 2026 and 2 April 2026, noon. */
const [MARCH, APRIL] = [1_772_452_800, 1_775_131_200];

let up: Up;
beforeAll(async () => {
  up = await startUp(["--data", "data"]);
  writeRequest(DEPOSIT, {
    EventTimeStamp: MARCH,
    TargetAccount: "700",
    Amount: "20.00",
    Verified: true,
    CustomerNumber: "9",
    Currency: { "20-euro-bills": 1 },
  });
  writeRequest(WITHDRAWAL, {
    EventTimeStamp: APRIL,
    SourceAccount: "700",
    Amount: "50.00",
    Currency: { "50-euro-bills": 1 },
  });
});
afterAll(endAll);

const writeRequest = (name: string, body: object): void =>
  writeFileSync(join(up.folder, name), JSON.stringify(body));

/** In the folder of the running `up`. */
const here = (...args: string[]): Promise<Ended> => daybook(args, { cwd: up.folder });

/** What a command prints with `--json`; it must succeed, and print nothing that is no JSON. */
const json = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await here(...args, "--json");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return JSON.parse(stdout);
};

describe("put, and what became of it", () => {
  test("put stores each file once and says so, for people and as NDJSON", async () => {
    expect(await here("put", DEPOSIT, WITHDRAWAL)).toEqual({
      exitCode: 0,
      stdout: `stored  s3://daybook-new-events/${DEPOSIT}\nstored  s3://daybook-new-events/${WITHDRAWAL}\n`,
      stderr: "",
    });
    const again = await here("put", DEPOSIT, "--json");
    expect(again.exitCode).toBe(0);
    expect(
      again.stdout
        .trim()
        .split("\n")
        .map(line => JSON.parse(line)),
    ).toEqual([
      { bucket: "daybook-new-events", key: DEPOSIT, result: "already there" },
      { type: "summary", files: 1 },
    ]);
  });

  test("event tells of arrival and decision; a key that was never put is one line and exit 1", async () => {
    await until(async () => (await here("event", WITHDRAWAL)).exitCode === 0);
    await until(async () => (await json("event", WITHDRAWAL)).state.decision !== undefined);
    const { key, state, timeline } = await json("event", WITHDRAWAL);
    expect(key).toBe(WITHDRAWAL);
    expect(state.decision).toMatchObject({ outcome: "refused", code: "INSUFFICIENT_FUNDS" });
    expect(timeline.map(({ what }: { what: string }) => what)).toContain("INSUFFICIENT_FUNDS");
    await until(async () => (await json("event", DEPOSIT)).state.inArchiveBucket);
    const told = await here("event", DEPOSIT);
    expect(told.stdout).toMatch(/^cash_deposit_r1\.event: ARCHIVED\n/);
    expect(told.stdout).not.toContain(ESCAPE);
    const unknown = await here("event", "nothing.event", "--json");
    expect(unknown).toMatchObject({ exitCode: 1, stdout: "" });
    expect(unknown.stderr).toMatch(/^Nothing is known of nothing\.event[^\n]*\n$/);
  });

  test("accounts and balance show the money; an account that was never opened is one line and exit 1", async () => {
    const account = { account: "700", status: "OPEN", customer: "9", actual: "20.00", available: "20.00" };
    expect((await json("accounts")).accounts).toMatchObject([account]);
    expect(await json("balance", "700")).toMatchObject(account);
    expect((await here("balance", "700")).stdout).toMatch(/700 +9 +OPEN +20\.00 +20\.00/);
    for (const command of ["balance", "statement"]) {
      const unknown = await here(command, "701", "--json");
      expect(unknown).toMatchObject({ exitCode: 1, stdout: "" });
      expect(unknown.stderr).toMatch(/^There is no account 701[^\n]*\n$/);
    }
  });

  test("statement prints a table, CSV or JSON, all of it or one month", async () => {
    const all = await json("statement", "700");
    expect(all.lines.map(({ key }: { key: string }) => key)).toEqual([DEPOSIT, WITHDRAWAL]);
    expect(all.closing).toEqual({ actual: "20.00", available: "20.00" });
    const april = await json("statement", "700", "--month", "202604", "--format", "json");
    expect(april).toMatchObject({
      month: "2026-04",
      opening: { actual: "20.00" },
      lines: [{ key: WITHDRAWAL }],
    });
    const csv = await here("statement", "700", "--format", "csv");
    expect(csv.stdout.split("\r\n")).toHaveLength(4);
    expect(csv.stdout).toMatch(/^sequence,time,type,outcome,/);
    const table = await here("statement", "700", "--month", "202603");
    expect(table.stdout).toMatch(/Opening: actual 0\.00.*cash_deposit.*Closing: actual 20\.00/s);
    const contradiction = await here("statement", "700", "--format", "csv", "--json");
    expect(contradiction).toMatchObject({ exitCode: 2, stdout: "" });
  });

  test("a reader that leaves early, as head does, sees no stack trace", async () => {
    const statement = startDaybook(["statement", "700"], { cwd: up.folder });
    statement.child.stdout?.destroy();
    expect(await statement.ended).toMatchObject({ exitCode: 0, stderr: "" });
  });
});

describe("finding the cloud", () => {
  test("by DAYBOOK_HOME, and by the endpoint variables, from another folder", async () => {
    const cwd = testFolder();
    expect((await daybook(["accounts"], { cwd })).exitCode).toBe(2);
    const byHome = await daybook(["balance", "700", "--json"], { cwd, env: { DAYBOOK_HOME: up.folder } });
    expect(JSON.parse(byHome.stdout)).toMatchObject({ actual: "20.00" });
    const { AWS_ENDPOINT_URL = "", AWS_ENDPOINT_URL_DYNAMODB = "" } = up.env;
    const env = { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_DYNAMODB };
    const byEndpoint = await daybook(["balance", "700", "--json"], { cwd, env });
    expect(JSON.parse(byEndpoint.stdout)).toMatchObject({ actual: "20.00" });
  });

  test("a scenario runs on it under a run id of its own, and prints the ids of the file", async () => {
    const { exitCode, stdout, stderr } = await here("scenario", GOLDEN, "--run-id", "mine", "--json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual(
      JSON.parse(readFileSync(GOLDEN.replace(".csv", ".expected.json"), "utf8")),
    );
    expect(stderr).toContain("As expected.");
    expect((await json("event", "cash_deposit_mine-r0000001.event")).state.decision.outcome).toBe("accepted");
    const chaotic = await here("scenario", GOLDEN, "--shuffle", "1");
    expect(chaotic).toMatchObject({ exitCode: 2, stdout: "" });
  });
});

/** A story of one refused row. */
const refusedStory = (): string => {
  const [header = "", ...rows] = readFileSync(GOLDEN, "utf8").trim().split("\n");
  const row = rows.find(line => line.includes("cash_withdrawal_")) ?? "";
  const file = join(up.folder, "refused.csv");
  writeFileSync(file, `${header}\n${row.replace("100020", "999999")}\n`);
  return file;
};

/** util-linux's `script`: runs a command on a terminal of its own. */
const SCRIPT = "/usr/bin/script";

describe("colours", () => {
  test.runIf(process.platform === "linux" && existsSync(SCRIPT))(
    "are for terminals that want them",
    async () => {
      // Node itself takes CI for a terminal without colours.
      const onTerminal = (prefix: string): Promise<Ended> =>
        start(
          SCRIPT,
          ["-qec", `${prefix} ${process.execPath} ${LAUNCHER} scenario ${refusedStory()}`, "/dev/null"],
          {
            cwd: up.folder,
            env: { TERM: "xterm-256color" },
          },
        ).ended;
      const colourful = await onTerminal("env -u CI -u NO_COLOR");
      expect(colourful.stdout).toContain(`${ESCAPE}[31mUNKNOWN_ACCOUNT`);
      const plain = await onTerminal("env -u CI NO_COLOR=1");
      expect(plain.stdout).toMatch(/ UNKNOWN_ACCOUNT/);
      expect(plain.stdout).not.toContain(ESCAPE);
      expect((await here("scenario", refusedStory())).stdout).not.toContain(ESCAPE);
    },
  );
});

describe("a data folder", () => {
  test("is for one up at a time, and so is the folder up runs in", async () => {
    const data = join(up.folder, "data");
    const elsewhere = await daybook(["up", "--data", data, "--json"]);
    expect(elsewhere).toMatchObject({ exitCode: 1, stdout: "" });
    expect(elsewhere.stderr).toMatch(
      new RegExp(`^The data folder [^\\n]*data[^\\n]* in use by process ${up.upPid}[^\\n]*\\n$`),
    );
    const here_ = await here("up");
    expect(here_).toMatchObject({ exitCode: 1, stdout: "" });
    expect(here_.stderr).toMatch(
      new RegExp(`^Another "daybook up" runs[^\\n]*process ${up.upPid}[^\\n]*\\n$`),
    );
  });

  test("goes on with a second up where the first ended", async () => {
    const before = await json("accounts");
    process.kill(up.upPid, "SIGTERM");
    expect(await up.ended).toMatchObject({ exitCode: 0, stderr: "Stopping: SIGTERM.\n" });
    expect(existsSync(join(up.folder, ".daybook/up.json"))).toBe(false);
    expect((await here("accounts")).exitCode).toBe(2);
    up = await startUp(["--data", "data"], { cwd: up.folder });
    expect(await json("accounts")).toEqual(before);
    expect(await json("event", DEPOSIT)).toMatchObject({ state: { lifecycle: "ARCHIVED" } });
    expect((await here("put", DEPOSIT)).stdout).toContain("already there");
  });
});
