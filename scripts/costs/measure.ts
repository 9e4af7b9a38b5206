import pMap from "p-map";
import { bankTable } from "../../src/app.ts";
import { copyOfCounts, countsSince } from "../../src/aws/counting.ts";
import { DynamoStore } from "../../src/aws/dynamo-store.ts";
import { type RunningCloud, startCloud } from "../../src/cli/up.ts";
import { configureBucket } from "../../src/local/s3/buckets.ts";
import { itemBytes, subjectOf } from "../../src/table/size.ts";
import { keyText } from "../../src/table/storable.ts";
import type { Item, Write } from "../../src/table/store.ts";

/** What one accepted event asks of the services, from its notification to what is told of its request's end. */
export type PerEvent = {
  readonly s3Reads: number;
  readonly s3Writes: number;
  readonly tableRequests: number;
  /** By size: two a kilobyte in a transaction, one besides, and one a kilobyte for each index an item is in. */
  readonly writeUnits: number;
  /** One for each key asked for and each query: rows are small. */
  readonly readUnits: number;
  /** Bytes that stay: rows of the table, and objects. */
  readonly tableBytes: number;
};

const UNIT_BYTES = 1_024;
const PUTS_AT_ONCE = 16;
/** Attributes that an index is keyed by: an item that bears one is in it. */
const INDEX_PARTITIONS = bankTable.indexes.map(({ partition }) => partition);
const S3_READS = /^s3\.(Get|Head)/;

/** `rows`: bytes of each row by its key, as it was put last. */
type Tally = { writeUnits: number; readUnits: number; readonly rows: Map<string, number> };

const keepRow = ({ rows }: Tally, write: Write): void => {
  if ("put" in write) rows.set(keyText(write.put), itemBytes(write.put));
  else if ("delete" in write) rows.delete(keyText(write.delete));
};

const indexesOf = (item: object): number => INDEX_PARTITIONS.filter(name => name in item).length;

const unitsOf = (write: Write, factor: number): number => {
  const subject = subjectOf(write);
  const units = Math.ceil(itemBytes(subject) / UNIT_BYTES);
  return units * factor + ("put" in write ? units * indexesOf(subject) : 0);
};

/** Counts units at the table's adapter, of this process's functions. */
const tallying = (tally: Tally): void => {
  const { transact, write, putAll, get, query } = DynamoStore.prototype;
  DynamoStore.prototype.transact = async function (writes) {
    for (const each of writes) tally.writeUnits += unitsOf(each, 2);
    for (const each of writes) keepRow(tally, each);
    return transact.call(this, writes);
  };
  DynamoStore.prototype.write = async function (each) {
    tally.writeUnits += unitsOf(each, 1);
    keepRow(tally, each);
    return write.call(this, each);
  };
  DynamoStore.prototype.putAll = async function (items: readonly Item[]) {
    for (const put of items) tally.writeUnits += unitsOf({ put }, 1);
    for (const put of items) keepRow(tally, { put });
    return putAll.call(this, items);
  };
  DynamoStore.prototype.get = async function (keys) {
    tally.readUnits += keys.length;
    return get.call(this, keys);
  };
  DynamoStore.prototype.query = async function (request) {
    tally.readUnits += 1;
    return query.call(this, request);
  };
};

/** As deployed: S3 does not tell of tags. */
const tellNothingOfTags = ({ cloud, app }: RunningCloud): void => {
  const { newEvents, archive, rejected } = app.config.buckets;
  for (const bucket of [newEvents, archive, rejected]) {
    const rules = cloud.s3.state.buckets.get(bucket)?.settings.notifications ?? [];
    const notifications = rules.map(rule => ({
      ...rule,
      events: rule.events.filter(event => !event.startsWith("s3:ObjectTagging")),
    }));
    configureBucket(cloud.s3, bucket, { notifications });
  }
};

const DAY_MS = 86_400_000;
/** Lifecycle puts a delete marker, removes the version a week later, then the marker; a day more for midnight. */
const END_DAYS = [2, 9, 2];

/** Lets all placed requests leave new-events for good. */
const untilGone = async ({ clock, setClock, idle }: RunningCloud): Promise<void> => {
  for (const days of END_DAYS) {
    setClock(clock.now() + days * DAY_MS);
    await idle();
  }
};

/**
 * Runs deposits through a local cloud, decided, placed and gone from where they were stored, and counts. `events`: how many, on a tenth as many accounts.
 * `isAlone`: each is over before the next is stored, so that no batch holds two.
 */
export const measure = async (events: number, isAlone: boolean): Promise<PerEvent> => {
  const tally: Tally = { writeUnits: 0, readUnits: 0, rows: new Map() };
  const running = await startCloud({ currencyRequired: false });
  try {
    tellNothingOfTags(running);
    const { objects } = running.app.ledger;
    const bucket = running.app.config.buckets.newEvents;
    const accounts = Math.ceil(events / 10);
    const put = async (from: number, to: number): Promise<void> => {
      const numbers = Array.from({ length: to - from }, (_, i) => from + i);
      await pMap(
        numbers,
        async n => {
          await objects.put({
            bucket,
            key: `cash_deposit_c${n}.event`,
            body: JSON.stringify({
              EventTimeStamp: 1_767_225_600 + n,
              TargetAccount: String(100_000 + (n % accounts)),
              CustomerNumber: "330001001",
              Amount: "12.50",
              Verified: true,
            }),
          });
          if (isAlone) await running.idle();
        },
        { concurrency: isAlone ? 1 : PUTS_AT_ONCE },
      );
      await running.idle();
    };
    await put(0, accounts);
    await untilGone(running);
    tallying(tally);
    const before = copyOfCounts(running.counts);
    await put(accounts, accounts + events);
    await untilGone(running);
    const { requests } = countsSince(before, running.counts);
    const sum = (isMeant: (name: string) => boolean): number =>
      Object.entries(requests).reduce((all, [name, count]) => all + (isMeant(name) ? count : 0), 0);
    const each = (count: number): number => Math.round((count / events) * 100) / 100;
    return {
      s3Reads: each(sum(name => S3_READS.test(name))),
      s3Writes: each(sum(name => name.startsWith("s3.") && !S3_READS.test(name))),
      tableRequests: each(sum(name => name.startsWith("dynamodb."))),
      writeUnits: each(tally.writeUnits),
      readUnits: each(tally.readUnits),
      tableBytes: Math.round([...tally.rows.values()].reduce((sum, bytes) => sum + bytes, 0) / events),
    };
  } finally {
    await running.stop();
  }
};
