import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { calmDown, passDeadlines } from "../calm.ts";
import { tellHistory } from "../history.ts";
import type { Recorded } from "../recording.ts";
import { tapeOfSeed } from "../tape.ts";
import { createTrace } from "../trace.ts";
import { createWorld, type World } from "../world.ts";
import { type Conformed, conform, NoAnswer } from "./conform.ts";
import { listenTo, openServices } from "./real-services.ts";
import { recordSession } from "./session.ts";

/** Calls of each service that a session makes behind a history. */
const SESSION_CALLS = 20;
/** Where nothing goes wrong any more, calls are of the same kinds and as many again: every tenth history shows them. */
const WHOLE_EVERY = 10;

/** DynamoDB Local wants to see a signature and looks at none; to make one takes an eighth of a call's time here. */
const UNSIGNED = {
  sign: async <R extends { readonly headers: Record<string, string> }>(request: R): Promise<R> => {
    request.headers.authorization =
      "AWS4-HMAC-SHA256 Credential=local/20260105/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0";
    return request;
  },
};

/** A client of DynamoDB Local that tells of errors, and tries nothing twice. */
export const conformingDynamoDb = (endpoint: string): DynamoDBClient => {
  const client = new DynamoDBClient({
    endpoint,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
    signer: UNSIGNED,
  });
  listenTo(client);
  return client;
};

/** The calls of a history by its seed, to where the faults end; of every tenth, to where everything is settled. */
export const callsOfHistory = async (seed: number): Promise<readonly Recorded[]> => {
  const calls: Recorded[] = [];
  const told = await tellHistory(tapeOfSeed(seed), createTrace(), {}, {}, calls);
  if (seed % WHOLE_EVERY === 0) {
    await calmDown(told);
    await passDeadlines(told);
  }
  await recordSession(told.world, SESSION_CALLS);
  return calls;
};

/** The calls of a session by itself. `prepare`: told of the models before their first call. */
export const callsOfSession = async (
  seed: number,
  count: number,
  prepare: (world: World) => void = () => {},
): Promise<readonly Recorded[]> => {
  const calls: Recorded[] = [];
  const world = createWorld(tapeOfSeed(seed), createTrace(), {}, {}, calls);
  prepare(world);
  await recordSession(world, count);
  return calls;
};

/** DynamoDB Local hangs up on connections that were idle for long, and a busy machine makes any of them idle for long. */
const TRIES_MAX = 3;

/** Makes these calls again of services of their own. Throws: NoAnswer, if connections break time and again. */
export const conformCalls = async (
  calls: readonly Recorded[],
  dynamodb: DynamoDBClient,
): Promise<Conformed> => {
  for (let tries = 1; ; tries += 1) {
    const services = await openServices(dynamodb, calls);
    try {
      return await conform(calls, services);
    } catch (error) {
      if (!(error instanceof NoAnswer) || tries === TRIES_MAX) throw error;
    } finally {
      await services.close();
    }
  }
};
