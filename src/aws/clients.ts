import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SNSClient } from "@aws-sdk/client-sns";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { type Counts, countCalls, newCounts } from "./counting.ts";

/** The environment, usually `process.env`. */
export type Env = Readonly<Record<string, string | undefined>>;

/** One client per service, made on first use, each loading its package only then; all calls are counted. */
export type Clients = {
  readonly counts: Counts;
  dynamodb(): Promise<DynamoDBClient>;
  /** At the table's own endpoint where there is one: DynamoDB Local serves both at one port. */
  dynamodbStreams(): Promise<DynamoDBStreamsClient>;
  s3(): Promise<S3Client>;
  sqs(): Promise<SQSClient>;
  sns(): Promise<SNSClient>;
  lambda(): Promise<LambdaClient>;
  /** Closes the connections of the clients made. */
  close(): void;
};

/** Local endpoints need some region; real AWS gets its region from where the SDK looks for it. */
const LOCAL_REGION = "eu-central-1";
/** More than any fan-out in this software, so that no call waits for a connection. */
const SOCKETS_MAX = 128;
const CONNECT_MS_MAX = 2_000;
/** For an answer to begin; every operation used here answers well within a second, a copy of 5 GB excepted. */
const REQUEST_MS_MAX = 30_000;
/** The first try and three more, with the SDK's backoff; callers have retries of their own for what lasts. */
const ATTEMPTS_MAX = 4;

/**
 * Clients for where the environment points: `AWS_ENDPOINT_URL_<SERVICE>`, else `AWS_ENDPOINT_URL`, else AWS itself.
 *
 * With an endpoint, region and credentials have local defaults, S3 is asked path-style (a loopback host has no
 * bucket subdomains) and SQS is asked at the endpoint, whatever host its queue addresses name.
 */
export const createClients = (env: Env, counts: Counts = newCounts()): Clients => {
  const made: { destroy(): void }[] = [];
  const ready = <C extends { destroy(): void; readonly middlewareStack: unknown }>(
    service: string,
    client: C,
  ): C => {
    countCalls(client, service, counts);
    made.push(client);
    return client;
  };
  return {
    counts,
    dynamodb: once(async () => {
      const { newDynamoDBClient } = await import("./new-client/dynamodb.ts");
      return ready("dynamodb", newDynamoDBClient(configOf(env, "DYNAMODB")));
    }),
    dynamodbStreams: once(async () => {
      const { newDynamoDBStreamsClient } = await import("./new-client/dynamodb-streams.ts");
      return ready("dynamodb-streams", newDynamoDBStreamsClient(configOf(env, "DYNAMODB")));
    }),
    s3: once(async () => {
      const { newS3Client } = await import("./new-client/s3.ts");
      const config = configOf(env, "S3");
      return ready("s3", newS3Client({ ...config, forcePathStyle: config.endpoint !== undefined }));
    }),
    sqs: once(async () => {
      const { newSQSClient } = await import("./new-client/sqs.ts");
      const config = configOf(env, "SQS");
      return ready("sqs", newSQSClient({ ...config, useQueueUrlAsEndpoint: config.endpoint === undefined }));
    }),
    sns: once(async () => {
      const { newSNSClient } = await import("./new-client/sns.ts");
      return ready("sns", newSNSClient(configOf(env, "SNS")));
    }),
    lambda: once(async () => {
      const { newLambdaClient } = await import("./new-client/lambda.ts");
      return ready("lambda", newLambdaClient(configOf(env, "LAMBDA")));
    }),
    close: () => {
      for (const client of made.splice(0)) client.destroy();
    },
  };
};

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

type Config = {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: number;
  readonly requestHandler: object;
};

/** What all clients share, for one service. */
export const configOf = (env: Env, service: "DYNAMODB" | "S3" | "SQS" | "SNS" | "LAMBDA"): Config => {
  const endpoint = env[`AWS_ENDPOINT_URL_${service}`] || env.AWS_ENDPOINT_URL || undefined;
  const region =
    env.AWS_REGION || env.AWS_DEFAULT_REGION || (endpoint === undefined ? undefined : LOCAL_REGION);
  const agent = { keepAlive: true, maxSockets: SOCKETS_MAX };
  return {
    ...(endpoint !== undefined && { endpoint, ...localCredentials(env) }),
    ...(region !== undefined && { region }),
    maxAttempts: ATTEMPTS_MAX,
    requestHandler: {
      connectionTimeout: CONNECT_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  };
};

/**
 * Keys of the environment that was given, which need not be this process's own; a profile is left to the SDK. Where
 * there is neither, any will do: letters and digits only, since DynamoDB Local refuses others.
 */
const localCredentials = (env: Env): Pick<Config, "credentials"> => {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (accessKeyId && secretAccessKey) return { credentials: { accessKeyId, secretAccessKey } };
  return env.AWS_PROFILE ? {} : { credentials: { accessKeyId: "local", secretAccessKey: "local" } };
};
