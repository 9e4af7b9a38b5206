import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterEach, describe, expect, test } from "vitest";
import { createLike } from "../../src/aws/create-like.ts";
import { awsPointInTime } from "../../src/aws/point-in-time.ts";
import { BACKUP_TAG } from "../../src/ports/backup-tag.ts";
import type { PointInTime } from "../../src/ports/point-in-time.ts";

const ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/";
const AT = "2026-05-06T12:00:07.000Z";
const seconds = (instant: string): number => Date.parse(instant) / 1000;

type Body = Readonly<Record<string, unknown>>;
type Asked = { readonly operation: string; readonly body: Body };
type Reply = { readonly status?: number; readonly body: Body } | undefined;

const SERVER_TABLE = {
  TableStatus: "ACTIVE",
  TableArn: `${ARN}old`,
  CreationDateTime: seconds("2026-05-01T00:00:00.400Z"),
  DeletionProtectionEnabled: true,
};
const RESTORED = {
  TableStatus: "ACTIVE",
  TableArn: `${ARN}new`,
  RestoreSummary: { SourceTableArn: `${ARN}old`, RestoreDateTime: seconds(AT), RestoreInProgress: false },
};
const BACKUPS = {
  PointInTimeRecoveryStatus: "ENABLED",
  RecoveryPeriodInDays: 21,
  EarliestRestorableDateTime: seconds("2026-05-02T00:00:00.000Z"),
  LatestRestorableDateTime: seconds("2026-05-06T13:00:00.000Z"),
};
const backups = (description: Body = BACKUPS): Reply => ({
  body: {
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: "ENABLED",
      PointInTimeRecoveryDescription: description,
    },
  },
});
const failure = (name: string): Reply => ({
  status: 400,
  body: { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: "as drawn" },
});

const started: { readonly server: Server; readonly client: DynamoDBClient }[] = [];
afterEach(() => {
  for (const { server, client } of started.splice(0)) {
    client.destroy();
    server.closeAllConnections();
    server.close();
  }
});

/** DynamoDB as a script: `answer` is asked first; what it leaves is answered as by a service in which all is well. */
const service = async (answer: (asked: Asked, before: readonly Asked[]) => Reply = () => undefined) => {
  const all: Asked[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
    const asked: Asked = { operation, body: JSON.parse(text) };
    const { status = 200, body } = answer(asked, all) ?? usual(asked, all) ?? { status: 500, body: {} };
    all.push(asked);
    response.writeHead(status, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(body));
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: "eu-central-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });
  started.push({ server, client });
  let nowMs = 0;
  const clock = {
    now: () => nowMs,
    sleep: async (delayMs: number) => {
      nowMs += delayMs;
    },
  };
  const writes = () => all.filter(({ operation }) => !/^(Describe|List)/.test(operation));
  return { pointInTime: awsPointInTime({ client, clock }), client, clock, all, writes };
};

const usual = ({ operation, body }: Asked, before: readonly Asked[]): Reply => {
  const isBegun = before.some(asked => asked.operation === "RestoreTableToPointInTime");
  switch (operation) {
    case "DescribeTable":
      if (body.TableName === "old") return { body: { Table: SERVER_TABLE } };
      return isBegun ? { body: { Table: RESTORED } } : failure("ResourceNotFoundException");
    case "DescribeContinuousBackups":
      return backups(body.TableName === "old" ? BACKUPS : { PointInTimeRecoveryStatus: "DISABLED" });
    case "ListTagsOfResource":
      return body.NextToken === undefined
        ? { body: { Tags: [{ Key: "team", Value: "a" }], NextToken: "more" } }
        : {
            body: {
              Tags: [
                { Key: "aws:cloudformation:stack-name", Value: "x" },
                { Key: "cost", Value: "b" },
              ],
            },
          };
    case "RestoreTableToPointInTime":
    case "UpdateContinuousBackups":
    case "TagResource":
    case "UpdateTable":
      return { body: {} };
    default:
      return undefined;
  }
};

const asked = (pointInTime: PointInTime, at = AT) => pointInTime.restore({ table: "old", to: "new", at });

test("asks for the whole second, and sets again what a restore drops", async () => {
  const { pointInTime, writes, all } = await service();
  expect(await asked(pointInTime, "2026-05-06T12:00:07.900Z")).toEqual({
    outcome: "restored",
    table: "new",
    at: AT,
    wasThere: false,
  });
  expect(writes()).toEqual([
    {
      operation: "RestoreTableToPointInTime",
      body: {
        SourceTableName: "old",
        TargetTableName: "new",
        RestoreDateTime: seconds(AT),
        BillingModeOverride: "PAY_PER_REQUEST",
      },
    },
    {
      operation: "UpdateContinuousBackups",
      body: {
        TableName: "new",
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 21 },
      },
    },
    {
      operation: "TagResource",
      body: {
        ResourceArn: `${ARN}new`,
        Tags: [
          { Key: "team", Value: "a" },
          { Key: "cost", Value: "b" },
        ],
      },
    },
    { operation: "UpdateTable", body: { TableName: "new", DeletionProtectionEnabled: true } },
  ]);
  expect(all.find(({ operation }) => operation === "ListTagsOfResource")?.body.ResourceArn).toBe(`${ARN}old`);
});

