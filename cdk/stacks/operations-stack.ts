import { Duration, Stack, type StackProps } from "aws-cdk-lib";
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import { Rule, RuleTargetInput, Schedule } from "aws-cdk-lib/aws-events";
import {
  LambdaFunction as CallFunction,
  SfnStateMachine as StartMachine,
} from "aws-cdk-lib/aws-events-targets";
import type { Construct } from "constructs";
import { alarmsOf } from "../constructs/alarm-list.ts";
import { alarm } from "../constructs/alarms.ts";
import { dashboard } from "../constructs/dashboard.ts";
import { DaybookFunction } from "../constructs/daybook-function.ts";
import { inventoryQueries } from "../constructs/inventory-queries.ts";
import { operatorsTopic } from "../constructs/operators-topic.ts";
import type { QueueWithDeadLetters } from "../constructs/queue-with-dead-letters.ts";
import type { Bundle } from "../functions/bundle.ts";
import type { FunctionName } from "../functions/catalogue.ts";
import { OPERATING } from "../functions/operating-functions.ts";
import type { QueueRole } from "../functions/spec.ts";
import { drill } from "../machines/drill.ts";
import { DaybookMachine } from "../machines/machine.ts";
import { recovery } from "../machines/recovery.ts";
import { INVENTORIED, namesIn } from "../names.ts";
import type { Settings } from "../settings.ts";

export type OperationsStackProps = StackProps & {
  readonly settings: Settings;
  readonly bundles: Readonly<Record<FunctionName, Bundle>>;
  readonly queues: Readonly<Record<QueueRole, QueueWithDeadLetters>>;
  readonly live: Readonly<Record<QueueRole, DaybookFunction>>;
  readonly table: Table;
};

type Operating = keyof typeof OPERATING;
const NAMES = Object.keys(OPERATING) as readonly Operating[]; // its own keys

/** When each is called. Times of day are UTC; the heavy ones are spread over the night. */
const SCHEDULES: Readonly<Partial<Record<Operating, Schedule>>> = {
  sweep: Schedule.rate(Duration.minutes(5)),
  overdue: Schedule.rate(Duration.minutes(15)),
  reconcile: Schedule.rate(Duration.hours(6)),
  snapshot: Schedule.cron({ minute: "20", hour: "0" }),
  verify: Schedule.cron({ minute: "40", hour: "1" }),
};
/** Sundays, so that each week has one day with a drill. */
const DRILL_SCHEDULE = Schedule.cron({ minute: "0", hour: "4", weekDay: "SUN" });

/** What looks after the bank: schedules, alarms, the dashboard, restore and drill, queries over inventories. */
export class OperationsStack extends Stack {
  constructor(scope: Construct, id: string, props: OperationsStackProps) {
    super(scope, id, props);
    const { settings, bundles, queues, live, table } = props;
    const names = namesIn(this, settings);
    const operators = operatorsTopic(this, {
      topicName: names.topic("operators"),
      email: settings.operatorEmail,
    });
    const functions = Object.fromEntries(
      NAMES.map(name => [
        name,
        new DaybookFunction(this, name, { spec: OPERATING[name], bundle: bundles[name], names, settings }),
      ]),
    ) as Record<Operating, DaybookFunction>; // one for each name
    for (const [name, schedule] of Object.entries(SCHEDULES))
      new Rule(this, `${name}-schedule`, {
        schedule,
        targets: [
          new CallFunction(functions[name as Operating].function, {
            retryAttempts: 2,
            ...(name === "overdue" && {
              event: RuleTargetInput.fromObject({ undecidedMinutes: settings.undecidedMinutes }),
            }),
          }),
        ],
      });
    const shared = { names, settings };
    const recoveryMachine = new DaybookMachine(this, "recovery", {
      ...shared,
      definition: recovery(settings.repairConcurrency),
      name: "recovery",
      calls: ["restore", "replay", "ingest", "reconcile"],
      readsInventoriesOf: INVENTORIED,
      isFannedOut: true,
    });
    const drillMachine = new DaybookMachine(this, "drills", {
      ...shared,
      definition: drill(),
      name: "drill",
      calls: ["drill"],
      isFannedOut: false,
    });
    new Rule(this, "drill-schedule", {
      schedule: DRILL_SCHEDULE,
      targets: [new StartMachine(drillMachine.machine)],
    });
    const machines = { recovery: recoveryMachine.machine, drill: drillMachine.machine };
    const alarms = alarmsOf({ queues, functions: { ...live, ...functions }, machines, table, settings });
    const made = alarms.map(spec => alarm(this, operators, spec));
    dashboard(this, { settings, queues, live, table, alarms: made });
    inventoryQueries(this, names, settings);
  }
}
