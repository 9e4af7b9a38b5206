import { Duration } from "aws-cdk-lib";
import { Metric } from "aws-cdk-lib/aws-cloudwatch";
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import type { StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import type { QueueRole } from "../functions/spec.ts";
import type { Settings } from "../settings.ts";
import { type AlarmSpec, counted } from "./alarms.ts";
import type { DaybookFunction } from "./daybook-function.ts";
import type { QueueWithDeadLetters } from "./queue-with-dead-letters.ts";

export type Watched = {
  readonly queues: Readonly<Record<QueueRole, QueueWithDeadLetters>>;
  readonly functions: Readonly<Record<string, DaybookFunction>>;
  readonly machines: Readonly<Record<"recovery" | "drill", StateMachine>>;
  readonly table: Table;
  readonly settings: Settings;
};

const MINUTE = Duration.minutes(1);
const QUARTER = Duration.minutes(15);
const DAY = Duration.days(1);
/** A batch of a busy account takes seconds; ten minutes mean that nobody works, or that all is halted. */
const OLDEST_SECONDS_MAX = 600;
/** Drills come once a week. CloudWatch looks back a week at most. */
const DRILL_DAYS = 7;

/** Everything people are called for. */
export const alarmsOf = (watched: Watched): readonly AlarmSpec[] => [
  ...Object.entries(watched.queues).flatMap(([name, queues]) => queueAlarms(name, queues)),
  ...bankAlarms(watched),
  ...Object.entries(watched.functions).map(
    ([name, { function: made }]): AlarmSpec => ({
      name: `${name}-throttled`,
      description: `Lambda throttles ${name}: raise the account's concurrency, or lower the settings.`,
      metric: made.metricThrottles({ period: QUARTER, statistic: "Sum" }),
      most: 0,
    }),
  ),
  ...["sweep", "overdue", "reconcile", "snapshot", "verify"].flatMap((name): readonly AlarmSpec[] => {
    const made = watched.functions[name]?.function;
    return made === undefined
      ? []
      : [
          {
            name: `${name}-failed`,
            description: `${name} failed on its schedule: its log says why.`,
            metric: made.metricErrors({ period: QUARTER, statistic: "Sum" }),
            most: 0,
          },
        ];
  }),
];

const queueAlarms = (name: string, queues: QueueWithDeadLetters): readonly AlarmSpec[] => [
  ...deadLetterAlarms(name, queues, {
    dead: '"daybook dead-letters list".',
    undelivered: "reconcile finds what it was.",
  }),
  {
    name: `${name}-old`,
    description: `Messages of ${name} wait: is all halted, is the function failing?`,
    metric: queues.queue.metricApproximateAgeOfOldestMessage({ period: MINUTE, statistic: "Maximum" }),
    most: OLDEST_SECONDS_MAX,
    periods: 5,
  },
];

/** Of what nobody works on any more. `advice`: what to do about each. */
export const deadLetterAlarms = (
  name: string,
  { deadLetters, undelivered }: QueueWithDeadLetters,
  advice: { readonly dead: string; readonly undelivered: string },
): readonly AlarmSpec[] => [
  {
    name: `${name}-dead-letters`,
    description: `Messages of ${name} were received too often: ${advice.dead}`,
    metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period: MINUTE, statistic: "Maximum" }),
    most: 0,
  },
  {
    name: `${name}-undelivered`,
    description: `The topic could not deliver to ${name}: ${advice.undelivered}`,
    metric: undelivered.metricApproximateNumberOfMessagesVisible({ period: MINUTE, statistic: "Maximum" }),
    most: 0,
  },
];

const bankAlarms = ({ settings, table, machines }: Watched): readonly AlarmSpec[] => {
  const metric = (name: string, period = QUARTER) =>
    counted(name, settings.prefix, { statistic: "Maximum", period });
  return [
    {
      name: "undecided",
      description: `Requests wait for their decision for more than ${settings.undecidedMinutes} minutes: "daybook overdue".`,
      metric: metric("UndecidedOverdue"),
      most: 0,
    },
    {
      name: "unplaced",
      description: 'Decided requests wait for their place for more than six hours: "daybook overdue".',
      metric: metric("UnplacedOverdue"),
      most: 0,
    },
    {
      name: "untagged",
      description: 'Requests that should have left new-events bear no tag: "daybook overdue".',
      metric: metric("UntaggedOverdue"),
      most: 0,
    },
    {
      name: "chain-mismatch",
      description: 'The table is not what S3 says: "daybook verify" names the accounts. Halt first.',
      metric: metric("ChainMismatch", DAY),
      most: 0,
    },
    {
      name: "table-throttled",
      description:
        "DynamoDB throttles writes: an account is hotter than its partition, or the table's quota is reached.",
      metric: new Metric({
        namespace: "AWS/DynamoDB",
        metricName: "WriteThrottleEvents",
        dimensionsMap: { TableName: table.tableName },
        period: QUARTER,
        statistic: "Sum",
      }),
      most: 0,
    },
    {
      name: "drill-failed",
      description: "A drill failed: a table restored now would not be what S3 says, or none would be made.",
      metric: machines.drill.metricFailed({ period: QUARTER, statistic: "Sum" }),
      most: 0,
    },
    {
      name: "drill-not-run",
      description: "No drill ended in a week: whether a restore would work is not known any more.",
      metric: counted("DrillCompleted", settings.prefix, { statistic: "Sum", period: DAY }),
      most: 0,
      isMissedIfSilent: true,
      periods: DRILL_DAYS,
    },
    {
      name: "recovery-failed",
      description: "A restore stopped: the execution says where, and what to do.",
      metric: machines.recovery.metricFailed({ period: MINUTE, statistic: "Sum" }),
      most: 0,
    },
  ];
};