test("waits while the table is being made, its indexes included, and tells how long", async () => {
  const states = [
    { TableStatus: "CREATING" },
    { TableStatus: "ACTIVE", GlobalSecondaryIndexes: [{ IndexName: "i", IndexStatus: "CREATING" }] },
  ];
  const { pointInTime } = await service(({ operation, body }, before) =>
    operation === "DescribeTable" && body.TableName === "new" && before.some(isRestore) && states.length > 0
      ? { body: { Table: { ...RESTORED, ...states.shift() } } }
      : undefined,
  );
  const waited: number[] = [];
  const { outcome } = await pointInTime.restore({
    table: "old",
    to: "new",
    at: AT,
    onWaiting: ms => waited.push(ms),
  });
  expect([outcome, waited]).toEqual(["restored", [20_000, 40_000]]);
});

const isRestore = ({ operation }: Asked): boolean => operation === "RestoreTableToPointInTime";

describe("an empty table made like another", () => {
  const DEFINITION = { indexes: [] };
  const TABLES = { like: "old", to: "new" };
  const made: Reply = { body: { Table: { TableStatus: "ACTIVE", TableArn: `${ARN}new` } } };
  const answer = ({ operation, body }: Asked): Reply => {
    if (operation === "CreateTable") return { body: {} };
    return operation === "DescribeTable" && body.TableName === "new" ? made : undefined;
  };
  const settingsOf = (all: readonly Asked[]) => all.filter(({ operation }) => operation !== "CreateTable");

  test("keeps its past, its tags and its protection as that one does", async () => {
    const { client, clock, writes } = await service(answer);
    await createLike(client, clock, DEFINITION, TABLES);
    expect(writes()[0]).toMatchObject({ operation: "CreateTable", body: { TableName: "new" } });
    expect(settingsOf(writes())).toEqual([
      {
        operation: "UpdateContinuousBackups",
        body: {
          TableName: "new",
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 21 },
        },
      },
      {
        operation: "TagResource",
        body: {
          ResourceArn: `${ARN}new`,
          Tags: [
            { Key: "team", Value: "a" },
            { Key: "cost", Value: "b" },
          ],
        },
      },
      { operation: "UpdateTable", body: { TableName: "new", DeletionProtectionEnabled: true } },
    ]);
  });

  test("keeps them as deployed where that one is gone", async () => {
    const { client, clock, writes } = await service(asked => {
      if (asked.body.TableName !== "old") return answer(asked);
      const isBackups = asked.operation === "DescribeContinuousBackups";
      return failure(isBackups ? "TableNotFoundException" : "ResourceNotFoundException");
    });
    await createLike(client, clock, DEFINITION, TABLES);
    expect(settingsOf(writes())).toEqual([
      {
        operation: "UpdateContinuousBackups",
        body: { TableName: "new", PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
      },
      {
        operation: "TagResource",
        body: { ResourceArn: `${ARN}new`, Tags: [{ Key: BACKUP_TAG.name, Value: BACKUP_TAG.value }] },
      },
      { operation: "UpdateTable", body: { TableName: "new", DeletionProtectionEnabled: true } },
    ]);
  });
});

test("tries again while backups cannot be switched on yet", async () => {
  let refused = 2;
  const { pointInTime, writes } = await service(({ operation }) => {
    if (operation !== "UpdateContinuousBackups" || refused === 0) return undefined;
    refused -= 1;
    return failure("ContinuousBackupsUnavailableException");
  });
  expect((await asked(pointInTime)).outcome).toBe("restored");
  expect(writes().filter(({ operation }) => operation === "UpdateContinuousBackups")).toHaveLength(3);
});

