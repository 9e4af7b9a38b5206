import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  UpdateTableCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import type { TableDefinition } from "../table/definition.ts";

/** Seconds; a table in the cloud takes some ten, with indexes up to a minute or two. */
const ACTIVE_WAIT_SECONDS_MAX = 600;

/**
 * Creates the table unless there is one of this name, and resolves once it can be used.
 * On-demand billing; `stream` switches on the table's stream of old and new images, of a table that is there, too.
 */
export const createTable = async (
  client: DynamoDBClient,
  definition: TableDefinition,
  tableName: string,
  options: { readonly stream?: boolean } = {},
): Promise<void> => {
  try {
    await client.send(new CreateTableCommand(createTableInput(definition, tableName, options)));
  } catch (error) {
    // Somebody else's table of this name, or ours from an earlier start.
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await waitUntilActive(client, tableName);
  if (options.stream === true) await streamOn(client, tableName);
};

const STREAM = { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" } as const;

const streamOn = async (client: DynamoDBClient, tableName: string): Promise<void> => {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
  if (Table?.StreamSpecification?.StreamEnabled === true) return;
  await client.send(new UpdateTableCommand({ TableName: tableName, StreamSpecification: STREAM }));
  await waitUntilActive(client, tableName);
};

/** Resolves once the table can be used; throws after ten minutes. */
export const waitUntilActive = async (client: DynamoDBClient, tableName: string): Promise<void> => {
  await waitUntilTableExists(
    { client, maxWaitTime: ACTIVE_WAIT_SECONDS_MAX, minDelay: 1, maxDelay: 5 },
    { TableName: tableName },
  );
};

/** The definition in DynamoDB's words. */
export const createTableInput = (
  definition: TableDefinition,
  tableName: string,
  { stream = false }: { readonly stream?: boolean },
): CreateTableCommandInput => {
  const keyed = new Set([
    "PK",
    "SK",
    ...definition.indexes.flatMap(index => [index.partition, index.sort ?? "PK"]),
  ]);
  const indexes = definition.indexes.map(({ name, partition, sort }) => ({
    IndexName: name,
    KeySchema: keySchema(partition, sort),
    Projection: { ProjectionType: "ALL" as const },
  }));
  return {
    TableName: tableName,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: keySchema("PK", "SK"),
    AttributeDefinitions: [...keyed].map(name => ({ AttributeName: name, AttributeType: "S" })),
    ...(indexes.length > 0 && { GlobalSecondaryIndexes: indexes }),
    ...(stream && { StreamSpecification: STREAM }),
  };
};

const keySchema = (partition: string, sort: string | undefined) => [
  { AttributeName: partition, KeyType: "HASH" as const },
  ...(sort === undefined ? [] : [{ AttributeName: sort, KeyType: "RANGE" as const }]),
];
