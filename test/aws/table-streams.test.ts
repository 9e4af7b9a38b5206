import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { afterEach, expect, inject, test } from "vitest";
import { localTables } from "../../src/aws/local-tables.ts";
import { tableStreams } from "../../src/aws/table-streams.ts";
import { localDynamoDb } from "../support/tables.ts";

/** DynamoDB Local has one shard for hours: what more of them do, and what a long pause does, is played here. */
type ShardOnStage = {
  readonly id: string;
  readonly parent?: string;
  readonly sequences: string[];
  isClosed: boolean;
};
type Stage = {
  readonly shards: ShardOnStage[];
  expired: boolean;
  trimmed: boolean;
  iterators: string[];
  tooOld?: string;
};

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Body = Readonly<Record<string, string>>;

const answer = (stage: Stage, operation: string, body: Body): object => {
  if (operation === "DescribeStream")
    return {
      StreamDescription: {
        Shards: stage.shards.map(({ id, parent }) => ({ ShardId: id, ParentShardId: parent })),
      },
    };
  const { ShardId = "", SequenceNumber = "", ShardIterator = "" } = body;
  if (operation === "GetShardIterator") {
    if (stage.tooOld !== undefined && body.ShardIteratorType !== "TRIM_HORIZON")
      return { __type: stage.tooOld, message: "as played" };
    stage.iterators.push(`${ShardId} ${body.ShardIteratorType} ${SequenceNumber}`.trim());
    return { ShardIterator: `${ShardId} ${SequenceNumber}` };
  }
  if (stage.expired) {
    stage.expired = false;
    return { __type: "ExpiredIteratorException", message: "as played" };
  }
  if (stage.trimmed) {
    stage.trimmed = false;
    return { __type: "TrimmedDataAccessException", message: "as played" };
  }
  const [id, after = ""] = ShardIterator.split(" ");
  const shard = stage.shards.find(each => each.id === id);
  const sequences = shard?.sequences.filter(each => each > after) ?? [];
  const Records = sequences.map(sequence => ({
    dynamodb: { SequenceNumber: sequence, Keys: { PK: { S: "a" }, SK: { S: sequence } } },
  }));
  return {
    Records,
    ...(shard?.isClosed !== true && { NextShardIterator: `${id} ${sequences.at(-1) ?? after}` }),
  };
};

const onStage = async (shards: ShardOnStage[], after: readonly (readonly [string, string])[] = []) => {
  const stage: Stage = { shards, expired: false, trimmed: false, iterators: [] };
  const server: Server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
    const said = answer(stage, operation, JSON.parse(text));
    const type = { "content-type": "application/x-amz-json-1.0" };
    response.writeHead("__type" in said ? 400 : 200, type).end(JSON.stringify(said));
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const config = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  };
  const [client, dynamodb] = [new DynamoDBStreamsClient(config), new DynamoDBClient(config)];
  closing.push(
    () => client.destroy(),
    () => dynamodb.destroy(),
    () => server.close().closeAllConnections(),
  );
  const reader = tableStreams(client, dynamodb).open("stream", new Map(after));
  const read = async () => {
    const found: string[] = [];
    for await (const { records, isGap } of reader.read())
      found.push(...(isGap ? ["gap"] : []), ...records.map(({ sequence }) => sequence));
    return found;
  };
  return { stage, read };
};

const shard = (id: string, sequences: string[], isClosed: boolean, parent?: string): ShardOnStage => ({
  id,
  sequences,
  isClosed,
  ...(parent !== undefined && { parent }),
});

test("reads parents before their children, whatever order they are listed in, and each record once", async () => {
  const { stage, read } = await onStage([
    shard("c", ["5"], false, "b"),
    shard("b", ["3", "4"], true, "a"),
    shard("a", ["1", "2"], true, "long gone"),
  ]);
  expect(await read()).toEqual(["1", "2", "3", "4", "5"]);
  stage.shards[0]?.sequences.push("6");
  expect(await read()).toEqual(["6"]);
  expect(await read()).toEqual([]);
});

test("goes over to a shard that comes after the one it reads", async () => {
  const { stage, read } = await onStage([shard("a", ["1"], false)]);
  expect(await read()).toEqual(["1"]);
  const [first] = stage.shards;
  if (first !== undefined) first.isClosed = true;
  first?.sequences.push("2");
  stage.shards.push(shard("b", ["3"], false, "a"));
  expect(await read()).toEqual(["2", "3"]);
});

test("begins behind what needs not be read again", async () => {
  const { stage, read } = await onStage([shard("a", ["1", "2", "3"], false)], [["a", "2"]]);
  expect(await read()).toEqual(["3"]);
  expect(stage.iterators).toEqual(["a AFTER_SEQUENCE_NUMBER 2"]);
});

test("goes on after a long pause, and says so where records are lost", async () => {
  const { stage, read } = await onStage([shard("a", ["1", "2"], false)]);
  expect(await read()).toEqual(["1", "2"]);
  stage.expired = true;
  stage.shards[0]?.sequences.push("3");
  expect(await read()).toEqual(["3"]);
  stage.trimmed = true;
  stage.shards[0]?.sequences.splice(0, 4, "7", "8");
  expect(await read()).toEqual(["gap", "7", "8"]);
});

test.each(["TrimmedDataAccessException", "ValidationException"])(
  "says that records are lost where what it would begin behind is too old: %s",
  async tooOld => {
    const { stage, read } = await onStage([shard("a", ["7"], false)], [["a", "2"]]);
    stage.tooOld = tooOld;
    expect(await read()).toEqual(["gap", "7"]);
    expect(stage.iterators).toEqual(["a TRIM_HORIZON"]);
  },
);

test("a table made while the list is asked for is listed the next time", async () => {
  const dynamodb = localDynamoDb();
  const client = new DynamoDBStreamsClient({
    endpoint: inject("dynamodb").endpoint,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  closing.push(
    () => client.destroy(),
    () => dynamodb.destroy(),
  );
  const table = `streams-${randomUUID().slice(0, 8)}`;
  const tables = localTables(dynamodb, { indexes: [] });
  let isMade = false;
  client.middlewareStack.add(
    next => async args => {
      if (!isMade) {
        isMade = true;
        // Time for whatever else was asked at once.
        await setTimeout(100);
        await tables.create(table);
      }
      return await next(args);
    },
    { step: "initialize" },
  );
  const streams = tableStreams(client, dynamodb);
  await streams.list();
  expect((await streams.list()).map(each => each.table)).toContain(table);
  await tables.delete(table);
});
