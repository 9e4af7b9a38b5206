import { randomUUID } from "node:crypto";
import { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { inject } from "vitest";
import { localTables } from "../../../src/aws/local-tables.ts";
import { tableStreams } from "../../../src/aws/table-streams.ts";
import {
  type MovedClock,
  startLocalPointInTime,
} from "../../../src/local/point-in-time/local-point-in-time.ts";
import { type AlarmClock, systemClock } from "../../../src/local/system-clock.ts";
import { silentLog } from "../../../src/ports/log.ts";
import type { Item, Store } from "../../../src/table/store.ts";
import { localDynamoDb } from "../../support/tables.ts";

export const DEFINITION = { indexes: [{ name: "WorkIdx", partition: "Work", sort: "Since" }] };

/** Looks only when asked: the test says when things are seen. */
const ONLY_WHEN_ASKED = { ...systemClock, alarm: () => () => {} };

/**
 * A local point-in-time recovery over the run's DynamoDB Local, of which it sees only tables whose names begin with a
 * prefix of its own: others use the same server.
 */
export const startedPast = async (
  clock: MovedClock,
  { dataDir, prefix = `pitr-${randomUUID().slice(0, 8)}-` }: { dataDir?: string; prefix?: string } = {},
  realClock: AlarmClock = ONLY_WHEN_ASKED,
) => {
  const client = localDynamoDb();
  const streamsClient = new DynamoDBStreamsClient({
    endpoint: inject("dynamodb").endpoint,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const all = tableStreams(streamsClient, client);
  const streams = {
    ...all,
    list: async () => (await all.list()).filter(({ table }) => table.startsWith(prefix)),
  };
  const tables = localTables(client, DEFINITION);
  /** Ways to break: another `create`; a server that is gone, so that nothing can be removed. */
  const breaking: { create: (table: string, isFollowed?: boolean) => Promise<Store>; isGone: boolean } = {
    create: tables.create,
    isGone: false,
  };
  const breakable = {
    ...tables,
    create: (table: string, isFollowed?: boolean) => breaking.create(table, isFollowed),
    delete: (table: string) => (breaking.isGone ? Promise.reject(new Error("gone")) : tables.delete(table)),
  };
  const past = await startLocalPointInTime({
    tables: breakable,
    streams,
    clock,
    realClock,
    dataDir,
    log: silentLog,
  });
  return {
    past,
    tables,
    breaking,
    prefix,
    close: async () => {
      await past.close();
      client.destroy();
      streamsClient.destroy();
    },
  };
};

export type Started = Awaited<ReturnType<typeof startedPast>>;

/** All items of a small table, by key. */
export const contents = async (store: Store): Promise<readonly Item[]> =>
  sorted((await store.scan({ segment: 0, segments: 1 })).items);

export const sorted = (items: readonly Item[]): readonly Item[] =>
  items.toSorted((a, b) => (a.PK + a.SK < b.PK + b.SK ? -1 : 1));
