import {
  DeleteTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceNotFoundException,
  waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import type { TableDefinition } from "../table/definition.ts";
import { createTable } from "./create-table.ts";
import { DynamoStore } from "./dynamo-store.ts";

/** Seconds; DynamoDB Local removes a table at once. */
const GONE_WAIT_SECONDS_MAX = 60;

/** Whole tables of one definition as the local point-in-time recovery makes, follows by their streams, and removes them. */
export const localTables = (client: DynamoDBClient, definition: TableDefinition) => ({
  create: async (table: string, isFollowed = true): Promise<DynamoStore> => {
    await createTable(client, definition, table, { stream: isFollowed });
    return new DynamoStore({ client, tableName: table });
  },
  open: (table: string): DynamoStore => new DynamoStore({ client, tableName: table }),
  exists: async (table: string): Promise<boolean> => {
    try {
      await client.send(new DescribeTableCommand({ TableName: table }));
      return true;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return false;
      throw error;
    }
  },
  delete: async (table: string): Promise<void> => {
    await client.send(new DeleteTableCommand({ TableName: table }));
    await waitUntilTableNotExists(
      { client, maxWaitTime: GONE_WAIT_SECONDS_MAX, minDelay: 1, maxDelay: 1 },
      { TableName: table },
    );
  },
});
