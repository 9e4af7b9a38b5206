import { DynamoDBStreamsClient, type DynamoDBStreamsClientConfig } from "@aws-sdk/client-dynamodb-streams";

/** Alone in its file, so that a bundle that loads it late takes the client and not every command of the service. */
export const newDynamoDBStreamsClient = (config: DynamoDBStreamsClientConfig): DynamoDBStreamsClient =>
  new DynamoDBStreamsClient(config);
