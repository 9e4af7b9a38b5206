import { S3Client } from "@aws-sdk/client-s3";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";

export type AwsClients = {
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly destroy: () => void;
};

/** Real SDK clients of an endpoint, with credentials that nobody checks. */
export const awsClients = (endpoint: string): AwsClients => {
  const options = {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  };
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  const sqs = new SQSClient({ ...options, useQueueUrlAsEndpoint: false });
  const sns = new SNSClient(options);
  return {
    s3,
    sqs,
    sns,
    destroy: () => {
      for (const client of [s3, sqs, sns]) client.destroy();
    },
  };
};
