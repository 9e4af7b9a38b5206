import { afterEach, expect, test } from "vitest";
import type { Clients } from "../../src/aws/clients.ts";
import { DynamoStore } from "../../src/aws/dynamo-store.ts";
import { type Connection, findCloud } from "../../src/cli/connect.ts";
import { pointInTimeOf } from "../../src/cli/point-in-time.ts";
import type { PointInTime } from "../../src/ports/point-in-time.ts";
import { contents } from "../local/point-in-time/tables-with-past.ts";
import { endAll, startUp, testFolder, type Up, until } from "../support/cli-process.ts";

afterEach(endAll);

const item = (SK: string) => ({ PK: "test", SK });

const connected = async (up: Up) => {
  const cloud = await findCloud(false, up.env);
  if (cloud === undefined) throw new Error("Expected the cloud that was started");
  const store = new DynamoStore({ client: await cloud.clients.dynamodb(), tableName: "daybook" });
  return { cloud, store, pointInTime: await pointInTimeOf(cloud) };
};

const day = (count: number): string => new Date(Date.UTC(2030, 0, count)).toISOString();
const setClock = (up: Up, now: string) =>
  fetch(`${up.env.AWS_ENDPOINT_URL}/_daybook/clock`, { method: "POST", body: JSON.stringify({ now }) });

/** The next whole second of its clock, once that is over. */
const nextSecond = async ({ endpoint }: Connection): Promise<string> => {
  const clockMs = async (): Promise<number> => {
    const answer = await fetch(`${endpoint}/_daybook/clock`);
    return ((await answer.json()) as { readonly nowMs: number }).nowMs;
  };
  const nextMs = Math.ceil((await clockMs()) / 1000) * 1000;
  await until(async () => (await clockMs()) > nextMs);
  return new Date(nextMs).toISOString();
};

test("a killed cloud restores to before and after its death, with what was written in its last moment", async () => {
  const folder = testFolder();
  const first = await startUp(["--data", "data"], { cwd: folder });
  const before = await connected(first);
  await before.store.write({ put: item("1") });
  await before.pointInTime.window("daybook");
  const between = await nextSecond(before.cloud);
  await before.store.write({ put: item("2") });
  process.kill(first.upPid, "SIGKILL");
  await first.ended;
  before.cloud.clients.close();

  const second = await startUp(["--data", "data"], { cwd: folder });
  await setClock(second, day(3));
  const { cloud, store, pointInTime } = await connected(second);
  await store.write({ put: item("3") });
  await setClock(second, day(4));
  const asOf = async (at: string) => await sortKeys(pointInTime, cloud.clients, at);
  expect(await asOf(between)).toEqual(["1"]);
  expect(await asOf(day(2))).toEqual(["1", "2"]);
  expect(await asOf(day(4))).toEqual(["1", "2", "3"]);
  expect(await pointInTime.restore({ table: "daybook", to: "later", at: day(5) })).toMatchObject({
    outcome: "outsideWindow",
  });
  cloud.clients.close();
});

let made = 0;
const sortKeys = async (
  pointInTime: PointInTime,
  clients: Clients,
  at: string,
): Promise<readonly string[]> => {
  made += 1;
  const to = `restored-${made}`;
  expect(await pointInTime.restore({ table: "daybook", to, at })).toMatchObject({ outcome: "restored" });
  const items = await contents(new DynamoStore({ client: await clients.dynamodb(), tableName: to }));
  return items.filter(({ PK }) => PK === "test").map(({ SK }) => SK);
};
