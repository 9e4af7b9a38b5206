import pMap from "p-map";
import { afterEach, expect, test } from "vitest";
import { type App, bankTable, cloudApp, tableRows } from "../../src/app.ts";
import { type Clients, createClients } from "../../src/aws/clients.ts";
import { createTable } from "../../src/aws/create-table.ts";
import { DynamoStore } from "../../src/aws/dynamo-store.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { repairAll } from "../../src/replay/replay/repair-all.ts";
import { canonicalJson } from "../../src/replay/snapshot/canonical-json.ts";
import type { Item, Store } from "../../src/table/store.ts";
import { readState } from "../../src/tracking/refresh-state.ts";
import {
  daybook,
  descendantsOf,
  type Ended,
  endAll,
  signal,
  startDaybook,
  startUp,
  type Up,
  until,
  untilGone,
} from "../support/cli-process.ts";

/** Takes some two minutes on two busy cores, most of it the starts of Node. */
const TEST_MS_MAX = 400_000;
const KILLS = 10;
const ACCOUNTS = 48;
const PER_ACCOUNT = 5;
/** Accounts at once, and decisions a second: slow enough to be killed in the middle. */
const PARALLEL = 2;
const RATE = 30;
/** Milliseconds that a killed replay lives at the most after its first repair. */
const LIFE_MS_MAX = 700;
const AT_ONCE = 8;
const PAGES_MAX = 1_000;

let clients: Clients | undefined;
afterEach(async () => {
  clients?.close();
  await endAll();
});

const itemsOf = async (store: Store): Promise<readonly Item[]> => {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await store.scan({ segment: 0, segments: 1, cursor });
    items.push(...found.items);
    cursor = found.cursor;
    if (cursor === undefined) return items;
  }
  throw new Error("The table has too many pages.");
};

const CATALOGUE = tableRows.catalogue.name;
/** What the crawl that follows a replay writes, with the times at which it looked. */
const OF_TRACKING: ReadonlySet<unknown> = new Set(
  [tableRows.state, tableRows.observation, tableRows.event].map(({ name }) => name),
);

/** Every row a repair may touch, to the byte. */
const rowsOf = (items: readonly Item[]): readonly string[] =>
  items
    .filter(item => !OF_TRACKING.has(item.__edb_e__))
    .map(canonicalJson)
    .sort();

const waiting = (items: readonly Item[]): number =>
  new Set(items.flatMap(item => (item.__edb_e__ === CATALOGUE ? [item.PK] : []))).size;

const putAll = async (app: App): Promise<void> => {
  const bucket = app.config.buckets.newEvents;
  const at = Math.floor(Date.now() / 1000) - 10_000;
  const keys: string[] = [];
  const put = async (key: string, fields: object): Promise<void> => {
    keys.push(key);
    await app.ledger.objects.put({ bucket, key, body: JSON.stringify({ EventTimeStamp: at, ...fields }) });
  };
  const accounts = Array.from({ length: ACCOUNTS }, (_, n) => String(70_000 + n));
  await pMap(
    accounts,
    account =>
      put(`cash_deposit_o${account}.event`, {
        ...{ TargetAccount: account, CustomerNumber: "1", Amount: "100.00", Verified: true },
      }),
    { concurrency: AT_ONCE },
  );
  await decided(app, keys.splice(0));
  for (let n = 1; n < PER_ACCOUNT; n += 1)
    await pMap(
      accounts,
      (SourceAccount, i) =>
        n % 2 === 0
          ? put(`cash_withdrawal_w${n}x${SourceAccount}.event`, { SourceAccount, Amount: `${n}.00` })
          : put(`inter_account_transfer_t${n}x${SourceAccount}.event`, {
              ...{ SourceAccount, TargetAccount: accounts[(i + n) % ACCOUNTS], Amount: "2.00" },
            }),
      { concurrency: AT_ONCE },
    );
  await decided(app, keys);
};

