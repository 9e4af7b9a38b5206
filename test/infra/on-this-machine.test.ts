import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drill } from "../../cdk/machines/drill.ts";
import { recovery } from "../../cdk/machines/recovery.ts";
import { type App, cloudApp } from "../../src/app.ts";
import { type Clients, createClients } from "../../src/aws/clients.ts";
import { DynamoStore } from "../../src/aws/dynamo-store.ts";
import { pointInTimeOf } from "../../src/cli/point-in-time.ts";
import { type RunningCloud, startCloud } from "../../src/cli/up.ts";
import { createDrillHandler, type DrillEvent } from "../../src/handlers/drill.ts";
import { createReconcileHandler } from "../../src/handlers/reconcile.ts";
import { createReplayHandler, type ReplayEvent } from "../../src/handlers/replay.ts";
import { createRestoreHandler, type RestoreEvent } from "../../src/handlers/restore.ts";
import { createVerifyHandler } from "../../src/handlers/verify.ts";
import { configureBucket } from "../../src/local/s3/buckets.ts";
import { isoInstant } from "../../src/ports/clock.ts";
import { type Data, dryRun, TaskError, type Tasks } from "./dry-run.ts";

/** The machines walk, the functions are real, table and buckets are on this machine. */
let running: RunningCloud;
let clients: Clients;
beforeAll(async () => {
  running = await startCloud({ currencyRequired: false });
  clients = createClients(running.env);
  // As deployed.
  const { newEvents, decisions } = running.app.config.buckets;
  for (const bucket of [newEvents, decisions])
    configureBucket(running.cloud.s3, bucket, { requireIfNoneMatch: true });
});
afterAll(async () => {
  clients.close();
  await running.stop();
});

const LEFT_MS = 120_000;
const counted = new Map<string, number>();
const metrics = { count: (name: string, value: number) => void counted.set(name, value) };

const freshApp = (): Promise<App> => cloudApp(clients, running.env, running.clock);

/** What a function answers, called as Step Functions calls it. */
const called = async (name: string, payload: Data): Promise<unknown> => {
  const app = await freshApp();
  const remainingMs = (): number => LEFT_MS;
  const connection = { app, clients, where: "here", endpoint: running.env.AWS_ENDPOINT_URL };
  const environment = { app, clients, metrics, pointInTime: await pointInTimeOf(connection) };
  if (name === "restore")
    return createRestoreHandler(environment)(payload as unknown as RestoreEvent, remainingMs);
  if (name === "replay") return createReplayHandler(app)(payload as unknown as ReplayEvent, remainingMs);
  if (name === "drill") return createDrillHandler(environment)(payload as unknown as DrillEvent, remainingMs);
  return createReconcileHandler(app, metrics)(remainingMs);
};

/** People say yes, unless they are asked for what is in `rejected`. */
const tasks =
  (rejected?: string): Tasks =>
  async (resource, parameters) => {
    if (resource.includes("sns:publish")) {
      if (parameters.Subject === rejected) throw new TaskError("Rejected");
      return {};
    }
    try {
      const [, name = ""] = /^\$\{(\w+)\}$/.exec(String(parameters.FunctionName)) ?? [];
      // As Lambda hands both over.
      return JSON.parse(JSON.stringify({ Payload: await called(name, parameters.Payload as Data) }));
    } catch (error) {
      if (error instanceof Error) throw new TaskError(error.name, error.message);
      throw error;
    }
  };

const deposit = (n: number) =>
  running.app.ledger.objects.put({
    bucket: running.app.config.buckets.newEvents,
    key: `cash_deposit_m${n}.event`,
    body: JSON.stringify({
      EventTimeStamp: 1_767_225_600 + n,
      TargetAccount: String(100_000 + (n % 5)),
      CustomerNumber: "330001001",
      Amount: "10.00",
      Verified: true,
    }),
    ifAbsent: true,
  });

const deposits = async (from: number, to: number): Promise<void> => {
  for (let n = from; n < to; n += 1) await deposit(n);
  await running.idle();
};

const isVerified = async (): Promise<number> =>
  (await createVerifyHandler(await freshApp(), metrics)()).wrong;

/** Verification tells a head that is not what S3 says from one that only waits for its repair. */
const expectDamageFound = async (wish: object): Promise<void> => {
  const { ledger } = await freshApp();
  const store = new DynamoStore({ client: await clients.dynamodb(), tableName: "daybook-000002" });
  const [head] = await store.get([ledger.rows.head.key({ stream: "100001" })]);
  if (head === undefined) throw new Error("Expected the prepared table to have a head");
  const verified = () => called("restore", { step: "verify", wish });
  expect(await verified()).toMatchObject({ isEqual: true });
  await store.write({ put: { ...head, hash: "0".repeat(64) } });
  expect(await verified()).toMatchObject({ isEqual: false, wrong: [expect.stringContaining("100001")] });
  await store.write({ put: head });
};

describe("on this machine", () => {
  test("a drill leaves everything as it was", async () => {
    await deposits(0, 20);
    const { status, error, cause } = await dryRun(drill(), {}, tasks());
    expect({ status, error, cause }).toMatchObject({ status: "SUCCEEDED" });
    expect(counted.get("DrillDifferences")).toBe(0);
    expect(counted.get("DrillCompleted")).toBe(1);
    const { TableNames } = await (await clients.dynamodb()).send(new ListTablesCommand({}));
    expect(TableNames).toEqual([running.app.config.table]);
    expect((await freshApp()).ledger.epoch).toBe(1);
  });

  test("a recovery that is rejected at once changes nothing, one that is approved restores all", async () => {
    const at = isoInstant(Math.floor(running.clock.now() / 1000) * 1000);
    running.setClock(running.clock.now() + 1_100);
    await deposits(20, 40);
    const wish = { from: { kind: "pitr", at }, reason: "lost" };
    const rejected = await dryRun(recovery(1), { wish }, tasks("Daybook: approve a restore"));
    expect(rejected.error).toBe("PlanRejected");
    expect((await freshApp()).ledger.epoch).toBe(1);
    const halted = await dryRun(recovery(1), { wish }, tasks("Daybook: approve the cut-over"));
    expect(halted.error).toBe("CutOverRejected");
    expect((await freshApp()).ledger.epoch).toBe(1);
    await expectDamageFound(wish);
    const recovered = await dryRun(recovery(1), { wish }, tasks());
    expect({ status: recovered.status, cause: recovered.cause }).toMatchObject({ status: "SUCCEEDED" });
    const { ledger, config } = await freshApp();
    expect({ epoch: ledger.epoch, table: config.table }).toEqual({ epoch: 2, table: "daybook-000002" });
    await deposits(40, 45);
    expect(await isVerified()).toBe(0);
    const [item] = await ledger.store.get([ledger.rows.head.key({ stream: "100000" })]);
    expect(item && ledger.rows.head.read(item).sequence).toBe(9);
  });
});