test("goes on with its own earlier restore, and leaves alone any other table of that name", async () => {
  const there = (table: Body) =>
    service(({ operation, body }) =>
      operation === "DescribeTable" && body.TableName === "new" ? { body: { Table: table } } : undefined,
    );
  const own = await there(RESTORED);
  expect(await asked(own.pointInTime)).toMatchObject({ outcome: "restored", wasThere: true });
  expect(own.writes().some(isRestore)).toBe(false);
  expect(own.writes().map(({ operation }) => operation)).toContain("UpdateContinuousBackups");
  const otherSecond = { ...RESTORED.RestoreSummary, RestoreDateTime: seconds(AT) + 1 };
  const otherTable = { ...RESTORED.RestoreSummary, SourceTableArn: `${ARN}older` };
  for (const RestoreSummary of [undefined, otherSecond, otherTable]) {
    const other = await there({ ...RESTORED, RestoreSummary });
    expect(await asked(other.pointInTime)).toEqual({ outcome: "targetExists", table: "new" });
    expect(other.writes()).toEqual([]);
  }
});

test.each([
  [
    "before the table's birth",
    "2026-04-30T23:59:59.000Z",
    { outcome: "beforeBirth", bornAt: "2026-05-01T00:00:00.400Z" },
  ],
  [
    "before the window",
    "2026-05-01T12:00:00.000Z",
    { outcome: "outsideWindow", earliest: "2026-05-02T00:00:00.000Z" },
  ],
  [
    "after the window",
    "2026-05-06T13:00:01.000Z",
    { outcome: "outsideWindow", latest: "2026-05-06T13:00:00.000Z" },
  ],
])("restores nothing %s", async (_, at, expected) => {
  const { pointInTime, writes } = await service();
  expect(await asked(pointInTime, at)).toMatchObject({ ...expected, table: "old" });
  expect(writes()).toEqual([]);
});

test.each([
  ["no such table", failure("TableNotFoundException")],
  ["backups never there", failure("ContinuousBackupsUnavailableException")],
  ["backups off", backups({ PointInTimeRecoveryStatus: "DISABLED" })],
])("has no window without backups: %s", async (_, reply) => {
  const { pointInTime, writes } = await service(({ operation }) =>
    operation === "DescribeContinuousBackups" ? reply : undefined,
  );
  expect(await pointInTime.window("old")).toBeUndefined();
  expect(await asked(pointInTime)).toEqual({ outcome: "noBackups", table: "old" });
  expect(writes()).toEqual([]);
});

test("tells the window", async () => {
  const { pointInTime } = await service();
  expect(await pointInTime.window("old")).toEqual({
    table: "old",
    earliest: "2026-05-02T00:00:00.000Z",
    latest: "2026-05-06T13:00:00.000Z",
    bornAt: "2026-05-01T00:00:00.400Z",
  });
});

test.each([
  ["PointInTimeRecoveryUnavailableException", { outcome: "noBackups", table: "old" }],
  ["TableNotFoundException", { outcome: "noBackups", table: "old" }],
  [
    "InvalidRestoreTimeException",
    {
      outcome: "outsideWindow",
      table: "old",
      earliest: "2026-05-02T00:00:00.000Z",
      latest: "2026-05-06T13:00:00.000Z",
    },
  ],
])("takes %s from the restore itself for an outcome", async (name, expected) => {
  const { pointInTime } = await service(each => (isRestore(each) ? failure(name) : undefined));
  expect(await asked(pointInTime)).toEqual(expected);
});

test("finds out whose table it is that came in between", async () => {
  const other = await service((each, before) => {
    if (isRestore(each)) return failure("TableAlreadyExistsException");
    const isNew = each.operation === "DescribeTable" && each.body.TableName === "new";
    return isNew && before.some(isRestore) ? { body: { Table: SERVER_TABLE } } : undefined;
  });
  expect(await asked(other.pointInTime)).toEqual({ outcome: "targetExists", table: "new" });
  const twin = await service(each => (isRestore(each) ? failure("TableAlreadyExistsException") : undefined));
  expect((await asked(twin.pointInTime)).outcome).toBe("restored");
});

test("throws what is no outcome", async () => {
  const { pointInTime } = await service(each =>
    isRestore(each) ? failure("AccessDeniedException") : undefined,
  );
  await expect(asked(pointInTime)).rejects.toMatchObject({ name: "AccessDeniedException" });
  await expect(asked(pointInTime, "yesterday")).rejects.toThrow(RangeError);
  const torn = { seed: 1, withinMs: 1000 };
  await expect(pointInTime.restore({ table: "old", to: "new", at: AT, torn })).rejects.toThrow(RangeError);
  const failed = await service(({ operation, body }, before) =>
    operation === "DescribeTable" && body.TableName === "new" && before.some(isRestore)
      ? { body: { Table: { ...RESTORED, TableStatus: "DELETING" } } }
      : undefined,
  );
  await expect(asked(failed.pointInTime)).rejects.toThrow("DELETING");
});
