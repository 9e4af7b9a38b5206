/**
 * What a loss of the table costs: decisions per second of a replay and of a drill, beside the raw ceiling of the same
 * DynamoDB Local and the live path, event by event; and how soon an account that lacks nothing goes on.
 *
 *   npm run bench:replay                                  100 accounts, 20,000 decisions, 2,000 live events
 *   npm run bench:replay -- --decisions 2000 --events 200
 *
 * All in one run and one process, one after the other; so the ratios say what the parts cost, whatever machine this is.
 * The ceiling writes the very items that the replay wrote by nothing but the SDK's BatchWriteItem, into a like table.
 */
import { inspect, parseArgs } from "node:util";
import { BatchWriteCommand, DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import pMap from "p-map";
import { bankTable, cloudApp } from "../../src/app.ts";
import { createClients } from "../../src/aws/clients.ts";
import { type Counts, copyOfCounts, countsSince } from "../../src/aws/counting.ts";
import { DynamoStore } from "../../src/aws/dynamo-store.ts";
import { localTables } from "../../src/aws/local-tables.ts";
import { startCloud } from "../../src/cli/up.ts";
import { queueDepth } from "../../src/local/sqs/sqs.ts";
import { isoInstant } from "../../src/ports/clock.ts";
import type { PointInTime } from "../../src/ports/point-in-time.ts";
import { drill } from "../../src/replay/drill/drill.ts";
import { repairAll } from "../../src/replay/replay/repair-all.ts";
import { MARGIN_MS } from "../../src/replay/restore/plan.ts";
import { restore } from "../../src/replay/restore/restore.ts";
import { type Item, PUTS_PER_REQUEST_MAX } from "../../src/table/store.ts";
import { decideInMemory, requestsOf } from "./decided-in-memory.ts";

const { values } = parseArgs({
  options: {
    decisions: { type: "string", default: "20000" },
    events: { type: "string", default: "2000" },
    accounts: { type: "string", default: "100" },
    parallel: { type: "string", default: "8" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
const [decisions, events, accounts] = [values.decisions, values.events, values.accounts].map(Number) as [
  number,
  number,
  number,
];
const parallel = Number(values.parallel);
const seed = Number(values.seed);

/** Batches in work at once on the live path; requests put at once by its client; requests in flight at the ceiling. */
const FUNCTIONS = 4;
const PUTS_AT_ONCE = 16;
const CEILING_AT_ONCE = 8;
/** The best of so many counts. */
const CEILINGS = 2;
const SECOND_MS = 1_000;
/** Accounts of the live part begin here, those of the replayed part there; the idle one stands alone. */
const [LIVE_FROM, REPLAYED_FROM, IDLE] = [100_000, 500_000, 900_000];

const seconds = (startedMs: number): number => (performance.now() - startedMs) / 1000;
const rate = (count: number, inSeconds: number): number => Math.round(count / inSeconds);
const ratio = (one: number, other: number): number => Number((one / other).toFixed(2));

/** What the store was given to write while it is listened to. */
const written: Item[] = [];
let isListening = false;
const { putAll, transact } = DynamoStore.prototype;
DynamoStore.prototype.putAll = async function (items) {
  if (isListening) written.push(...items);
  return putAll.call(this, items);
};
DynamoStore.prototype.transact = async function (writes) {
  if (isListening) written.push(...writes.flatMap(write => ("put" in write ? [write.put] : [])));
  return transact.call(this, writes);
};

const running = await startCloud({ currencyRequired: false, concurrency: FUNCTIONS });
const clients = createClients(running.env);
try {
  const { objects } = running.cloud;
  const { newEvents, decisions: decisionsBucket } = running.app.config.buckets;
  const put = ({ key, body }: { readonly key: string; readonly body: string }): Promise<unknown> =>
    objects.put({ bucket: newEvents, key, body });

  // The account that will lack nothing.
  const nowMs = running.clock.now();
  for (const each of requestsOf({ seed, from: IDLE, accounts: 1, count: 1, nowMs })) await put(each);
  await running.idle();

  // An age later, the decisions that the table will lack.
  running.setClock(running.clock.now() + 2 * MARGIN_MS);
  const at = isoInstant(Math.ceil(running.clock.now() / SECOND_MS) * SECOND_MS + SECOND_MS);
  running.setClock(Date.parse(at) + 2 * SECOND_MS);
  let startedMs = performance.now();
  const replayed = requestsOf({
    seed,
    from: REPLAYED_FROM,
    accounts,
    count: decisions,
    nowMs: running.clock.now(),
  });
  await decideInMemory(running, replayed);
  const memoryPerSecond = decisions / seconds(startedMs);

  const client = await clients.dynamodb();
  const tables = localTables(client, bankTable);
  const app = await cloudApp(clients, running.env, running.clock);
  // Tables without a stream, as on AWS: only the local cloud's backups need one, and DynamoDB Local gets slower by it.
  const pointInTime: PointInTime = {
    window: table => running.pointInTime.window(table),
    restore: request => running.pointInTime.restore({ ...request, isScratch: true }),
  };
  const open = async (table: string) => tables.open(table);

  const drop = async (table: string): Promise<void> => {
    if (await tables.exists(table)) await tables.delete(table);
  };
  const drilled = await drill({
    ledger: app.ledger,
    table: app.config.table,
    tables: { pointInTime, open, drop },
    at,
    parallel,
  });

  // The restore, and at the very moment of its cut-over a withdrawal from the idle account, and the replay.
  let cutOverMs = 0;
  await restore(
    {
      ledger: app.ledger,
      table: app.config.table,
      tables: { pointInTime, open, create: tables.create },
      consumers: { halt: async () => {}, resume: async () => {} },
      onStep: step => {
        if (step === "resume") cutOverMs = performance.now();
      },
    },
    { from: { kind: "pitr", at }, marginMs: MARGIN_MS, reason: "benchmark", isInstead: false },
  );
  const key = "cash_withdrawal_idle.event";
  const acknowledged = async (): Promise<number> => {
    const EventTimeStamp = Math.floor(running.clock.now() / SECOND_MS) - 1;
    await put({ key, body: JSON.stringify({ EventTimeStamp, SourceAccount: String(IDLE), Amount: "5.00" }) });
    const { name } = running.topology.queues.project;
    for (;;) {
      const { visible, delayed, inFlight } = queueDepth(running.cloud.sqs, name);
      const decided = await objects.head({ bucket: decisionsBucket, key: `dec/000002/${key}` });
      if (decided !== undefined && visible + delayed + inFlight === 0) return performance.now() - cutOverMs;
      await new Promise(resolve => setTimeout(resolve, 2));
    }
  };
  const { ledger } = await cloudApp(clients, running.env, running.clock);
  const before = copyOfCounts(clients.counts);
  const cpuBefore = process.cpuUsage();
  isListening = true;
  startedMs = performance.now();
  const [idleMs, repaired] = await Promise.all([acknowledged(), repairAll(ledger, { parallel })]);
  const replaySeconds = seconds(startedMs);
  isListening = false;
  const cpu = process.cpuUsage(cpuBefore);
  const counts = countsSince(before, clients.counts);
  await running.idle();

  const ceilings: number[] = [];
  for (let n = 1; n <= CEILINGS; n += 1) {
    await tables.create(`ceiling-${n}`, false);
    ceilings.push(await ceiling(`ceiling-${n}`));
  }
  const ceilingSeconds = Math.min(...ceilings);

  // The live path, event by event, on the restored table.
  const live = requestsOf({ seed, from: LIVE_FROM, accounts, count: accounts + events, nowMs });
  await pMap(live.slice(0, accounts), put, { concurrency: PUTS_AT_ONCE });
  await running.idle();
  startedMs = performance.now();
  await pMap(live.slice(accounts), put, { concurrency: PUTS_AT_ONCE });
  await running.idle();
  const livePerSecond = events / seconds(startedMs);

  const sum = ({ requests }: Counts, service: string): number =>
    Object.entries(requests).reduce((all, [name, n]) => all + (name.startsWith(service) ? n : 0), 0);
  const each = (count: number): number => Number((count / repaired.counts.decisions).toFixed(2));
  const replayPerSecond = repaired.counts.decisions / replaySeconds;
  const ceilingPerSecond = repaired.counts.decisions / ceilingSeconds;
  const wholeMs = drilled.phases.reduce((all, { ms }) => all + ms, 0);
  const result = {
    ...{ accounts, events, decisions: repaired.counts.decisions, itemsWritten: written.length },
    perSecond: {
      ceiling: Math.round(ceilingPerSecond),
      replay: Math.round(replayPerSecond),
      drillRepair: drilled.perSecond,
      drillInAll: rate(drilled.counts.decisions, wholeMs / 1000),
      live: Math.round(livePerSecond),
      inMemory: Math.round(memoryPerSecond),
    },
    ratios: {
      replayToCeiling: ratio(replayPerSecond, ceilingPerSecond),
      replayToLive: ratio(replayPerSecond, livePerSecond),
      drillRepairToCeiling: ratio(drilled.perSecond, ceilingPerSecond),
      drillRepairToLive: ratio(drilled.perSecond, livePerSecond),
    },
    perDecision: {
      s3Requests: each(sum(counts, "s3.")),
      tableRequests: each(sum(counts, "dynamodb.")),
      itemsWritten: each(counts.writtenItems),
      // Of this one process, the local S3 included: no more decisions a second than these leave of one core.
      cpuMs: each((cpu.user + cpu.system) / 1_000),
    },
    drill: { isEqual: drilled.isEqual, phases: drilled.phases },
    idleAccountAcknowledgedMs: Math.round(idleMs),
  };
  if (values.json) console.log(JSON.stringify(result));
  else console.log(inspect(result, { depth: 4, colors: process.stdout.isTTY }));
  process.exitCode = drilled.isEqual && repaired.troubles.length === 0 ? 0 : 1;
} finally {
  clients.close();
  await running.stop();
}

async function ceiling(TableName: string): Promise<number> {
  const document = DynamoDBDocumentClient.from(await clients.dynamodb());
  const last = new Map(written.map(item => [`${item.PK}\u0000${item.SK}`, item]));
  const items = [...last.values()];
  const batches = Array.from({ length: Math.ceil(items.length / PUTS_PER_REQUEST_MAX) }, (_, n) =>
    items.slice(n * PUTS_PER_REQUEST_MAX, (n + 1) * PUTS_PER_REQUEST_MAX),
  );
  const startedMs = performance.now();
  await pMap(
    batches,
    batch => {
      const puts = batch.map(item => ({ PutRequest: { Item: { ...item } } }));
      return document.send(new BatchWriteCommand({ RequestItems: { [TableName]: puts } }));
    },
    { concurrency: CEILING_AT_ONCE },
  );
  return seconds(startedMs);
}
