import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloudApp } from "../../src/app.ts";
import { createClients } from "../../src/aws/clients.ts";
import { bundleCommand, bundleGetCommand, bundleVerifyCommand } from "../../src/cli/bundle.ts";
import { bundlesCommand } from "../../src/cli/bundles.ts";
import { type Output, Refused } from "../../src/cli/output.ts";
import { thawCommand } from "../../src/cli/thaw.ts";
import { verifyCommand } from "../../src/cli/verify.ts";
import { sha256Hex } from "../../src/ledger/chain.ts";
import { OBSERVATION_RANGE, objectPartition } from "../../src/tracking/entities.ts";
import {
  daybook,
  type Ended,
  endAll,
  startDaybook,
  startUp,
  type Up,
  until,
} from "../support/cli-process.ts";

const COUNT = 30;
/** Does not compress well, so that the bundle is large enough for a cold class. */
const noise = (n: number): string =>
  Array.from({ length: 64 }, (_, part) => sha256Hex(`${n} ${part}`)).join("");
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const keyOf = (n: number): string => `cash_deposit_r${String(n).padStart(4, "0")}.event`;

let up: Up;
let day: string;

const control = async (
  path: string,
  body?: object,
): Promise<{ readonly now: string; readonly nowMs: number; readonly isIdle: boolean }> => {
  const url = `${up.env.AWS_ENDPOINT_URL}/_daybook/${path}`;
  const answer = await fetch(url, body && { method: "POST", body: JSON.stringify(body) });
  return (await answer.json()) as Awaited<ReturnType<typeof control>>; // what control endpoints answer
};
const advance = (advanceMs: number) => control("clock", { advanceMs });

/** In the folder of the running `up`, as people type it. */
const here = (...args: string[]): Promise<Ended> => daybook(args, { cwd: up.folder });

/** Runs a command in this process, which is quicker. Returns: its exit code, and what it printed. */
const run = async (command: (output: Output) => Promise<number>, isJson = true) => {
  const printed: string[] = [];
  const print = (text: string): void => void printed.push(text.endsWith("\n") ? text : `${text}\n`);
  const output: Output = {
    isJson,
    data: print,
    json: value => print(JSON.stringify(value)),
    talk: () => {},
    paint: (_, text) => text,
  };
  const exitCode = await command(output);
  const text = printed.join("");
  const documents = isJson
    ? text
        .trim()
        .split("\n")
        .map(line => JSON.parse(line))
    : [];
  return { exitCode, text, documents };
};

const bundle = (of: string, isJson = true) =>
  run(output => bundleCommand(of, { isAws: false, expireCopies: false }, output), isJson);
const verify = (of?: string) =>
  run(output => bundleVerifyCommand({ day: of, originals: true, isAws: false }, output));
const get = (key: string) => run(output => bundleGetCommand(key, { day, isAws: false }, output));
const bundles = () => run(output => bundlesCommand(false, output));
const thaw = () =>
  run(output =>
    thawCommand({ bundleDays: [], days: 3, tier: "Bulk", isWaiting: false, isAws: false }, output),
  );

const putRequests = async (): Promise<void> => {
  const clients = createClients(up.env);
  const { ledger, config } = await cloudApp(clients, up.env);
  const { nowMs } = await control("clock");
  for (let n = 0; n < COUNT; n += 1) {
    const body = {
      EventTimeStamp: Math.floor(nowMs / 1000) - 1000 + n,
      TargetAccount: `${700 + n}`,
      Amount: "20.00",
      Verified: true,
      CustomerNumber: "9",
      Currency: { "20-euro-bills": 1 },
    };
    const text = n % 3 === 2 ? `{${noise(n)}` : JSON.stringify(body);
    await ledger.objects.put({ bucket: config.buckets.newEvents, key: keyOf(n), body: text });
  }
  clients.close();
};

beforeAll(async () => {
  up = await startUp();
  Object.assign(process.env, up.env);
  // To an hour after midnight: the day is long enough for all of them.
  const { nowMs } = await control("clock");
  await advance(DAY_MS - (nowMs % DAY_MS) + HOUR_MS);
  day = (await control("clock")).now.slice(0, 10);
  await putRequests();
  await until(async () => (await control("idle")).isIdle);
});
afterAll(async () => {
  for (const name of Object.keys(up.env)) delete process.env[name];
  await endAll();
});

