import type { Context } from "aws-lambda";
import { type App, cloudApp, keptApp } from "../app.ts";
import { createClients } from "../aws/clients.ts";
import { createTelemetry } from "../aws/telemetry.ts";
import type { Metrics } from "../ports/metrics.ts";
import { differenceText } from "../replay/verify/difference.ts";
import { verifyDecisions } from "../replay/verify/verify-decisions.ts";

/** What a schedule's function reports; the log has the first of what is wrong. */
export type VerifyReport = { readonly decisions: number; readonly streams: number; readonly wrong: number };

const LOGGED_MAX = 20;

/**
 * The Lambda function behind a schedule: computes every stream from S3 alone, and counts where the table differs.
 * Fifteen minutes are enough for some hundred thousand decisions; verify more with the command, on a machine that stays.
 */
export const createVerifyHandler = (app: App, metrics: Metrics) => async (): Promise<VerifyReport> => {
  const { ledger } = app;
  const { decisions, streams, faults, differences } = await verifyDecisions(ledger);
  const wrong = [...faults, ...differences];
  for (const each of wrong.slice(0, LOGGED_MAX))
    ledger.log.error("A stream is not what S3 says", { difference: differenceText(each) });
  metrics.count("ChainMismatch", wrong.length);
  return { decisions, streams, wrong: wrong.length };
};

const telemetry = createTelemetry();
const current = keptApp(() => cloudApp(createClients(process.env), process.env, undefined, telemetry.log));

/** Lambda's entry point. */
export const handler = async (_event: unknown, context: Context): Promise<VerifyReport> =>
  telemetry.around(context, async () => createVerifyHandler(await current(), telemetry.metrics)());
