import {
  DeleteTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  type TableStatus,
} from "@aws-sdk/client-dynamodb";
import type { Clock } from "../ports/clock.ts";

/** Between two looks; DynamoDB Local is done at the first. */
const LOOK_EVERY_MS = 2_000;
/** Two hours: a table that is still being restored cannot be dropped before that has ended. */
const LOOKS_MAX = 3_600;

/**
 * Drops a table, once it can be dropped, and resolves when it is gone; one that is not there is gone.
 *
 * Throws: after two hours; the service's error, also for a table that is protected against deletion.
 */
export const dropTable = async (client: DynamoDBClient, clock: Clock, table: string): Promise<void> => {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const status = await statusOf(client, table);
    if (status === undefined) return;
    if (status === "ACTIVE") await askToDrop(client, table);
    if (look > 0) await clock.sleep(LOOK_EVERY_MS);
  }
  throw new Error(`The table ${table} could not be dropped within ${LOOKS_MAX} looks: drop it by hand.`);
};

const statusOf = async (client: DynamoDBClient, table: string): Promise<TableStatus | undefined> => {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: table }))).Table?.TableStatus;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
};

const askToDrop = async (client: DynamoDBClient, table: string): Promise<void> => {
  try {
    await client.send(new DeleteTableCommand({ TableName: table }));
  } catch (error) {
    // Somebody else drops it, or something of it still changes: the next look tells.
    if (!(error instanceof ResourceNotFoundException || error instanceof ResourceInUseException)) throw error;
  }
};
