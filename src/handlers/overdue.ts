import type { Context } from "aws-lambda";
import { type App, cloudApp, keptApp } from "../app.ts";
import { createClients } from "../aws/clients.ts";
import { createTelemetry } from "../aws/telemetry.ts";
import type { Metrics } from "../ports/metrics.ts";
import { countOverdue, type Overdue } from "../replay/watch/count-overdue.ts";

/** Placing takes seconds; six hours later somebody should look. */
const UNPLACED_MS = 6 * 3_600_000;
/** Decisions take seconds, and a queue that stood still for a quarter of an hour is news. */
const UNDECIDED_MINUTES = 15;

/** What the schedule hands over. */
export type OverdueEvent = { readonly undecidedMinutes?: number };

/** The Lambda function behind a schedule: counts what waits too long, as metrics for the alarms. */
export const createOverdueHandler =
  (app: App, metrics: Metrics) =>
  async ({ undecidedMinutes = UNDECIDED_MINUTES }: OverdueEvent): Promise<Overdue> => {
    const patience = { undecidedMs: undecidedMinutes * 60_000, unplacedMs: UNPLACED_MS };
    const overdue = await countOverdue(app.ledger, patience);
    metrics.count("UndecidedOverdue", overdue.undecided);
    metrics.count("UnplacedOverdue", overdue.unplaced);
    metrics.count("UntaggedOverdue", overdue.untagged);
    return overdue;
  };

const telemetry = createTelemetry();
const current = keptApp(() => cloudApp(createClients(process.env), process.env, undefined, telemetry.log));

/** Lambda's entry point. */
export const handler = async (event: OverdueEvent, context: Context): Promise<Overdue> =>
  telemetry.around(context, async () => createOverdueHandler(await current(), telemetry.metrics)(event));