const decided = async ({ ledger }: App, keys: readonly string[]): Promise<void> => {
  for (const key of keys) await until(async () => (await readState(ledger, key))?.decision !== undefined);
};

/** A table with the same items, and no stream. */
const copyOf = async (items: readonly Item[], name: string): Promise<Store> => {
  const client = await (clients as Clients).dynamodb();
  await createTable(client, bankTable, name);
  const store = new DynamoStore({ client, tableName: name });
  expect(await store.putAll(items)).toEqual({ outcome: "committed" });
  return store;
};

const live = async (up: Up): Promise<App> => {
  clients ??= createClients(up.env);
  return cloudApp(clients, up.env);
};

test(
  `a replay killed by kill -9 at ${KILLS} random moments goes on, repeats nothing, and ends like one that was not`,
  async () => {
    const up = await startUp(["--currency-optional"]);
    const here = (...args: string[]): Promise<Ended> => daybook(args, { cwd: up.folder });
    const first = await live(up);
    const began = JSON.parse((await here("clock", "advance", "1s", "--json")).stdout).now as string;
    await here("clock", "advance", "2s");
    await putAll(first);
    const restored = await here("restore", "--to", began, "--json");
    expect(restored.exitCode, restored.stderr).toBe(0);
    const { gated, catalogued } = JSON.parse(restored.stdout) as { gated: number; catalogued: number };
    expect(gated).toBe(ACCOUNTS);

    const app = await live(up);
    const before = await itemsOf(app.ledger.store);
    const uninterrupted = await copyOf(before, "uninterrupted");
    await repairAll({ ...app.ledger, store: uninterrupted, published: new Map() });
    const expected = rowsOf(await itemsOf(uninterrupted));

    const random = seededRandom(Date.now());
    const left: number[] = [gated];
    const done = (): number => left.at(-1) ?? 0;
    for (let kill = 1; kill <= KILLS; kill += 1) {
      // The last kills must find something to do, too.
      const share = Math.max(1, Math.floor(done() / (KILLS - kill + 2)));
      const until_ = done() - Math.ceil(random.next() * share);
      const replay = startDaybook(
        ["replay", "--rate", String(RATE), "--parallel", String(PARALLEL), "--take-over"],
        { cwd: up.folder },
      );
      await until(
        async () => waiting(await itemsOf(app.ledger.store)) <= until_ || replay.child.exitCode !== null,
      );
      const lifeMs = random.next() * Math.min(LIFE_MS_MAX, (share * PER_ACCOUNT * 1000) / RATE);
      await new Promise(resolve => setTimeout(resolve, lifeMs));
      const pids = [replay.pid, ...descendantsOf(replay.pid)];
      expect(replay.child.exitCode).toBeNull();
      for (const pid of pids) signal(pid, "SIGKILL");
      await untilGone(pids);
      const now = waiting(await itemsOf(app.ledger.store));
      expect(now).toBeLessThan(done());
      left.push(now);
    }
    expect(done()).toBeGreaterThan(0);
    const last = await here("replay", "--take-over", "--json");
    expect(last.exitCode, last.stderr).toBe(0);
    const { counts, isRepaired } = JSON.parse(last.stdout);
    console.log(
      `streams left after each kill: ${left.join(", ")}; repaired by the last run: ${counts.repaired}, found repaired: ${counts.alreadyDone}, of ${catalogued} decisions read again: ${counts.decisions}`,
    );
    expect({ isRepaired, repaired: counts.repaired }).toEqual({ isRepaired: true, repaired: done() });
    expect(counts.repaired + counts.alreadyDone).toBe(ACCOUNTS);
    expect(rowsOf(await itemsOf(app.ledger.store))).toEqual(expected);
    expect((await here("verify")).exitCode).toBe(0);
    const again = await here("replay", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: "nothing" });
  },
  TEST_MS_MAX,
);
