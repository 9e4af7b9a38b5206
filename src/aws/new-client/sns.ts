import { SNSClient, type SNSClientConfig } from "@aws-sdk/client-sns";

/** Alone in its file, so that a bundle that loads it late takes the client and not every command of the service. */
export const newSNSClient = (config: SNSClientConfig): SNSClient => new SNSClient(config);
