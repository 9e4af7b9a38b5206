import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Clients, createClients } from "../../src/aws/clients.ts";
import { DynamoStore } from "../../src/aws/dynamo-store.ts";
import { S3ObjectStore } from "../../src/aws/object-store.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { daybook, type Ended, endAll, startUp, type Up, until } from "../support/cli-process.ts";

const DECISIONS = "daybook-decisions";

let up: Up;
let clients: Clients;
let objects: ObjectStore;
beforeAll(async () => {
  up = await startUp(["--currency-optional"]);
  clients = createClients(up.env);
  objects = new S3ObjectStore(await clients.s3());
  const at = Math.floor(Date.now() / 1000) - 60;
  const requests: Readonly<Record<string, object>> = {
    "cash_deposit_r1.event": { TargetAccount: "700", CustomerNumber: "9", Amount: "50.00", Verified: true },
    "cash_deposit_r2.event": { TargetAccount: "701", CustomerNumber: "9", Amount: "9.00", Verified: true },
    "cash_withdrawal_r3.event": { SourceAccount: "700", Amount: "20.00" },
    "cash_withdrawal_r4.event": { SourceAccount: "700", Amount: "5.00" },
    "cash_withdrawal_r5.event": { SourceAccount: "701", Amount: "2.00" },
  };
  for (const [name, fields] of Object.entries(requests))
    writeFileSync(join(up.folder, name), JSON.stringify({ EventTimeStamp: at, ...fields }));
}, 120_000);
afterAll(async () => {
  clients.close();
  await endAll();
});

const here = (...args: string[]): Promise<Ended> => daybook(args, { cwd: up.folder });

const available = async (account: string): Promise<string | undefined> => {
  const { exitCode, stdout } = await here("balance", account);
  return exitCode === 0 ? stdout.trimEnd().split(/\s+/).at(-2) : undefined;
};

