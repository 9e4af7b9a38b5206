import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterEach, expect, inject, test } from "vitest";
import { createClients } from "../../src/aws/clients.ts";
import { copyOfCounts, countsSince, newCounts } from "../../src/aws/counting.ts";
import { createTable } from "../../src/aws/create-table.ts";
import { DynamoStore } from "../../src/aws/dynamo-store.ts";
import { freshTable } from "../support/tables.ts";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

test("counts calls and written items exactly", async () => {
  const clients = createClients({ AWS_ENDPOINT_URL_DYNAMODB: inject("dynamodb").endpoint });
  const client = await clients.dynamodb();
  const store = await freshTable({ indexes: [] }, client);
  const before = copyOfCounts(clients.counts);
  await store.write({ put: { PK: "a", SK: "1" }, if: { absent: true } });
  await store.write({ put: { PK: "a", SK: "1" }, if: { absent: true } });
  await store.write({ delete: { PK: "a", SK: "1" } });
  await store.transact([
    { put: { PK: "a", SK: "2" } },
    { check: { PK: "a", SK: "1" }, if: { absent: true } },
    { delete: { PK: "a", SK: "3" } },
  ]);
  await store.transact([{ put: { PK: "a", SK: "2" }, if: { absent: true } }]);
  await store.get([{ PK: "a", SK: "2" }]);
  expect(countsSince(before, clients.counts)).toEqual({
    requests: {
      "dynamodb.PutItem": 2,
      "dynamodb.DeleteItem": 1,
      "dynamodb.TransactWriteItems": 2,
      "dynamodb.BatchGetItem": 1,
    },
    retries: 0,
    writtenItems: 4,
  });
  clients.close();
});

test("takes a transaction whose first answer was lost for committed, and writes it once", async () => {
  const { endpoint, lost } = await losingFirstAnswers();
  const { client, store } = await storeAt(endpoint, 3);
  lost.next = true;
  expect(await store.transact([{ put: { PK: "a", SK: "1" }, if: { absent: true } }])).toEqual({
    outcome: "committed",
  });
  client.destroy();
});

test("calls a single write unknown that may have met itself", async () => {
  const { endpoint, lost } = await losingFirstAnswers();
  const { client, store } = await storeAt(endpoint, 3);
  lost.next = true;
  const { outcome } = await store.write({ put: { PK: "a", SK: "1" }, if: { absent: true } });
  expect(outcome).toBe("unknown");
  expect(await store.get([{ PK: "a", SK: "1" }])).toEqual([{ PK: "a", SK: "1" }]);
  client.destroy();
});

test("calls a write unknown whose only answer was lost", async () => {
  const { endpoint, lost } = await losingFirstAnswers();
  const { client, store } = await storeAt(endpoint, 1);
  lost.next = true;
  const { outcome } = await store.transact([{ put: { PK: "a", SK: "1" } }]);
  expect(outcome).toBe("unknown");
  expect(await store.get([{ PK: "a", SK: "1" }])).toEqual([{ PK: "a", SK: "1" }]);
  client.destroy();
});

test("puts again what was left unprocessed, and counts each item once", async () => {
  const { endpoint, left } = await leavingPuts();
  const clients = createClients({ AWS_ENDPOINT_URL_DYNAMODB: endpoint });
  const store = await freshTable({ indexes: [] }, await clients.dynamodb());
  const items = Array.from({ length: 60 }, (_, at) => ({ PK: "a", SK: `${at}`, at }));
  const before = copyOfCounts(clients.counts);
  left.requests = 4;
  expect(await store.putAll(items)).toEqual({ outcome: "committed" });
  expect((await store.query({ partition: "a" })).items).toHaveLength(60);
  const { requests, writtenItems } = countsSince(before, clients.counts);
  expect([requests["dynamodb.BatchWriteItem"], writtenItems]).toEqual([7, 60]);
  clients.close();
});

