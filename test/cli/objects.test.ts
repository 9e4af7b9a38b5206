import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClients } from "../../src/aws/clients.ts";
import { S3ObjectStore } from "../../src/aws/object-store.ts";
import { daybook, type Ended, endAll, startUp, type Up, until } from "../support/cli-process.ts";

const BUCKET = "daybook-new-events";
const DEPOSIT = "cash_deposit_r1.event";
/** A key that needs escapes in an address and in a pattern. */
const ODD = "odd *+é.event";
/** 2 March 2026, noon. */
const MARCH = 1_772_452_800;
const BODY = JSON.stringify({
  EventTimeStamp: MARCH,
  TargetAccount: "700",
  Amount: "20.00",
  Verified: true,
  CustomerNumber: "9",
  Currency: { "20-euro-bills": 1 },
});

/** Few days to look through: each is sixteen requests. Only where requests arrive: they are copied elsewhere too. */
const NARROW = ["--since", new Date(Date.now() - 86_400_000).toISOString(), "--bucket", BUCKET];

let up: Up;
let clients: ReturnType<typeof createClients>;
let objects: S3ObjectStore;

const here = (...args: string[]): Promise<Ended> => daybook(["objects", ...args], { cwd: up.folder });

/** The lines that a command prints with `--json`; it must succeed and print nothing else. */
const json = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await here(...args, "--json");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout
    .trim()
    .split("\n")
    .map(line => JSON.parse(line));
};

beforeAll(async () => {
  up = await startUp();
  clients = createClients(up.env);
  objects = new S3ObjectStore(await clients.s3());
  await objects.put({ bucket: BUCKET, key: DEPOSIT, body: BODY });
  await objects.put({ bucket: BUCKET, key: ODD, body: "no request" });
  await objects.put({ bucket: BUCKET, key: "cold_r3.event", body: "cold", storageClass: "GLACIER" });
  await until(async () => (await here("count", ...NARROW, "--json")).stdout.startsWith('{"count":3'));
});
afterAll(async () => {
  clients?.close();
  await endAll();
});

describe("list and count", () => {
  test("show what is there, for people and as NDJSON that ends in a summary", async () => {
    const table = await here("list", "--key", "cash_*", "--bucket", BUCKET);
    expect(table.exitCode).toBe(0);
    expect(table.stdout).toMatch(
      /^key +bucket +size +class +lifecycle +time\ncash_deposit_r1\.event +daybook-new-/,
    );
    expect(table.stderr).toMatch(/^Looked at what was first seen from 20\S+Z on; --since/);
    const query = ["list", ...NARROW, "--sort", "key", "--limit", "2", "--key", "*.EVENT", "--ignore-case"];
    const [first, second, summary] = await json(...query);
    expect(first).toMatchObject({ key: DEPOSIT, bucket: BUCKET, isPresent: true, sizeBytes: BODY.length });
    expect(second.key).toBe("cold_r3.event");
    expect(summary).toMatchObject({
      type: "summary",
      count: 2,
      cursor: expect.any(String),
      from: expect.any(String),
    });
    const [third, end] = await json(...query, "--cursor", summary.cursor);
    expect([third.key, end.count, end.cursor]).toEqual([ODD, 1, undefined]);
    const other = await here("list", ...NARROW, "--cursor", summary.cursor);
    expect(other).toMatchObject({ exitCode: 2, stdout: "" });
    expect(other.stderr).toMatch(/^This cursor belongs to another query[^\n]*\n$/);
  });

  test("take keys by name, and say in a line what they do not understand", async () => {
    const escaped = ODD.replace("*", "\\*");
    expect(await json("count", "--key", escaped, "--bucket", BUCKET)).toEqual([{ count: 1 }]);
    const wrong = await here("count", "--key", String.raw`a\b`);
    expect(wrong).toMatchObject({ exitCode: 2, stdout: "" });
    expect(wrong.stderr).toMatch(/^The backslash at character 2 of[^\n]*\n$/);
    expect((await here("list", "--since", "2026-02-30")).exitCode).toBe(2);
  });
});