/** Every row of the tables and every version in the bucket of decisions, as text. */
const everything = async (...tables: readonly string[]): Promise<readonly string[]> => {
  const client = await clients.dynamodb();
  const found: string[] = [];
  for (const tableName of tables) {
    const store = new DynamoStore({ client, tableName });
    let cursor: string | undefined;
    do {
      const page = await store.scan({ segment: 0, segments: 1, cursor });
      found.push(...page.items.map(item => JSON.stringify(item)));
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
  const { objects: listed } = await objects.list({ bucket: DECISIONS });
  return [...found.sort(), ...listed.map(({ key, eTag, lastModified }) => `${key} ${eTag} ${lastModified}`)];
};

/** It is refused in one line that says why, and nothing is changed. */
const expectRefused = async (
  args: readonly string[],
  why: RegExp,
  tables: readonly string[],
  exitCode = 1,
) => {
  const before = await everything(...tables);
  const ended = await here(...args);
  expect(ended.stderr).toMatch(why);
  if (exitCode === 1) expect(ended.stderr).toMatch(/^[^\n]+\n$/);
  expect(ended).toMatchObject({ exitCode, stdout: "" });
  expect(await everything(...tables)).toEqual(before);
};

test("from a snapshot, live traffic goes on at once; after the replay every row is as S3 says", async () => {
  await here("put", "cash_deposit_r1.event", "cash_deposit_r2.event");
  await until(async () => (await available("700")) === "50.00" && (await available("701")) === "9.00");
  const { id } = JSON.parse((await here("snapshot", "--json")).stdout);
  await here("put", "cash_withdrawal_r3.event");
  await until(async () => (await available("700")) === "30.00");
  const restored = await here("restore", "--from", id, "--reason", "table lost", "--json");
  expect(restored.exitCode, restored.stderr).toBe(0);
  expect(JSON.parse(restored.stdout)).toMatchObject({ epoch: 2, gated: 2, isRepaired: false });
  // Judged at once, on what only S3 knew: 50 less 20, less 5. The other account waits for the replay.
  await here("put", "cash_withdrawal_r4.event");
  await until(async () => (await available("700")) === "25.00");
  const waiting = await here("verify", "--rows");
  expect(waiting.exitCode).toBe(1);
  expect(waiting.stdout).toContain('waits for its repair: "daybook replay" first');
  const replayed = await here("replay", "--json");
  expect(replayed.exitCode, replayed.stderr).toBe(0);
  await here("put", "cash_withdrawal_r5.event");
  await until(async () => (await available("701")) === "7.00");
  for (const look of [[], ["--rows"], ["--account", "700"]]) {
    const { exitCode, stdout } = await here("verify", ...look);
    expect(stdout).toContain("Equal");
    expect(exitCode).toBe(0);
  }
}, 120_000);

test("what cannot be restored is refused in a line, and nothing is changed", async () => {
  const tables = ["daybook", "daybook-000002"];
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--to", "2001-01-01T00:00:00Z"], /was not there before .*: name a later instant/],
    [["--to", "2099-01-01T00:00:00Z"], /in the future: name an instant before the loss/],
    [["--from", "2026-05-06T22-44-22.000Z-4f1c09ab"], /no finished snapshot .*"daybook snapshots"/],
    [["--from", "latest"], /no finished snapshot latest/],
  ];
  for (const [args, why] of cases) {
    await expectRefused(["restore", ...args], why, tables);
    await expectRefused(["restore", ...args, "--dry-run"], why, tables);
  }
  await expectRefused(["restore"], /Name either an instant/, tables, 2);
  await expectRefused(["restore", "--to", "yesterday"], /Expected an instant in UTC/, tables, 2);
  await expectRefused(
    ["inventory", "ingest", "s3://daybook-archive/none/manifest.json"],
    /none\/manifest\.json/,
    tables,
  );
}, 120_000);

test("so is a manifest that fails its checksum, and a bucket of decisions that is not there", async () => {
  const tables = ["daybook", "daybook-000002"];
  const now = new Date().toISOString();
  const { objects: listed } = await objects.list({ bucket: DECISIONS, prefix: "manifest/000002/part" });
  const key = listed[0]?.key ?? "";
  const kept = await objects.get({ bucket: DECISIONS, key });
  await objects.put({ bucket: DECISIONS, key, body: "other" });
  await expectRefused(
    ["restore", "--to", now],
    /part-0001\S* has another SHA-256 .*bring back the version/,
    tables,
  );
  const verified = await here("verify");
  expect(verified).toMatchObject({ exitCode: 1, stdout: "" });
  expect(verified.stderr).toContain("has another SHA-256");
  await objects.put({ bucket: DECISIONS, key, body: kept?.body ?? "" });
  const before = await everything(...tables);
  const elsewhere = await daybook(["restore", "--to", now], {
    cwd: up.folder,
    env: { ...up.env, DAYBOOK_DECISIONS_BUCKET: "nowhere" },
  });
  expect(elsewhere.stderr).toMatch(/^Expected a bucket nowhere: .*DAYBOOK_DECISIONS_BUCKET[^\n]*\n$/);
  expect(elsewhere).toMatchObject({ exitCode: 1, stdout: "" });
  expect(await everything(...tables)).toEqual(before);
}, 120_000);

test("while a restore has begun and is not finished, neither verify nor replay says that all is well", async () => {
  const tables = ["daybook", "daybook-000002"];
  const marker = { bucket: DECISIONS, key: "epoch/000003" };
  await objects.put({ ...marker, body: "{}" });
  await expectRefused(["replay"], /Epoch 2 is over, .*finish that one with "daybook restore"/, tables);
  const verified = await here("verify");
  expect(verified).toMatchObject({ exitCode: 1 });
  expect(verified.stderr).toContain("epoch 2 is over");
  await objects.delete(marker);
  expect(await here("verify")).toMatchObject({ exitCode: 0, stderr: "" });
}, 120_000);

const R3 = { bucket: DECISIONS, key: "dec/000001/cash_withdrawal_r3.event" };

test("a sealed decision that is gone shows in a dry run, and refuses the restore before anything is halted", async () => {
  const tables = ["daybook", "daybook-000002"];
  const kept = await objects.get(R3);
  await objects.delete(R3);
  const args = ["restore", "--to", new Date().toISOString()];
  const before = await everything(...tables);
  const rehearsed = await here(...args, "--dry-run");
  expect(rehearsed.exitCode).toBe(1);
  expect(rehearsed.stdout).toMatch(
    /sealed and missing +1, 1 of them .*\n +dec\/000001\/cash_withdrawal_r3\.event\n/,
  );
  expect(rehearsed.stderr).toMatch(
    /The restore would be refused: bring back .*"daybook replay --source events"/,
  );
  expect(await everything(...tables)).toEqual(before);
  await expectRefused(args, /r3\.event is sealed and missing: bring back .*--source events/, tables);
  await objects.put({ ...R3, body: kept?.body ?? "" });
  const whole = await here(...args, "--dry-run", "--json");
  expect(whole.exitCode, whole.stderr).toBe(0);
  expect(JSON.parse(whole.stdout)).toMatchObject({ missing: { decisions: 0, needed: 0, names: [] } });
}, 120_000);

test("a restore that fails half-way says that all is halted, and goes on once it can", async () => {
  const kept = await objects.get(R3);
  await objects.put({ ...R3, body: "other" });
  const args = ["restore", "--to", new Date().toISOString()];
  const failed = await here(...args);
  expect(failed).toMatchObject({ exitCode: 1, stdout: "" });
  expect(failed.stderr).toMatch(
    /^Everything is halted since .* for "restore to epoch 3, after epoch 2"[^\n]*\n[^\n]+\n$/,
  );
  expect(failed.stderr).toContain("r3.event has other bytes than were sealed: bring back");
  await objects.put({ ...R3, body: kept?.body ?? "" });
  const restored = await here(...args);
  expect(restored.stderr).not.toContain("halted");
  expect(restored.exitCode, restored.stderr).toBe(0);
  expect((await here("replay")).exitCode).toBe(0);
  expect(await here("verify", "--rows")).toMatchObject({ exitCode: 0 });
}, 120_000);

test("options that would do nothing are refused", async () => {
  const tables = ["daybook"];
  await expectRefused(["replay", "--inventory", "x"], /--inventory together with --source events/, tables, 2);
  await expectRefused(["restore", "--from", "x", "--torn", "1"], /--torn together with --to/, tables, 2);
}, 120_000);
