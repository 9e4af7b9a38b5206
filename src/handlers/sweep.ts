import type { Context, ScheduledEvent } from "aws-lambda";
import { type App, cloudApp, keptApp } from "../app.ts";
import { createClients } from "../aws/clients.ts";
import { createTelemetry } from "../aws/telemetry.ts";

type Swept = ReturnType<App["sweep"]>;

/** Left of the function's time when no new decision is begun: enough to publish the last one and answer. */
const RESERVE_MS = 10_000;
/** What a call without a context gets, as in the local cloud. */
const TIME_WITHOUT_CONTEXT_MS = 30_000;

const countdown = (): (() => number) => {
  const startedMs = performance.now();
  return () => TIME_WITHOUT_CONTEXT_MS - (performance.now() - startedMs);
};

/**
 * The Lambda function behind a schedule: decides what is parked and need not wait any more. A sweep that ends early
 * goes on with the next one; two at once do no harm.
 */
export const createSweepHandler =
  (app: App) =>
  (_event?: ScheduledEvent, context?: Context): Swept => {
    const remainingMs = context ? () => context.getRemainingTimeInMillis() : countdown();
    return app.sweep(() => remainingMs() - RESERVE_MS);
  };

const telemetry = createTelemetry();
const current = keptApp(() => cloudApp(createClients(process.env), process.env, undefined, telemetry.log));

/** Lambda's entry point. The application is made at the first call, and anew after a restore. */
export const handler = async (event: ScheduledEvent, context: Context): Promise<Awaited<Swept>> => {
  return telemetry.around(context, async () => {
    const swept = await createSweepHandler(await current())(event, context);
    telemetry.metrics.count("SweepTroubles", swept.troubles.length);
    return swept;
  });
};