describe("a day", () => {
  test("is asked for by name, and bundled once it is over", async () => {
    const misused = await Promise.all([here("bundle", "--day", "2026-02-30"), here("bundle", "get", "x")]);
    for (const each of misused) expect(each).toMatchObject({ exitCode: 2, stdout: "" });
    const early = await here("bundle", "--day", day);
    expect(early).toMatchObject({ exitCode: 1, stdout: "" });
    expect(early.stderr).toMatch(/is not over: by the cloud's clock it ends at .*T00:00:00\.000Z\.\n$/);
    await advance(DAY_MS);
    const made = await here("bundle", "--day", day, "--expire-copies", "--json");
    expect(made).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(made.stdout)).toMatchObject({
      day,
      made: [1],
      bundles: [{ number: 1, records: COUNT, unread: 0 }],
      verdicts: [{ records: COUNT, differenceCount: 0, isAgainstOriginals: true }],
      copies: { tagged: COUNT, already: 0, absent: 0, kept: 0 },
      before: { decisions: { objects: COUNT }, requests: { objects: COUNT } },
      after: { parts: { objects: 1 }, indices: { objects: 3 } },
      costs: [{ once: 0 }, {}, { objects: expect.closeTo((4 * 1_000_000) / COUNT, 3) }],
    });
  });

  test("bundled again is verified and said to be there, with what it costs", async () => {
    const { exitCode, text } = await bundle(day, false);
    expect(exitCode).toBe(0);
    expect(text).toContain(`Bundle 1 of ${day}, ${COUNT} decisions: was there already.`);
    expect(text).toMatch(/before: decisions +30 +\d+\nbefore: requests +30 +\d+\nafter: bundles +1 +\d+\n/);
    expect(text).toMatch(/a copy of each, GLACIER +1000000 .*\nbundled, GLACIER /);
    expect((await bundles()).documents).toMatchObject([
      { day, number: 1, records: COUNT, parts: 1, stands: ["warm"] },
      { type: "summary", bundles: 1 },
    ]);
    expect(await bundle("2001-01-01", false)).toMatchObject({
      exitCode: 0,
      text: expect.stringContaining("nothing to bundle"),
    });
  });

  test("gives back single decisions, and is verified", async () => {
    const got = await here("bundle", "get", keyOf(6), "--day", day);
    expect(JSON.parse(got.stdout)).toMatchObject({ key: keyOf(6), outcome: "accepted" });
    expect(got).toMatchObject({ exitCode: 0, stderr: "Read with 3 requests to S3.\n" });
    expect((await get(keyOf(8))).documents).toMatchObject([
      { requests: 3, decisions: [{ record: { outcome: "refused" } }] },
    ]);
    await expect(get("none.event")).rejects.toThrow(Refused);
    const { exitCode, documents } = await verify();
    expect(documents.at(-1)).toEqual({
      type: "summary",
      bundles: 1,
      records: COUNT,
      differences: 0,
      cold: 0,
    });
    expect(exitCode).toBe(0);
    await expect(verify("2001-01-01")).rejects.toThrow("There is no bundle of 2001-01-01.");
  });

  test("a flipped byte of it is found by verify, which names the object", async () => {
    const all = () => run(output => verifyCommand({ isOfBundles: true, isAws: false }, output));
    expect(await all()).toEqual(await verify());
    const clients = createClients(up.env);
    const { ledger, config } = await cloudApp(clients, up.env);
    const part = { bucket: config.buckets.archive, key: `bundle/${day}/1/0001.ndjson.gz` };
    const whole = await ledger.objects.get(part);
    if (whole === undefined) throw new Error(`Expected ${part.key}`);
    const damaged = Buffer.from(whole.body);
    damaged[100] = (damaged[100] ?? 0) ^ 4;
    await ledger.objects.put({ ...part, body: damaged });
    const { exitCode, text } = await all();
    await ledger.objects.put({ ...part, body: whole.body });
    clients.close();
    expect(exitCode).toBe(1);
    expect(text).toContain(part.key);
    expect((await all()).exitCode).toBe(0);
  });
});

describe("a bundle that went cold", () => {
  test("says how it is made readable, and is, while thaw waits", async () => {
    await advance(4 * DAY_MS);
    expect((await bundles()).documents[0]).toMatchObject({ stands: ["cold"] });
    await expect(get(keyOf(6))).rejects.toThrow(Refused);
    await expect(get(keyOf(6))).rejects.toThrow(
      `/1/0001.ndjson.gz is cold: make it readable with "daybook thaw --day ${day} --wait"`,
    );
    expect(await verify()).toMatchObject({ exitCode: 1, documents: [{ day }, { cold: 1, differences: 0 }] });
    const none = { notCold: 0, readable: 0, restoring: 0, asked: 0 };
    expect(await thaw()).toMatchObject({ exitCode: 0, documents: [{ ...none, asked: 1 }] });
    expect(await thaw()).toMatchObject({ exitCode: 0, documents: [{ ...none, restoring: 1 }] });
    const waiting = startDaybook(["thaw", "--day", day, "--wait", "--json"], { cwd: up.folder });
    await advance(12 * HOUR_MS);
    const { exitCode, stdout } = await waiting.ended;
    expect({ exitCode, counts: JSON.parse(stdout) }).toEqual({
      exitCode: 0,
      counts: { ...none, readable: 1 },
    });
    expect((await get(keyOf(6))).exitCode).toBe(0);
    expect((await verify(day)).exitCode).toBe(0);
  });

  test("is tracked like any object, its restore included", async () => {
    const clients = createClients(up.env);
    const { store, rows } = (await cloudApp(clients, up.env)).ledger;
    const key = `bundle/${day}/1/0001.ndjson.gz`;
    const eventsOf = async () => {
      const { items } = await store.query({ partition: objectPartition(key), ...OBSERVATION_RANGE });
      return items.map(rows.observation.read).map(({ event }) => event);
    };
    await until(async () => (await eventsOf()).includes("ObjectRestore:Completed"));
    expect(await eventsOf()).toContain("LifecycleTransition");
    const stateOf = async () => {
      const [item] = await store.get([rows.state.key({ key })]);
      return item && rows.state.read(item).lifecycle;
    };
    await until(async () => (await stateOf()) === "RESTORED");
    clients.close();
  });
});
