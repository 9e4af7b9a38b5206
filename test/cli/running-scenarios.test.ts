import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import {
  daybook,
  descendantsOf,
  endAll,
  isRunning,
  startDaybook,
  testFolder,
  until,
  untilGone,
} from "../support/cli-process.ts";

afterEach(endAll);

const GOLDEN = fileURLToPath(new URL("../../scenarios/golden.csv", import.meta.url));
const header = readFileSync(GOLDEN, "utf8").split("\n", 1)[0] ?? "";
/** FULL=1 tries more seeds. */
const SEEDS = process.env.FULL === "1" ? [0, 1, 2, 3, 7, 42, 1000] : [3];

const balances = { "100010": "1000.00", "100020": "450.00", "100030": "350.00" };
const requestIds = Array.from({ length: 13 }, (_, i) => `r${String(i + 1).padStart(7, "0")}`);
/** Built here, not read: the file of expectations is not to judge itself. */
const GOLDEN_JSON = `${JSON.stringify({
  accounts: Object.fromEntries(
    Object.entries(balances).map(([account, text]) => [account, { actual: text, available: text }]),
  ),
  outcomes: Object.fromEntries(
    requestIds.map(id => [id, id === "r0000010" ? "INSUFFICIENT_FUNDS" : "accepted"]),
  ),
})}\n`;

describe("the golden story", () => {
  test("prints exactly one JSON document with every request, and talks on stderr", async () => {
    const { exitCode, stdout, stderr } = await daybook(["scenario", GOLDEN, "--json"]);
    expect(stdout).toBe(GOLDEN_JSON);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/DynamoDB requests +\d+ \(\d+\.\d\d per accepted event\)\nitems written/);
    expect(stderr).toContain("As expected.");
    expect(stderr).not.toContain("\u001b");
  });

  test.each(SEEDS)(
    "ends the same with notifications shuffled by seed %i and half of them doubled",
    async seed => {
      const chaos = ["--shuffle", String(seed), "--duplicate", "0.5"];
      const { exitCode, stdout } = await daybook(["scenario", GOLDEN, ...chaos, "--json"]);
      expect(stdout).toBe(GOLDEN_JSON);
      expect(exitCode).toBe(0);
    },
  );
});

type Request = { readonly time: string; readonly type: string; readonly amount: string };

/** A story of one day and one account, in the order given. */
const storyOf = (requests: readonly Request[]): string => {
  const rows = requests.map(({ time, type, amount }) => {
    const cells: Readonly<Record<string, string>> = {
      "Transaction Date Year": "2026",
      "Transaction Date Month": "03",
      "Transaction Date Day": "02",
      "Transaction Date 24HR Time": time,
      "Transaction Type": type,
      "Reference Account": "200010",
      CustomerNumber: "330001001",
      Amount: amount,
      "Instant Verify Flag": "true",
    };
    return header
      .split(",")
      .map(column => cells[column] ?? "n/a")
      .join(",");
  });
  return `${[header, ...rows].join("\n")}\n`;
};

describe("a story of one's own", () => {
  test("whose rows are out of time order within the day runs in file order; without expectations it exits 0", async () => {
    const folder = testFolder();
    const rows = [
      { time: "1500", type: "cash_deposit_", amount: "80.00" },
      { time: "0900", type: "cash_withdrawal_", amount: "50.00" },
      { time: "0300", type: "cash_withdrawal_", amount: "50.00" },
    ];
    writeFileSync(join(folder, "mine.csv"), storyOf(rows));
    const { exitCode, stdout } = await daybook(["scenario", join(folder, "mine.csv"), "--json"]);
    expect(JSON.parse(stdout)).toEqual({
      accounts: { "200010": { actual: "30.00", available: "30.00" } },
      outcomes: { r0000001: "accepted", r0000002: "accepted", r0000003: "INSUFFICIENT_FUNDS" },
    });
    expect(exitCode).toBe(0);
  });

  test("that ends otherwise than expected exits 1 and shows the difference on stderr", async () => {
    const folder = testFolder();
    const deposit = { time: "0900", type: "cash_deposit_", amount: "80.00" };
    writeFileSync(join(folder, "mine.csv"), storyOf([deposit]));
    const expected = {
      accounts: { "200010": { actual: "81.00", available: "81.00" } },
      outcomes: { r0000001: "accepted" },
    };
    writeFileSync(join(folder, "mine.expected.json"), JSON.stringify(expected));
    const { exitCode, stdout, stderr } = await daybook(["scenario", "mine.csv"], { cwd: folder });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/r0000001 +2026-03-02 +cash_deposit +200010 +80\.00 +accepted/);
    expect(stderr).toContain(
      "1 difference (- expected, + came out):\n  account 200010\n    - actual 81.00, available 81.00\n    + actual 80.00, available 80.00\n",
    );
  });
});

test("the demo proves equality, also after a disaster, and tells what chaos did; when its launcher is killed, nothing is left", async () => {
  const { exitCode, stdout } = await daybook(["demo", "--json"]);
  const { isProven, chaos, counts, decisions, faults, disaster } = JSON.parse(stdout);
  expect(disaster).toMatchObject({ isEqual: true, epoch: 2, gated: 2 });
  expect(disaster.accounts).toHaveLength(3);
  expect({ exitCode, isProven, decisions, faults }).toEqual({
    exitCode: 0,
    isProven: true,
    decisions: 13,
    faults: [],
  });
  expect(chaos.delivered).toBeGreaterThanOrEqual(13);
  expect(chaos.duplicated + chaos.receivedTwice).toBeGreaterThan(0);
  expect(counts.requests["s3.PutObject"]).toBeGreaterThanOrEqual(13);
  const second = startDaybook(["demo"]);
  await until(() => second.stdout().includes("put cash_deposit_r0000001.event"));
  const pids = descendantsOf(second.pid);
  expect(pids.filter(isRunning).length).toBeGreaterThan(2);
  second.child.kill("SIGKILL");
  await untilGone(pids);
});
