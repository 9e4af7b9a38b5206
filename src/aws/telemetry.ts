import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics as EmbeddedMetrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { Log } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";

/** What CloudWatch keeps the functions' metrics under; alarms and dashboard name it too. */
export const METRICS_NAMESPACE = "Daybook";

/** The part of Lambda's context that the log shows. */
type Invocation = Parameters<Logger["addContext"]>[0];

/** What a function tells of itself: log lines that know their invocation, and counts in the embedded metric format. */
export type Telemetry = {
  readonly log: Log;
  readonly metrics: Metrics;
  /** Works through one invocation, and then hands over what was counted, also where it fails. */
  around<T>(context: Invocation, work: () => Promise<T>): Promise<T>;
};

/**
 * The telemetry of one function, by Powertools, made when it is first needed. Log lines bear the request's id, metrics
 * the dimension `service`: the environment's POWERTOOLS_SERVICE_NAME.
 */
export const createTelemetry = (): Telemetry => {
  let made: { readonly logger: Logger; readonly embedded: EmbeddedMetrics } | undefined;
  const kept = () => {
    made ??= { logger: new Logger(), embedded: new EmbeddedMetrics({ namespace: METRICS_NAMESPACE }) };
    return made;
  };
  return {
    log: {
      info: (message, facts = {}) => kept().logger.info(message, facts),
      warn: (message, facts = {}) => kept().logger.warn(message, facts),
      error: (message, facts = {}) => kept().logger.error(message, facts),
    },
    metrics: { count: (name, value) => void kept().embedded.addMetric(name, MetricUnit.Count, value) },
    around: async (context, work) => {
      const { logger, embedded } = kept();
      logger.addContext(context);
      embedded.captureColdStartMetric(context.functionName);
      try {
        return await work();
      } finally {
        if (embedded.hasStoredMetrics()) embedded.publishStoredMetrics();
      }
    },
  };
};
