import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClients } from "../../src/aws/clients.ts";
import { S3ObjectStore } from "../../src/aws/object-store.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { deleteForGood, textsIn } from "../replay/events-source/lost-decisions.ts";
import { daybook, type Ended, endAll, startUp, type Up, until } from "../support/cli-process.ts";

const DECISIONS = "daybook-decisions";
const BUCKETS = ["daybook-archive", "daybook-rejected", "daybook-new-events"];
const WITHDRAWALS = 12;
const CHEST = "700";

let up: Up;
let objects: ObjectStore;
let close: () => void;

const here = (...args: string[]): Promise<Ended> => daybook(args, { cwd: up.folder });

const json = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await here(...args, "--json");
  if (stdout === "") throw new Error(stderr);
  return { exitCode, ...JSON.parse(stdout) };
};

const put = async (requests: Readonly<Record<string, object>>): Promise<void> => {
  const at = Math.floor(Date.now() / 1000) - 60;
  for (const [name, fields] of Object.entries(requests))
    writeFileSync(join(up.folder, name), JSON.stringify({ EventTimeStamp: at, ...fields }));
  expect((await here("put", ...Object.keys(requests))).exitCode).toBe(0);
};

const placed = async (): Promise<number> => {
  const counts = await Promise.all(
    ["daybook-archive", "daybook-rejected"].map(async bucket => (await textsIn(objects, bucket)).size),
  );
  return counts.reduce((sum, each) => sum + each, 0);
};

beforeAll(async () => {
  up = await startUp(["--currency-optional"]);
  const clients = createClients(up.env);
  objects = new S3ObjectStore(await clients.s3());
  close = () => clients.close();
  await put({
    "cash_deposit_r0.event": { TargetAccount: CHEST, CustomerNumber: "9", Amount: "50.00", Verified: true },
  });
  await until(async () => (await placed()) === 1);
  const withdrawals = Array.from({ length: WITHDRAWALS }, (_, n) => [
    `cash_withdrawal_w${n}.event`,
    { SourceAccount: CHEST, Amount: "6.00" },
  ]);
  await put(Object.fromEntries(withdrawals));
  await until(async () => (await placed()) === 1 + WITHDRAWALS);
}, 120_000);
afterAll(async () => {
  close();
  await endAll();
});

const decisions = () => textsIn(objects, DECISIONS, "dec/");
const lose = () => deleteForGood(objects, DECISIONS, key => key.startsWith("dec/"));

describe("daybook replay --source events, all decision objects deleted", () => {
  test("by real reports of the three buckets, and the listing for what came after them", async () => {
    for (const bucket of BUCKETS) await json("inventory", "write", bucket, "--format", "Parquet");
    await put({ "cash_withdrawal_late.event": { SourceAccount: CHEST, Amount: "900.00" } });
    await until(async () => (await placed()) === 2 + WITHDRAWALS);
    const before = await decisions();
    expect(before.size).toBe(2 + WITHDRAWALS);
    await lose();
    const lost = await here("verify");
    expect(lost.exitCode).toBe(1);

    const dry = await json("replay", "--source", "events", "--dry-run");
    expect(dry).toMatchObject({ exitCode: 0, isDryRun: true, hasTable: true, written: before.size });
    expect(dry.reports).toHaveLength(3);
    expect((await decisions()).size).toBe(0);

    const done = await here("replay", "--source", "events");
    expect(done.stdout).toMatch(/objects written +14$/m);
    expect(done.exitCode, done.stderr).toBe(0);
    expect(await decisions()).toEqual(before);
    const verified = await here("verify");
    expect(verified.stdout).toContain("Equal");
    expect(verified.exitCode).toBe(0);
    expect(await json("replay", "--source", "events")).toMatchObject({ exitCode: 0, written: 0 });
  }, 120_000);

  test("the table lost as well, and one request not placed: it is listed, all else is restored, and it is decided anew", async () => {
    const { id } = await json("snapshot");
    const late = "cash_withdrawal_later.event";
    const placedBefore = await placed();
    await put({ [late]: { SourceAccount: CHEST, Amount: "901.00" } });
    await until(async () => (await placed()) === placedBefore + 1);
    const balance = await json("balance", CHEST);
    const before = await decisions();
    expect(balance).toMatchObject({ sequence: before.size });
    await lose();
    // The last of its stream: nothing that follows tells how it was decided.
    await deleteForGood(objects, "daybook-rejected", key => key === late);
    const clients = createClients(up.env);
    await (await clients.dynamodb()).send(new DeleteTableCommand({ TableName: "daybook" }));
    clients.close();

    const done = await json("replay", "--source", "events");
    expect(done).toMatchObject({ exitCode: 1, hasTable: false, written: before.size - 1 });
    expect(done.troubles).toEqual([expect.objectContaining({ kind: "not-placed", key: late })]);

    const restored = await json("restore", "--from", id);
    expect(restored).toMatchObject({ exitCode: 0, epoch: 2, manifest: { decisions: before.size - 1 } });
    await json("replay");
    expect(await json("balance", CHEST)).toEqual({ ...balance, sequence: before.size - 1 });
    expect((await here("reconcile", "--grace", "0")).exitCode).toBe(0);
    await until(async () => (await json("balance", CHEST)).sequence === before.size);
    expect(await json("balance", CHEST)).toEqual(balance);
    const verified = await here("verify");
    expect(verified.stdout).toContain("Equal");
    expect(verified.exitCode).toBe(0);
  }, 180_000);

  test("a report that is not there is an error, and changes nothing", async () => {
    const before = await decisions();
    const missing = await here(
      "replay",
      "--source",
      "events",
      "--inventory",
      "s3://daybook-archive/none.json",
    );
    expect(missing).toMatchObject({ exitCode: 1, stdout: "" });
    expect(missing.stderr).toMatch(/^s3:\/\/[^\n]*there is no such file[^\n]*\n$/);
    expect((await here("replay", "--source", "elsewhere")).exitCode).toBe(2);
    expect(await decisions()).toEqual(before);
  }, 60_000);

  test("inventory athena prints table and query of a report", async () => {
    const { manifest } = await json("inventory", "write", "daybook-archive");
    const printed = await here("inventory", "athena", manifest, "--suffix", ".event");
    expect(printed.exitCode, printed.stderr).toBe(0);
    expect(printed.stdout).toContain(
      "LOCATION 's3://daybook-archive-inventory/daybook-archive/daybook/hive/'",
    );
    expect(printed.stdout).toContain(`LIKE '%.event' ESCAPE '!'`);
    expect((await here("inventory", "athena", "manifest.json")).exitCode).toBe(2);
  }, 60_000);
});
