import type { Context } from "aws-lambda";
import { type App, bankTable, cloudApp } from "../app.ts";
import { type Clients, createClients } from "../aws/clients.ts";
import { createLike } from "../aws/create-like.ts";
import { DynamoStore } from "../aws/dynamo-store.ts";
import { LambdaEventSources } from "../aws/event-sources.ts";
import { awsPointInTime } from "../aws/point-in-time.ts";
import { createTelemetry } from "../aws/telemetry.ts";
import type { PointInTime } from "../ports/point-in-time.ts";
import { consumersOfRestore } from "../replay/restore/halting.ts";
import { MARGIN_MS, type RestorePlan, type RestoreWish } from "../replay/restore/plan.ts";
import { type Restoring, restore } from "../replay/restore/restore.ts";
import { impatientClock } from "../replay/stepwise/impatient-clock.ts";
import {
  planned,
  prepare,
  type RestoredVerified,
  verifyPrepared,
} from "../replay/stepwise/restore-in-steps.ts";

/** Left of the function's time when it does not wait any longer. */
const RESERVE_MS = 60_000;

/** What the state machine asks for: one step of a restore that it describes in full each time. */
export type RestoreEvent = {
  readonly step: "plan" | "prepare" | "verify" | "move";
  /** Margin: default as for the command. */
  readonly wish: Pick<RestoreWish, "from" | "reason"> & Partial<RestoreWish>;
  /** How often `prepare` was called before. */
  readonly rounds?: number;
};

export type RestoreAnswer =
  | RestorePlan
  | { readonly state: "prepared" | "waiting"; readonly rounds: number }
  | RestoredVerified
  | { readonly epoch: number; readonly table: string; readonly gated: number; readonly isRepaired: boolean };

type Environment = { readonly app: App; readonly clients: Clients; readonly pointInTime?: PointInTime };

/**
 * The Lambda function behind the steps of a restore. Each may be called again, with the same event: it finds what it did.
 * Its time bounds the size of the table: what one reading of it takes must fit into fifteen minutes, or the command must
 * do it on a machine that stays. Throws: `RestoreRefused`, `OffTheChain`, `ManifestDamaged`; what the ports throw.
 */
export const createRestoreHandler =
  (environment: Environment) =>
  async (event: RestoreEvent, remainingMs: () => number): Promise<RestoreAnswer> => {
    const restoring = await restoringOf(environment, () => remainingMs() - RESERVE_MS);
    const wish: RestoreWish = { marginMs: MARGIN_MS, isInstead: false, ...event.wish };
    const { rounds = 0 } = event;
    if (event.step === "plan") return planned(restoring, wish);
    if (event.step === "prepare") return { state: await prepare(restoring, wish), rounds: rounds + 1 };
    if (event.step === "move") {
      const { plan, gated, isRepaired } = await restore(restoring, wish);
      return { epoch: plan.epoch, table: plan.table, gated, isRepaired };
    }
    const { epoch, table } = await planned(restoring, wish);
    const store = await restoring.tables.open(table);
    return verifyPrepared({
      ...restoring.ledger,
      store,
      epoch,
      published: new Map(),
      onEpochOver: undefined,
    });
  };

const restoringOf = async (
  { app, clients, pointInTime }: Environment,
  remainingMs: () => number,
): Promise<Restoring> => {
  const clock = impatientClock(app.clock, remainingMs);
  const client = await clients.dynamodb();
  const { objects, decisionsBucket: bucket } = app.ledger;
  const { project, place } = app.config.functions;
  const sources = new LambdaEventSources(await clients.lambda());
  const open = async (table: string) => new DynamoStore({ client, tableName: table });
  return {
    ledger: { ...app.ledger, clock },
    table: app.config.table,
    tables: {
      pointInTime: pointInTime ?? awsPointInTime({ client, clock }),
      open,
      create: async table => {
        await createLike(client, clock, bankTable, { like: app.config.table, to: table });
        return open(table);
      },
    },
    consumers: consumersOfRestore({ objects, bucket, clock, sources, functions: [project, place] }),
  };
};

const telemetry = createTelemetry();
const clients = createClients(process.env);

/** Lambda's entry point. Each call asks anew which table is live. */
export const handler = async (event: RestoreEvent, context: Context): Promise<RestoreAnswer> =>
  telemetry.around(context, async () => {
    const app = await cloudApp(clients, process.env, undefined, telemetry.log);
    return createRestoreHandler({ app, clients })(event, () => context.getRemainingTimeInMillis());
  });
