import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Clock } from "../ports/clock.ts";
import type { TableDefinition } from "../table/definition.ts";
import { createTable, waitUntilActive } from "./create-table.ts";
import { keepSettings } from "./restored-settings.ts";

/**
 * Creates an empty table unless it is there, kept as safe as another one, whether that is still there or not: with its
 * past, its tags, its protection against deletion. Resolves once it can be used. May be repeated.
 */
export const createLike = async (
  client: DynamoDBClient,
  clock: Clock,
  definition: TableDefinition,
  tables: { readonly like: string; readonly to: string },
): Promise<void> => {
  await createTable(client, definition, tables.to);
  await keepSettings(client, clock, { from: tables.like, to: tables.to });
  await waitUntilActive(client, tables.to);
};
