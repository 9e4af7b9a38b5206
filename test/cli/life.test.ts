import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClients } from "../../src/aws/clients.ts";
import { S3ObjectStore } from "../../src/aws/object-store.ts";
import { PLACED_TAG } from "../../src/ports/placed-tag.ts";
import { daybook, type Ended, endAll, startUp, type Up, until } from "../support/cli-process.ts";

const DEPOSIT = "cash_deposit_r1.event";
const WITHDRAWAL = "cash_withdrawal_r2.event";
const FOLLOW_UP = "outgoing_payment_verified_r3.event";
const DAY_MS = 86_400_000;

let up: Up;
let objects: S3ObjectStore;
let close: () => void;
beforeAll(async () => {
  up = await startUp(["--currency-optional"]);
  const clients = createClients(up.env);
  objects = new S3ObjectStore(await clients.s3());
  close = clients.close;
  const at = Math.floor(Date.now() / 1000) - 60;
  const requests: Readonly<Record<string, object>> = {
    [DEPOSIT]: { TargetAccount: "700", CustomerNumber: "9", Amount: "20.00", Verified: true },
    [WITHDRAWAL]: { SourceAccount: "700", Amount: "50.00" },
    [FOLLOW_UP]: {},
  };
  for (const [name, fields] of Object.entries(requests))
    writeFileSync(join(up.folder, name), JSON.stringify({ EventTimeStamp: at, ...fields }));
});
afterAll(async () => {
  close();
  await endAll();
});

const here = (...args: string[]): Promise<Ended> => daybook(args, { cwd: up.folder });

const lifecycleOf = async (key: string): Promise<string> => {
  const { stdout } = await here("event", key, "--json");
  return stdout === "" ? "" : JSON.parse(stdout).state.lifecycle;
};

describe("the life of a request against an up", () => {
  test("clock shows the cloud's time, and moves it", async () => {
    const { exitCode, stdout } = await here("clock", "--json");
    expect(exitCode).toBe(0);
    const now = Date.parse(JSON.parse(stdout).now);
    expect(Math.abs(now - Date.now())).toBeLessThan(60_000);
    const moved = await here("clock", "advance", "30m");
    expect(moved.exitCode).toBe(0);
    expect(Date.parse(moved.stdout.trim()) - now).toBeGreaterThanOrEqual(30 * 60_000);
    expect((await here("clock", "advance", "2 days")).exitCode).toBe(2);
  });

  test("what is put is decided, placed, and gone from the new-events bucket three days later", async () => {
    expect((await here("put", DEPOSIT, WITHDRAWAL)).exitCode).toBe(0);
    await until(async () => (await lifecycleOf(DEPOSIT)) === "ARCHIVED");
    await until(async () => (await lifecycleOf(WITHDRAWAL)) === "REJECTED");
    // The tag comes after the copy: an object without it would stay.
    for (const key of [WITHDRAWAL, DEPOSIT])
      await until(async () => {
        const tags = await objects.getTags({ bucket: "daybook-new-events", key });
        return tags?.[PLACED_TAG.name] === PLACED_TAG.value;
      });
    expect((await here("clock", "advance", "3d")).exitCode).toBe(0);
    await until(async () => {
      const { state } = JSON.parse((await here("event", DEPOSIT, "--json")).stdout);
      return state.inArchiveBucket && !state.inEventBucket;
    });
    const { stdout } = await here("event", WITHDRAWAL);
    expect(stdout).toContain("LifecycleExpiration:DeleteMarkerCreated");
    expect(JSON.parse((await here("balance", "700", "--json")).stdout)).toMatchObject({ actual: "20.00" });
  });

  test("overdue says nothing while nothing waits, and exits 1 with what waits too long", async () => {
    const quiet = await here("overdue");
    expect(quiet).toMatchObject({ exitCode: 0, stdout: "" });
    expect(quiet.stderr).toMatch(/^Nothing has waited since [^\n]+\n$/);
    expect((await here("put", FOLLOW_UP)).exitCode).toBe(0);
    await until(async () => (await lifecycleOf(FOLLOW_UP)) === "PARKED");
    expect((await here("overdue")).exitCode).toBe(0);
    expect((await here("clock", "advance", "7h")).exitCode).toBe(0);
    const told = await here("overdue");
    expect(told.exitCode).toBe(1);
    expect(told.stdout).toMatch(new RegExp(`release +PARKED +${FOLLOW_UP}`));
    const asJson = await here("overdue", "--older", "1d", "--json");
    expect(asJson.exitCode).toBe(0);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ count: 0, overdue: [] });
    const now = Date.parse((await here("clock")).stdout.trim());
    expect(now - Date.now()).toBeGreaterThan(3 * DAY_MS);
  });

  test("overdue finds what lies untagged in the new-events bucket though it was placed long ago", async () => {
    expect((await here("put", DEPOSIT)).stdout).toContain("stored");
    await until(async () => JSON.parse((await here("event", DEPOSIT, "--json")).stdout).state.inEventBucket);
    expect((await here("clock", "advance", "5d")).exitCode).toBe(0);
    const { exitCode, stdout } = await here("overdue", "--json");
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout).overdue).toMatchObject([
      { key: FOLLOW_UP, action: "release" },
      { key: DEPOSIT, action: "leave" },
    ]);
  });

  test("clock is refused where the cloud is none of ours, in one line", async () => {
    const env = { AWS_ENDPOINT_URL: up.env.AWS_ENDPOINT_URL_DYNAMODB ?? "" };
    const refused = await daybook(["clock", "advance", "1d"], { cwd: up.folder, env });
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    // S3 is asked first which table is live, and no S3 answers there.
    expect(refused.stderr).toMatch(/^The cloud did not do it: [^\n]*\n$/);
    expect((await daybook(["clock"], { cwd: "/" })).exitCode).toBe(2);
  });
});
