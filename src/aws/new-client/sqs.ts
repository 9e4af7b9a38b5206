import { SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";

/** Alone in its file, so that a bundle that loads it late takes the client and not every command of the service. */
export const newSQSClient = (config: SQSClientConfig): SQSClient => new SQSClient(config);
