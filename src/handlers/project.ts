import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { type App, cloudApp, keptApp } from "../app.ts";
import { createClients } from "../aws/clients.ts";
import { createTelemetry } from "../aws/telemetry.ts";

/** Left of the function's time when no new try is begun: enough to publish, ask for the marker and answer. */
const RESERVE_MS = 10_000;
/** What a call without a context gets, as in the local cloud. */
const TIME_WITHOUT_CONTEXT_MS = 30_000;

const countdown = (): (() => number) => {
  const startedMs = performance.now();
  return () => TIME_WITHOUT_CONTEXT_MS - (performance.now() - startedMs);
};

/**
 * The Lambda function behind the queue of object events: hands the batch to the application and reports the messages
 * that must come again (ReportBatchItemFailures).
 */
export const createProjectHandler =
  (app: App) =>
  async (event: SQSEvent, context?: Context): Promise<SQSBatchResponse> => {
    const messages = event.Records.map(({ messageId, body }) => ({ id: messageId, body }));
    const remainingMs = context ? () => context.getRemainingTimeInMillis() : countdown();
    const failed = await app.project(messages, () => remainingMs() - RESERVE_MS);
    return { batchItemFailures: [...failed].map(itemIdentifier => ({ itemIdentifier })) };
  };

const telemetry = createTelemetry();
const current = keptApp(() => cloudApp(createClients(process.env), process.env, undefined, telemetry.log));

/** Lambda's entry point. The application is made at the first call, and anew after a restore. */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  return telemetry.around(context, async () => {
    const answer = await createProjectHandler(await current())(event, context);
    telemetry.metrics.count("Messages", event.Records.length);
    telemetry.metrics.count("MessagesFailed", answer.batchItemFailures.length);
    return answer;
  });
};
