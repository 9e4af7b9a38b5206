import type { Context } from "aws-lambda";
import { type App, cloudApp } from "../app.ts";
import { type Clients, createClients } from "../aws/clients.ts";
import { dropTable } from "../aws/drop-table.ts";
import { DynamoStore } from "../aws/dynamo-store.ts";
import { awsPointInTime } from "../aws/point-in-time.ts";
import { createTelemetry } from "../aws/telemetry.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { PointInTime } from "../ports/point-in-time.ts";
import type { Drilling } from "../replay/drill/drill.ts";
import { clearScratch, drillInstant, fillScratch, rehearse } from "../replay/stepwise/drill-in-steps.ts";
import { impatientClock } from "../replay/stepwise/impatient-clock.ts";

/** Left of the function's time when it does not wait any longer. */
const RESERVE_MS = 60_000;

/** What the state machine asks for. `at`: ISO instant, as `fill` answered it. `rounds`: how often it asked before. */
export type DrillEvent = {
  readonly step: "clear" | "fill" | "rehearse";
  readonly at?: string;
  readonly rounds?: number;
};

export type DrillAnswer =
  | { readonly state: "done" | "waiting"; readonly rounds: number; readonly at?: string }
  | {
      readonly isEqual: boolean;
      readonly at: string;
      readonly decisions: number;
      readonly perSecond: number;
      readonly differences: number;
    };

type Environment = {
  readonly app: App;
  readonly clients: Clients;
  readonly metrics: Metrics;
  readonly pointInTime?: PointInTime;
};

/**
 * The Lambda function behind the steps of a drill. Each may be called again. The rehearsal must fit into fifteen minutes;
 * drill larger tables with the command, on a machine that stays. Throws: as `drill`.
 */
export const createDrillHandler =
  (environment: Environment) =>
  async ({ step, at, rounds = 0 }: DrillEvent, remainingMs: () => number): Promise<DrillAnswer> => {
    const drilling = await drillingOf(environment, at, () => remainingMs() - RESERVE_MS);
    if (step === "clear") return { state: await clearScratch(drilling), rounds: rounds + 1 };
    const instant = await drillInstant(drilling);
    if (step === "fill")
      return { state: await fillScratch(drilling, instant), rounds: rounds + 1, at: instant };
    const { decisions, perSecond, verified, isEqual, counts } = await rehearse(drilling, instant);
    const differences = verified.faults.length + verified.differences.length + counts.offTheChain;
    environment.metrics.count("DrillDifferences", differences);
    environment.metrics.count("DrillCompleted", 1);
    return { isEqual, at: instant, decisions, perSecond, differences };
  };

const drillingOf = async (
  { app, clients, pointInTime }: Environment,
  at: string | undefined,
  remainingMs: () => number,
): Promise<Drilling> => {
  const clock = impatientClock(app.clock, remainingMs);
  const client = await clients.dynamodb();
  return {
    at,
    ledger: { ...app.ledger, clock },
    table: app.config.table,
    tables: {
      pointInTime: pointInTime ?? awsPointInTime({ client, clock }),
      open: async tableName => new DynamoStore({ client, tableName }),
      drop: table => dropTable(client, clock, table),
    },
  };
};

const telemetry = createTelemetry();
const clients = createClients(process.env);

/** Lambda's entry point. Each call asks anew which table is live. */
export const handler = async (event: DrillEvent, context: Context): Promise<DrillAnswer> =>
  telemetry.around(context, async () => {
    const app = await cloudApp(clients, process.env, undefined, telemetry.log);
    const environment = { app, clients, metrics: telemetry.metrics };
    return createDrillHandler(environment)(event, () => context.getRemainingTimeInMillis());
  });
