import type { Context } from "aws-lambda";
import { type App, cloudApp, keptApp } from "../app.ts";
import { createClients } from "../aws/clients.ts";
import { createTelemetry } from "../aws/telemetry.ts";
import { isoInstant } from "../ports/clock.ts";
import { type InventoryRow, type RowsTaken, takeRows } from "../replay/fan-out/inventory-rows.ts";

/** A batch of rows, as a distributed map makes them of a report's manifest. */
export type IngestEvent = { readonly Items: readonly InventoryRow[] };

/**
 * The Lambda function behind the map over an inventory: brings tracking up by a batch of its rows.
 * Throws: where rows failed, so that the map tries the batch again; what the store throws.
 */
export const createIngestHandler =
  ({ ledger, clock }: App) =>
  async ({ Items }: IngestEvent): Promise<RowsTaken> => {
    const taken = await takeRows({ table: ledger, roles: ledger.roles }, Items, isoInstant(clock.now()));
    if (taken.failed > 0) throw new Error(`${taken.failed} rows of ${Items.length} were not taken in`);
    return taken;
  };

const telemetry = createTelemetry();
const current = keptApp(() => cloudApp(createClients(process.env), process.env, undefined, telemetry.log));

/** Lambda's entry point. */
export const handler = async (event: IngestEvent, context: Context): Promise<RowsTaken> =>
  telemetry.around(context, async () => createIngestHandler(await current())(event));
