import { DynamoDBClient, type DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";

/** Alone in its file, so that a bundle that loads it late takes the client and not every command of the service. */
export const newDynamoDBClient = (config: DynamoDBClientConfig): DynamoDBClient => new DynamoDBClient(config);