// It waits as long as the store does, half a minute.
test.runIf(process.env.FULL)("says after many tries that puts were left", async () => {
  const leaving = await leavingPuts();
  const clients = createClients({ AWS_ENDPOINT_URL_DYNAMODB: leaving.endpoint });
  const throttled = await freshTable({ indexes: [] }, await clients.dynamodb());
  leaving.left.requests = Number.POSITIVE_INFINITY;
  expect(await throttled.putAll([{ PK: "a", SK: "1" }])).toMatchObject({ outcome: "conflict" });
  clients.close();
});

test("says what may have happened where the answer to puts was lost", async () => {
  const { endpoint, lost } = await losingFirstAnswers();
  const { client, store } = await storeAt(endpoint, 1);
  lost.next = true;
  expect((await store.putAll([{ PK: "a", SK: "1" }])).outcome).toBe("unknown");
  expect(await store.putAll([{ PK: "a", SK: "1" }])).toEqual({ outcome: "committed" });
  client.destroy();
});

test("throws where the table is missing, and keeps a table that is there", async () => {
  const clients = createClients({ AWS_ENDPOINT_URL: inject("dynamodb").endpoint });
  const client = await clients.dynamodb();
  const missing = new DynamoStore({ client, tableName: "missing" });
  await expect(missing.write({ put: { PK: "a", SK: "1" } })).rejects.toThrow();
  const store = await freshTable({ indexes: [] }, client);
  await store.write({ put: { PK: "a", SK: "1" } });
  await createTable(client, { indexes: [] }, store.tableName);
  expect(await store.get([{ PK: "a", SK: "1" }])).toHaveLength(1);
  clients.close();
});

test("points every client where the environment says", async () => {
  const counts = newCounts();
  const clients = createClients(
    { AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_ENDPOINT_URL_S3: "http://127.0.0.1:2/" },
    counts,
  );
  const [s3, sqs, sns] = await Promise.all([clients.s3(), clients.sqs(), clients.sns()]);
  expect((await s3.config.endpoint?.())?.port).toBe(2);
  expect((await sns.config.endpoint?.())?.port).toBe(1);
  expect([s3.config.forcePathStyle, sqs.config.useQueueUrlAsEndpoint]).toEqual([true, false]);
  expect(await s3.config.region()).toBe("eu-central-1");
  expect((await s3.config.credentials()).accessKeyId).toBe("local");
  expect(await clients.s3()).toBe(s3);
  expect(counts.requests).toEqual({});
  clients.close();
});

// A proxy in front of the table that lets a request through and breaks the connection instead of answering.
const losingFirstAnswers = async () => {
  const target = inject("dynamodb").endpoint;
  const lost = { next: false };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { host: _, connection: __, "content-length": ___, ...headers } = request.headers;
    const answer = await fetch(target, {
      method: "POST",
      headers: headers as Record<string, string>,
      body: Buffer.concat(chunks),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (lost.next) {
      lost.next = false;
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.0" }).end(body);
  });
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, lost };
};

// A proxy that passes on half of the puts of as many requests as told, and hands back the others.
const leavingPuts = async () => {
  const target = inject("dynamodb").endpoint;
  const left = { requests: 0 };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const { host: _, connection: __, "content-length": ___, ...headers } = request.headers;
    let back: Record<string, object[]> = {};
    if (String(headers["x-amz-target"]).endsWith("BatchWriteItem") && left.requests > 0) {
      left.requests -= 1;
      const [[table, puts]] = Object.entries(body.RequestItems) as [[string, object[]]];
      const passed = Math.floor(puts.length / 2);
      back = { [table]: puts.slice(passed) };
      body.RequestItems[table] = puts.slice(0, passed);
      if (passed === 0) return answerWith(response, { UnprocessedItems: back });
    }
    const answer = await fetch(target, {
      method: "POST",
      headers: headers as Record<string, string>,
      body: JSON.stringify(body),
    });
    const said = JSON.parse(await answer.text());
    answerWith(
      response,
      Object.keys(back).length > 0 ? { ...said, UnprocessedItems: back } : said,
      answer.status,
    );
  });
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, left };
};

const answerWith = (response: ServerResponse, body: object, status = 200): void => {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(body));
};

const storeAt = async (endpoint: string, maxAttempts: number) => {
  const client = new DynamoDBClient({
    endpoint,
    maxAttempts,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  return { client, store: await freshTable({ indexes: [] }, client) };
};
