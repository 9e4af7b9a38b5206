import type { Context } from "aws-lambda";
import { type App, cloudApp, keptApp } from "../app.ts";
import { createClients } from "../aws/clients.ts";
import { createTelemetry } from "../aws/telemetry.ts";
import { InvalidConfig } from "../config.ts";
import { isoInstant } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";
import { recordedReconcile } from "../replay/reconcile/recorded.ts";
import { FINDINGS } from "../replay/reconcile/tally.ts";

/** Left of the function's time when no more keys are looked at: enough to tell what was found, and answer. */
const RESERVE_MS = 30_000;
/** As `daybook reconcile` without options. */
const SINCE_DAYS = 35;
const GRACE_MS = 300_000;
const DAY_MS = 86_400_000;

/** `isComplete`: false where its time was used up or another one ran; what it told is known to the next one. */
export type ReconcileReport = {
  readonly isComplete: boolean;
  readonly counts: Readonly<Record<string, number>>;
};

/**
 * The Lambda function behind a schedule: lists the buckets, and has told again what nobody was told of or left undone.
 * Throws: `InvalidConfig` where nobody said which topic to tell; `SplitBrain`, `TooManyKeys`; what the ports throw.
 */
export const createReconcileHandler =
  ({ ledger, config, clock, objectsTopic: topic, decidedTopic: decided }: App, metrics: Metrics) =>
  async (remainingMs: () => number): Promise<ReconcileReport> => {
    const region = config.objectsTopic?.split(":")[3];
    if (topic === undefined || region === undefined)
      throw new InvalidConfig("DAYBOOK_OBJECTS_TOPIC", "the ARN of the topic of object events", "");
    const { newEvents, archive, rejected } = config.buckets;
    const recorded = await recordedReconcile(ledger, {
      scope: { buckets: [newEvents, archive, rejected], prefix: "" },
      since: isoInstant(clock.now() - SINCE_DAYS * DAY_MS).slice(0, 10),
      graceMs: GRACE_MS,
      feed: { topic, decided, region },
      looksForUnplaced: decided !== undefined,
      isStopped: () => remainingMs() < RESERVE_MS,
    });
    if (recorded.outcome === "busy") return { isComplete: false, counts: {} };
    const { counts, isComplete } = recorded.reconciled;
    for (const finding of FINDINGS) metrics.count(metricOf(finding), counts[finding]);
    return { isComplete, counts };
  };

const metricOf = (finding: string): string =>
  `Reconcile${finding.slice(0, 1).toUpperCase()}${finding.slice(1)}`;

const telemetry = createTelemetry();
const current = keptApp(() => cloudApp(createClients(process.env), process.env, undefined, telemetry.log));

/** Lambda's entry point. */
export const handler = async (_event: unknown, context: Context): Promise<ReconcileReport> =>
  telemetry.around(context, async () =>
    createReconcileHandler(await current(), telemetry.metrics)(() => context.getRemainingTimeInMillis()),
  );
