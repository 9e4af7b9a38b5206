import { randomUUID } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { inject } from "vitest";
import { createTable } from "../../src/aws/create-table.ts";
import { DynamoStore } from "../../src/aws/dynamo-store.ts";
import type { TableDefinition } from "../../src/table/definition.ts";

/** A client of the run's DynamoDB Local. */
export const localDynamoDb = (): DynamoDBClient =>
  new DynamoDBClient({
    endpoint: inject("dynamodb").endpoint,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });

/** A store over an empty table of its own in the run's DynamoDB Local. */
export const freshTable = async (
  definition: TableDefinition,
  client: DynamoDBClient = localDynamoDb(),
): Promise<DynamoStore> => {
  const tableName = `test-${randomUUID()}`;
  await createTable(client, definition, tableName);
  return new DynamoStore({ client, tableName });
};
