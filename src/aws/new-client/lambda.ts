import { LambdaClient, type LambdaClientConfig } from "@aws-sdk/client-lambda";

/** Alone in its file, so that a bundle that loads it late takes the client and not every command of the service. */
export const newLambdaClient = (config: LambdaClientConfig): LambdaClient => new LambdaClient(config);
