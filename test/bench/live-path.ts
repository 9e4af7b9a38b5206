/**
 * Events per second through the whole live path, beside a bare SDK loop that writes the same transactions.
 *
 *   npm run bench                     2,000 events on 100 accounts
 *   npm run bench -- --events 200 --functions 2
 *
 * Both run on the same DynamoDB Local, one after the other, in one process; so the ratio says what the path costs
 * besides the table, whatever machine this is.
 */
import { inspect, parseArgs } from "node:util";
import {
  DynamoDBDocumentClient,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from "@aws-sdk/lib-dynamodb";
import pMap from "p-map";
import { bankTable } from "../../src/app.ts";
import { createClients } from "../../src/aws/clients.ts";
import { copyOfCounts, countsSince } from "../../src/aws/counting.ts";
import { createTable } from "../../src/aws/create-table.ts";
import { DynamoStore } from "../../src/aws/dynamo-store.ts";
import { startCloud } from "../../src/cli/up.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import type { Write } from "../../src/table/store.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "2000" },
    accounts: { type: "string", default: "100" },
    functions: { type: "string", default: "4" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
const events = Number(values.events);
const accounts = Number(values.accounts);
const random = seededRandom(Number(values.seed));

/** Batches in work at once, and bare transactions in flight: the same for both. */
const AT_ONCE = Number(values.functions);
/** Requests put at once by the client. */
const PUTS_AT_ONCE = 16;

type Put = { readonly key: string; readonly body: string };

const accountOf = (n: number): string => String(100_000 + (n % accounts));

/** Events before the clock runs: Java and Node compile what they run often, and the bare loop comes after. */
const WARM_UP = 800;

/** Openings, then a mix of payments in, withdrawals, payments out and their settlements. */
const requests = (): readonly Put[] => {
  const puts: Put[] = [];
  const at = Math.floor(Date.now() / 1000) - 1_000_000;
  const put = (type: string, n: number, fields: object): void => {
    puts.push({ key: `${type}_b${n}.event`, body: JSON.stringify({ EventTimeStamp: at + n, ...fields }) });
  };
  for (let n = 0; n < accounts; n += 1) {
    put("cash_deposit", n, {
      TargetAccount: accountOf(n),
      CustomerNumber: "1",
      Amount: "1000.00",
      Verified: true,
    });
  }
  for (let n = accounts; n < accounts + WARM_UP + events; n += 1) {
    const account = accountOf(Math.floor(random.next() * accounts));
    const draw = random.next();
    if (draw < 0.5) put("incoming_payment", n, { TargetAccount: account, Amount: "12.50" });
    else if (draw < 0.8) put("cash_withdrawal", n, { SourceAccount: account, Amount: "5.00" });
    else
      put("inter_account_transfer", n, {
        SourceAccount: account,
        TargetAccount: accountOf(Number(account) + 1),
        Amount: "1.00",
      });
  }
  return puts;
};

const seconds = (startedMs: number): number => (performance.now() - startedMs) / 1000;

/** What the path committed, in order, for the bare loop to write again. */
const committed: (readonly Write[])[] = [];
const transact = DynamoStore.prototype.transact;
DynamoStore.prototype.transact = async function (writes) {
  const outcome = await transact.call(this, writes);
  if (outcome.outcome === "committed") committed.push(writes);
  return outcome;
};

/** The same transactions by nothing but the SDK, without conditions, on a table of their own. */
const bareLoop = async (
  env: Readonly<Record<string, string>>,
  transactions: typeof committed,
): Promise<number> => {
  const clients = createClients(env);
  const dynamodb = await clients.dynamodb();
  const TableName = "bare";
  await createTable(dynamodb, bankTable, TableName);
  const client = DynamoDBDocumentClient.from(dynamodb);
  const startedMs = performance.now();
  await pMap(
    transactions,
    writes => {
      const TransactItems = writes.flatMap(
        (write): NonNullable<TransactWriteCommandInput["TransactItems"]> => {
          if ("put" in write) return [{ Put: { TableName, Item: write.put } }];
          return "delete" in write ? [{ Delete: { TableName, Key: write.delete } }] : [];
        },
      );
      return client.send(new TransactWriteCommand({ TransactItems }));
    },
    { concurrency: AT_ONCE },
  );
  clients.close();
  return seconds(startedMs);
};

const running = await startCloud({ currencyRequired: false, concurrency: AT_ONCE });
try {
  const { objects } = running.app.ledger;
  const bucket = running.app.config.buckets.newEvents;
  const idle = (): Promise<void> => running.cloud.idle([running.topology.queues.project.name]);
  const putAll = async (puts: readonly Put[]): Promise<void> => {
    await pMap(puts, ({ key, body }) => objects.put({ bucket, key, body }), { concurrency: PUTS_AT_ONCE });
    await idle();
  };
  const all = requests();
  await putAll(all.slice(0, accounts));
  await putAll(all.slice(accounts, accounts + WARM_UP));
  committed.length = 0;

  const before = copyOfCounts(running.counts);
  let peakBytes = 0;
  const sampling = setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
  }, 50);
  const startedMs = performance.now();
  await putAll(all.slice(accounts + WARM_UP));
  const pathSeconds = seconds(startedMs);
  clearInterval(sampling);
  const { requests: asked, writtenItems } = countsSince(before, running.counts);

  const transactions = [...committed];
  const bareSeconds = await bareLoop(running.env, transactions);
  const sum = (service: string): number =>
    Object.entries(asked).reduce(
      (total, [name, count]) => (name.startsWith(service) ? total + count : total),
      0,
    );
  const result = {
    events,
    accounts,
    pathEventsPerSecond: Math.round(events / pathSeconds),
    bareEventsPerSecond: Math.round(events / bareSeconds),
    ratio: Number((bareSeconds / pathSeconds).toFixed(2)),
    peakMebibytes: Math.round(peakBytes / 1_048_576),
    perEvent: {
      dynamodbRequests: Number((sum("dynamodb") / events).toFixed(2)),
      itemsWritten: Number((writtenItems / events).toFixed(2)),
      s3Requests: Number((sum("s3") / events).toFixed(2)),
    },
    requests: asked,
  };
  if (values.json) console.log(JSON.stringify(result));
  else console.log(inspect(result, { depth: 3, colors: process.stdout.isTTY }));
} finally {
  await running.stop();
}