describe("one key", () => {
  test("get and history tell all of it; an unknown one is one line and exit 1", async () => {
    await until(async () => (await json("get", DEPOSIT))[0].decision !== undefined);
    const [known] = await json("get", DEPOSIT);
    expect(known).toMatchObject({
      key: DEPOSIT,
      buckets: { [BUCKET]: { isPresent: true } },
      decision: { outcome: "accepted" },
      attributes: {},
      counters: { duplicates: 0, reordered: 0 },
    });
    const [flat] = await json("history", DEPOSIT);
    const arrival = flat.rows.find(({ bucket }: { bucket: string }) => bucket === BUCKET);
    expect(arrival).toMatchObject({ event: "ObjectCreated:Put", outcome: "fresh", isReordered: false });
    const paired = await here("history", DEPOSIT, "--view", "paired");
    expect(paired.stdout).toMatch(/^bucket +version +created +ended +end +copies\ndaybook-/);
    for (const command of ["get", "history"]) {
      const unknown = await here(command, "nothing.event");
      expect(unknown).toMatchObject({ exitCode: 1, stdout: "" });
      expect(unknown.stderr).toMatch(/^Nothing is known of nothing\.event[^\n]*\n$/);
    }
  });

  test("patch changes its attributes, or says why not; a list finds them", async () => {
    const add = '[{"op":"add","path":"/team","value":{"name":"red","n":1}}]';
    expect(await json("patch", DEPOSIT, "--patch", add)).toEqual([
      { key: DEPOSIT, outcome: "patched", attributes: { team: { name: "red", n: 1 } } },
    ]);
    const failing = '[{"op":"remove","path":"/team"},{"op":"test","path":"/x","value":1}]';
    const refused = await here("patch", DEPOSIT, "--patch", failing);
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^cash_deposit_r1\.event is as it was: operation 1 \(test \/x\)[^\n]*\n$/);
    const [found] = await json("list", ...NARROW, "--attribute", "team.name=r?d", "--attribute", "team.n=1");
    expect(found).toMatchObject({ key: DEPOSIT, attributes: { team: { name: "red" } } });
    const unsafe = '[{"op":"add","path":"/__proto__/x","value":1}]';
    expect((await here("patch", DEPOSIT, "--patch", unsafe)).exitCode).toBe(1);
    expect((await here("patch", DEPOSIT, "--patch", "{}")).exitCode).toBe(2);
    expect((await here("patch", DEPOSIT, "--all", "--patch", add)).exitCode).toBe(2);
    expect((await here("patch", DEPOSIT, "--key", "x", "--patch", add)).exitCode).toBe(2);
  });

  test("patch --all patches each that fits, for itself", async () => {
    const file = join(up.folder, "patch.json");
    writeFileSync(file, '[{"op":"test","path":"","value":{}},{"op":"add","path":"/seen","value":true}]');
    const all = await here("patch", "--all", ...NARROW, "--file", file, "--json");
    expect(all.exitCode).toBe(1);
    const lines = all.stdout
      .trim()
      .split("\n")
      .map(line => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ type: "summary", keys: 3, patched: 2, refused: 1 });
    expect(lines.find(({ key }) => key === DEPOSIT)).toMatchObject({ outcome: "refused" });
    expect(await json("count", ...NARROW, "--attribute", "seen=true")).toMatchObject([{ count: 2 }]);
  });
});

describe("presign", () => {
  test("prints an address of this version, at which its bytes are, whatever is put on top", async () => {
    const [made] = await json("presign", ODD, "--bucket", BUCKET, "--expires", "600");
    const { versionId } = (await objects.head({ bucket: BUCKET, key: ODD })) ?? {};
    expect(made).toMatchObject({ key: ODD, bucket: BUCKET, versionId });
    expect(Date.parse(made.expiresAt) - Date.now()).toBeLessThanOrEqual(600_000);
    const query = new URL(made.url).searchParams;
    expect([query.get("versionId"), query.get("X-Amz-Expires")]).toEqual([versionId, "600"]);
    await objects.put({ bucket: BUCKET, key: ODD, body: "other content" });
    const answer = await fetch(made.url);
    expect([answer.status, await answer.text()]).toEqual([200, "no request"]);
  });

  test("is refused for what is cold, gone, or asked for too long", async () => {
    const cold = await here("presign", "cold_r3.event", "--bucket", BUCKET);
    expect(cold).toMatchObject({ exitCode: 1, stdout: "" });
    expect(cold.stderr).toMatch(/cannot be read: (it is in GLACIER|its restore)[^\n]*\n$/);
    await objects.delete({ bucket: BUCKET, key: DEPOSIT });
    expect((await here("presign", DEPOSIT, "--bucket", BUCKET)).exitCode).toBe(1);
    expect((await here("presign", ODD, "--expires", "604801")).exitCode).toBe(2);
  });
});
