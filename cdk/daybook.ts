import { App, type AppProps, Tags, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { bankTable } from "../src/app.ts";
import type { Bundle } from "./functions/bundle.ts";
import type { FunctionName } from "./functions/catalogue.ts";
import { InvalidSetting, settingsFrom } from "./settings.ts";
import { BridgeStack } from "./stacks/bridge-stack.ts";
import { OperationsStack } from "./stacks/operations-stack.ts";
import { PipelineStack } from "./stacks/pipeline-stack.ts";
import { StorageStack } from "./stacks/storage-stack.ts";
import { TableStack } from "./stacks/table-stack.ts";

export type Daybook = {
  readonly app: App;
  readonly table: TableStack;
  readonly pipeline: PipelineStack;
  readonly storage: StorageStack;
  readonly operations: OperationsStack;
};

/**
 * The whole of Daybook as stacks: table and pipeline, then the buckets that tell the pipeline, then what looks after
 * them. Without account and Region: the deployment has them from its own surroundings.
 *
 * Throws: `InvalidSetting`.
 */
export const createDaybook = (
  bundles: Readonly<Record<FunctionName, Bundle>>,
  props: AppProps = {},
): Daybook => {
  const app = new App(props);
  const settings = settingsFrom(name => app.node.tryGetContext(name));
  const { prefix } = settings;
  const stack = (name: string, description: string) =>
    [app, `${prefix}-${name}`, { stackName: `${prefix}-${name}`, description }] as const;
  const on = <P extends object>([scope, id, shared]: ReturnType<typeof stack>, own: P) =>
    [scope, id, { ...shared, ...own, settings }] as const;
  const table = new TableStack(...on(stack("table", "Daybook: the table"), { definition: bankTable }));
  const pipeline = new PipelineStack(
    ...on(stack("pipeline", "Daybook: from notifications to functions"), { bundles }),
  );
  const storage = new StorageStack(
    ...on(stack("storage", "Daybook: the buckets"), {
      placeRoleArn: pipeline.functions.place.role.roleArn,
    }),
  );
  // S3 tests a topic when it is named as the one to tell.
  storage.addStackDependency(pipeline);
  const operations = new OperationsStack(
    ...on(stack("operations", "Daybook: schedules, alarms, restore, drills"), {
      bundles,
      queues: pipeline.queues,
      live: pipeline.functions,
      table: table.table,
    }),
  );
  operations.addStackDependency(storage);
  if (settings.bridgeImage !== "") {
    const variables = variablesIn(app.node.tryGetContext("bridgeVariables"));
    const bridge = new BridgeStack(
      ...on(stack("bridge", "Daybook: a program that runs on what is stored"), { variables }),
    );
    // Its alarms tell the topic of operations.
    bridge.addStackDependency(operations);
  }
  Tags.of(app).add("application", prefix);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { app, table, pipeline, storage, operations };
};

/** An object of text, or its JSON where it comes from the command line. Throws: `InvalidSetting`. */
const variablesIn = (value: unknown): Readonly<Record<string, string>> => {
  const read: unknown = typeof value === "string" ? JSON.parse(value) : (value ?? {});
  if (typeof read !== "object" || read === null || Object.values(read).some(each => typeof each !== "string"))
    throw new InvalidSetting("bridgeVariables", "an object of text", value);
  return read as Readonly<Record<string, string>>; // checked above
};
