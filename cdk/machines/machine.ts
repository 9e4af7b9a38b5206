import { RemovalPolicy, Stack } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { DefinitionBody, LogLevel, StateMachine as Machine } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { type Allowed, acknowledgeTracing, allow } from "../constructs/allowed.ts";
import type { FunctionName } from "../functions/catalogue.ts";
import type { BucketRole } from "../functions/spec.ts";
import { type Names, namesIn, SHOWN } from "../names.ts";
import type { Settings } from "../settings.ts";
import type { StateMachine } from "./states.ts";

export type MachineProps = {
  readonly definition: StateMachine;
  /** Behind the prefix. */
  readonly name: string;
  readonly calls: readonly FunctionName[];
  /** Buckets whose inventories it maps over. */
  readonly readsInventoriesOf?: readonly BucketRole[];
  /** Whether it starts executions of itself, as a distributed map does. */
  readonly isFannedOut: boolean;
  readonly names: Names;
  readonly settings: Settings;
};

/** A state machine from a plain definition, with a role for what the definition does. */
export class DaybookMachine extends Construct {
  readonly machine: Machine;

  constructor(scope: Construct, id: string, props: MachineProps) {
    super(scope, id);
    const { definition, name, calls, names, settings } = props;
    const stateMachineName = names.machine(name);
    const stack = Stack.of(this);
    const role = new Role(this, "role", { assumedBy: new ServicePrincipal("states.amazonaws.com") });
    allow(role, allowedOf(props, names), allowedOf(props, namesIn(SHOWN, settings)));
    acknowledgeTracing(role);
    this.machine = new Machine(this, "machine", {
      stateMachineName,
      definitionBody: DefinitionBody.fromString(JSON.stringify(definition)),
      definitionSubstitutions: {
        partition: stack.partition,
        operators: names.topicArn("operators"),
        ...Object.fromEntries(calls.map(name => [name, names.functionArn(name)])),
      },
      role,
      tracingEnabled: true,
      logs: {
        level: LogLevel.ALL,
        destination: new LogGroup(this, "log", {
          logGroupName: `/aws/vendedlogs/states/${stateMachineName}`,
          retention: settings.logDays as RetentionDays,
          removalPolicy: settings.retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
        }),
      },
    });
  }
}

const allowedOf = (
  { name, calls, readsInventoriesOf = [], isFannedOut }: MachineProps,
  names: Names,
): readonly Allowed[] => [
  { actions: ["lambda:InvokeFunction"], resources: calls.map(names.functionArn) },
  { actions: ["sns:Publish"], resources: [names.topicArn("operators")] },
  {
    actions: readsInventoriesOf.length === 0 ? [] : ["s3:GetObject"],
    resources: readsInventoriesOf.map(role => `${names.inventoryArn(role)}/*`),
    why: "S3 names the files of a report.",
  },
  { actions: isFannedOut ? ["states:StartExecution"] : [], resources: [names.machineArn(name)] },
  {
    actions: isFannedOut ? ["states:DescribeExecution", "states:StopExecution"] : [],
    resources: names.executionArns(name),
    why: "A distributed map starts executions of its own machine, named by Step Functions.",
  },
];
