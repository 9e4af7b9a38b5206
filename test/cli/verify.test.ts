import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tableRows } from "../../src/app.ts";
import { type Clients, createClients } from "../../src/aws/clients.ts";
import { DynamoStore } from "../../src/aws/dynamo-store.ts";
import { S3ObjectStore } from "../../src/aws/object-store.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { Item, Key, Store } from "../../src/table/store.ts";
import { daybook, type Ended, endAll, startUp, type Up, until } from "../support/cli-process.ts";

const DECISIONS = "daybook-decisions";

let up: Up;
let clients: Clients;
let store: Store;
let objects: ObjectStore;
beforeAll(async () => {
  up = await startUp(["--currency-optional"]);
  clients = createClients(up.env);
  store = new DynamoStore({ client: await clients.dynamodb(), tableName: "daybook" });
  objects = new S3ObjectStore(await clients.s3());
  const at = Math.floor(Date.now() / 1000) - 60;
  const open = (TargetAccount: string) => ({
    TargetAccount,
    CustomerNumber: "9",
    Amount: "50.00",
    Verified: true,
  });
  const requests: readonly (readonly [string, object])[] = [
    ["cash_deposit_r1.event", open("700")],
    ["cash_deposit_r2.event", open("701")],
    ["cash_withdrawal_r3.event", { SourceAccount: "700", Amount: "20.00" }],
    ["cash_withdrawal_r4.event", { SourceAccount: "700", Amount: "999.00" }],
    ["cash_deposit_r5.event", { TargetAccount: "700", Amount: "5.00" }],
    ["inter_account_transfer_r6.event", { SourceAccount: "700", TargetAccount: "701", Amount: "1.00" }],
  ];
  for (const [name, fields] of requests) {
    writeFileSync(join(up.folder, name), JSON.stringify({ EventTimeStamp: at, ...fields }));
    await here("put", name);
    await until(async () => (await here("event", name, "--json")).stdout.includes('"decision"'));
  }
}, 120_000);
afterAll(async () => {
  clients.close();
  await endAll();
});

const here = (...args: string[]): Promise<Ended> => daybook(args, { cwd: up.folder });

const itemAt = async (key: Key): Promise<Item> => {
  const [item] = await store.get([key]);
  if (item === undefined) throw new Error(`Expected ${key.PK} ${key.SK}`);
  return item;
};

const lines = ({ stdout }: Ended) =>
  stdout
    .trimEnd()
    .split("\n")
    .map(line => JSON.parse(line));

/** Does something to a row, looks, and undoes it. */
const whileChanged = async (key: Key, change: object, look: () => Promise<void>): Promise<void> => {
  const item = await itemAt(key);
  await store.write({ put: { ...item, ...change } });
  try {
    await look();
  } finally {
    await store.write({ put: item });
  }
};

test("a table that is as S3 says is equal, by every look", async () => {
  for (const look of [[], ["--rows"], ["--account", "700"], ["--account", "701"]]) {
    const { exitCode, stdout, stderr } = await here("verify", ...look);
    expect({ exitCode, stderr }, stdout).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/Equal: [^\n]*\n$/);
  }
  const ended = await here("verify", "--rows", "--json");
  expect(lines(ended)).toEqual([
    {
      type: "summary",
      decisions: 6,
      streams: 2,
      rows: 19,
      unpublished: 0,
      moving: 0,
      differences: 0,
      isEqual: true,
    },
  ]);
}, 60_000);

test("one account in detail: each decision, what it did, its hash, and the balances after it", async () => {
  const told = lines(await here("verify", "--account", "700", "--json"));
  expect(told).toHaveLength(6);
  expect(told[1]).toMatchObject({
    ...{
      type: "decision",
      account: "700",
      sequence: 2,
      key: "cash_withdrawal_r3.event",
      outcome: "accepted",
    },
    ...{ actualCents: -2000, availableCents: -2000, actualAfterCents: 3000, isEqual: true },
    hash: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(told[2]).toMatchObject({ outcome: "refused", code: "INSUFFICIENT_FUNDS", actualAfterCents: 3000 });
  expect(told[5]).toMatchObject({ type: "summary", account: "700", decisions: 5, differences: 0 });
  const { stdout } = await here("verify", "--account", "700");
  expect(stdout).toMatch(
    /2 +cash_withdrawal_r3\.event +accepted +-20\.00 +-20\.00 +[0-9a-f]{12} +30\.00 +30\.00 +equal/,
  );
  const unknown = await here("verify", "--account", "799");
  expect(unknown).toMatchObject({ exitCode: 1, stdout: "" });
  expect(unknown.stderr).toBe("There is no account 799, neither in S3 nor in the table.\n");
}, 60_000);

test("a changed balance is named, for people and as NDJSON, and ends with 1", async () => {
  const id = { account: "700", balanceType: "AVAILABLE", CustomerNumber: "9" } as const;
  await whileChanged(tableRows.balance.key(id), { BalanceCents: 7 }, async () => {
    const { exitCode, stdout } = await here("verify", "--rows");
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /^700 at 5: the row 700 SAVINGS#BALANCE#AVAILABLE#9 must have BalanceCents 2900, it has 7\nDIFFERENT: 1 differences;/,
    );
    const json = await here("verify", "--rows", "--json");
    expect(json.exitCode).toBe(1);
    expect(lines(json)).toMatchObject([
      {
        type: "difference",
        stream: "700",
        sequence: 5,
        attribute: "BalanceCents",
        expected: "2900",
        found: "7",
      },
      { type: "summary", differences: 1, isEqual: false },
    ]);
    expect((await here("verify", "--account", "701")).exitCode).toBe(0);
    const detail = await here("verify", "--account", "700");
    expect(detail.exitCode).toBe(1);
    expect(detail.stdout).toMatch(/inter_account_transfer_r6\.event .* DIFFERS/);
  });
}, 60_000);

test("a line that is missing, and a decision that is missing in S3, are named and end with 1", async () => {
  const key = tableRows.line.key({ account: "700", sequence: 3 });
  const item = await itemAt(key);
  await store.write({ delete: key });
  const missing = await here("verify", "--rows");
  expect(missing.exitCode).toBe(1);
  expect(missing.stdout).toContain("700 at 3: the row 700 LINE#000000000003 is missing");
  await store.write({ put: item });
  const name = "dec/000001/cash_withdrawal_r3.event";
  const kept = await objects.get({ bucket: DECISIONS, key: name });
  await objects.delete({ bucket: DECISIONS, key: name });
  for (const look of [[], ["--rows"], ["--account", "700"]]) {
    const gone = await here("verify", ...look);
    expect(gone.exitCode).toBe(1);
    expect(gone.stdout).toContain(
      "700 at 2: S3 must have the decision of cash_withdrawal_r3.event, it has the next at 3",
    );
  }
  await objects.put({ bucket: DECISIONS, key: name, body: kept?.body ?? "" });
  expect((await here("verify", "--rows")).exitCode).toBe(0);
}, 60_000);

test("only one look at a time, and help says what is out of scope", async () => {
  const both = await here("verify", "--rows", "--account", "700");
  expect(both).toMatchObject({ exitCode: 2, stdout: "" });
  expect(both.stderr).toBe("Give one of --snapshot, --bundles, --rows and --account.\n");
  expect((await here("verify", "--help")).stdout).toContain("Out of scope");
}, 60_000);
