import { Duration } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  Metric,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { METRICS_NAMESPACE } from "../../src/aws/telemetry.ts";

/** What people are called for: above `most` in one period, or, if `isMissedIfSilent`, not told at all. */
export type AlarmSpec = {
  readonly name: string;
  readonly description: string;
  readonly metric: IMetric;
  readonly most: number;
  readonly isMissedIfSilent?: boolean;
  readonly periods?: number;
};

/** A metric that the functions count. */
export const counted = (
  name: string,
  service: string,
  { statistic = "Sum", period = Duration.minutes(15) }: { statistic?: string; period?: Duration } = {},
): Metric =>
  new Metric({
    namespace: METRICS_NAMESPACE,
    metricName: name,
    dimensionsMap: { service },
    statistic,
    period,
  });

/** Makes an alarm that tells a topic. */
export const alarm = (scope: Construct, topic: ITopic, spec: AlarmSpec): Alarm => {
  const { name, description, metric, most, isMissedIfSilent = false, periods = 1 } = spec;
  const made = new Alarm(scope, name, {
    alarmDescription: description,
    metric,
    threshold: most,
    evaluationPeriods: periods,
    datapointsToAlarm: isMissedIfSilent ? periods : 1,
    comparisonOperator: isMissedIfSilent
      ? ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD
      : ComparisonOperator.GREATER_THAN_THRESHOLD,
    treatMissingData: isMissedIfSilent ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
  });
  made.addAlarmAction(new SnsAction(topic));
  return made;
};
