import { Duration } from "aws-cdk-lib";
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IWidget,
} from "aws-cdk-lib/aws-cloudwatch";
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";
import type { QueueRole } from "../functions/spec.ts";
import type { Settings } from "../settings.ts";
import { counted } from "./alarms.ts";
import type { DaybookFunction } from "./daybook-function.ts";
import type { QueueWithDeadLetters } from "./queue-with-dead-letters.ts";

export type Shown = {
  readonly settings: Settings;
  readonly queues: Readonly<Record<QueueRole, QueueWithDeadLetters>>;
  readonly live: Readonly<Record<QueueRole, DaybookFunction>>;
  readonly table: Table;
  readonly alarms: readonly Alarm[];
};

const PERIOD = Duration.minutes(5);
const HALF = 12;

/** One page: what is wrong, what flows, what waits, what it costs the table. */
export const dashboard = (scope: Construct, shown: Shown): Dashboard => {
  const { settings, alarms } = shown;
  return new Dashboard(scope, "dashboard", {
    dashboardName: settings.prefix,
    widgets: [
      [new AlarmStatusWidget({ title: "Alarms", alarms: [...alarms], width: 24, height: 4 })],
      [flow(shown), waiting(shown)],
      [functions(shown), bank(shown)],
      [table(shown)],
    ],
  });
};

const flow = ({ queues }: Shown): IWidget =>
  new GraphWidget({
    title: "Messages",
    width: HALF,
    left: Object.values(queues).flatMap(({ queue }) => [
      queue.metricNumberOfMessagesSent({ period: PERIOD }),
      queue.metricNumberOfMessagesDeleted({ period: PERIOD }),
    ]),
  });

const waiting = ({ queues }: Shown): IWidget =>
  new GraphWidget({
    title: "Waiting",
    width: HALF,
    left: Object.values(queues).map(({ queue }) =>
      queue.metricApproximateAgeOfOldestMessage({ period: PERIOD }),
    ),
    right: Object.values(queues).flatMap(({ deadLetters, undelivered }) => [
      deadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD }),
      undelivered.metricApproximateNumberOfMessagesVisible({ period: PERIOD }),
    ]),
  });

const functions = ({ live }: Shown): IWidget =>
  new GraphWidget({
    title: "Functions",
    width: HALF,
    left: Object.values(live).flatMap(({ function: made }) => [
      made.metricErrors({ period: PERIOD }),
      made.metricThrottles({ period: PERIOD }),
    ]),
    right: Object.values(live).map(({ function: made }) =>
      made.metricDuration({ period: PERIOD, statistic: "p99" }),
    ),
  });

const bank = ({ settings }: Shown): IWidget =>
  new GraphWidget({
    title: "Overdue and different",
    width: HALF,
    left: ["UndecidedOverdue", "UnplacedOverdue", "UntaggedOverdue", "ChainMismatch", "MessagesFailed"].map(
      name => counted(name, settings.prefix, { statistic: "Maximum" }),
    ),
  });

const table = ({ table: shown }: Shown): IWidget =>
  new GraphWidget({
    title: "Table",
    width: 24,
    left: [
      shown.metricConsumedWriteCapacityUnits({ period: PERIOD }),
      shown.metricConsumedReadCapacityUnits({ period: PERIOD }),
    ],
  });
