import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createLocalCloud, type LocalCloud } from "../../../src/local/cloud.ts";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import { pointInTimeOverControl } from "../../../src/local/point-in-time/over-control.ts";
import { memoryPointInTime } from "../../../src/local/point-in-time/over-memory.ts";
import { seededRandom } from "../../../src/local/seeded-random.ts";
import { pointInTimeAnswer } from "../../../src/local/wire/point-in-time.ts";
import { isoInstant } from "../../../src/ports/clock.ts";

const START = Date.UTC(2026, 4, 6, 12);
const clouds: LocalCloud[] = [];
const servers: Server[] = [];
afterEach(async () => {
  for (const cloud of clouds.splice(0)) await cloud.close();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

const cloudWithTables = async (isBackedUp = true) => {
  const clock = new ManualClock(START);
  const cloud = createLocalCloud({ clock, random: seededRandom(1) });
  clouds.push(cloud);
  const make = () => new MemoryStore({ indexes: [] }, undefined, clock);
  const tables = new Map([["live", make()]]);
  const kept = memoryPointInTime({ tables, make, clock });
  let caughtUp = 0;
  if (isBackedUp)
    cloud.pointInTime = {
      ...kept,
      found: () => 0,
      caughtUp: async () => {
        caughtUp += 1;
      },
      close: async () => {},
    };
  const { endpoint } = await cloud.listen();
  return {
    clock,
    tables,
    endpoint,
    asked: pointInTimeOverControl(endpoint, clock),
    caughtUp: () => caughtUp,
  };
};

test("says the same over the control path as at home", async () => {
  const { clock, tables, asked } = await cloudWithTables();
  await tables.get("live")?.write({ put: { PK: "a", SK: "1" } });
  clock.advance(5500);
  expect(await asked.window("live")).toEqual({
    table: "live",
    earliest: isoInstant(START),
    latest: isoInstant(START + 5000),
    bornAt: isoInstant(START),
  });
  expect(await asked.window("none & such")).toBeUndefined();
  const restore = (at: number, torn?: { seed: number; withinMs: number }) =>
    asked.restore({ table: "live", to: "new", at: isoInstant(at), torn });
  expect(await restore(START - 1000)).toMatchObject({ outcome: "beforeBirth" });
  expect(await restore(START + 6000)).toMatchObject({ outcome: "outsideWindow" });
  const torn = { seed: 3, withinMs: 100 };
  expect(await restore(START + 1000, torn)).toMatchObject({ outcome: "restored", wasThere: false });
  expect(tables.get("new")?.snapshot()).toHaveLength(1);
  expect(await restore(START + 1000, torn)).toMatchObject({ outcome: "restored", wasThere: true });
  expect(await restore(START + 1000)).toEqual({ outcome: "targetExists", table: "new" });
  const misnamed = asked.restore({ table: "live", to: "a/b", at: isoInstant(START) });
  await expect(misnamed).rejects.toThrow(RangeError);
});

test("says so where nothing keeps backups", async () => {
  const { asked } = await cloudWithTables(false);
  await expect(asked.window("live")).rejects.toThrow("backups");
});

test("catches up before the clock is moved over the control path, and after", async () => {
  const { endpoint, caughtUp } = await cloudWithTables();
  const moved = await fetch(`${endpoint}/_daybook/clock`, { method: "POST", body: '{"advanceMs":1000}' });
  expect([moved.status, caughtUp()]).toEqual([200, 2]);
});

test("answers that it goes on, and the same request again waits for the same restore", async () => {
  const clock = new ManualClock(START);
  let finish = (): void => {};
  const done = new Promise<void>(resolve => {
    finish = resolve;
  });
  const slow = {
    window: async () => undefined,
    restore: async () => {
      await done;
      return { outcome: "restored", table: "new", at: isoInstant(START), wasThere: true } as const;
    },
  };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const answer = await pointInTimeAnswer(slow, { method: "POST", query: "", text }, 0);
    response.writeHead(answer.status, { ...answer.headers }).end(answer.body);
  });
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const waited: number[] = [];
  const onWaiting = (ms: number): void => {
    waited.push(ms);
    clock.advance(10);
    if (waited.length === 3) finish();
  };
  const asked = pointInTimeOverControl(endpoint, clock);
  const outcome = await asked.restore({ table: "live", to: "new", at: isoInstant(START), onWaiting });
  expect(outcome).toMatchObject({ outcome: "restored", wasThere: false });
  expect(waited.slice(0, 3)).toEqual([0, 10, 20]);
});
