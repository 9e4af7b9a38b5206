import type { Context } from "aws-lambda";
import { type App, cloudApp, keptApp } from "../app.ts";
import { createClients } from "../aws/clients.ts";
import { createTelemetry } from "../aws/telemetry.ts";

/** What a schedule's function reports. */
export type SnapshotReport = { readonly id: string; readonly streams: number; readonly digest: string };

/**
 * The Lambda function behind a schedule: takes a snapshot. Fifteen minutes are enough for some two million streams; take
 * larger ones with the command, on a machine that stays.
 *
 * Throws: where the snapshot is refused, so that the schedule's own alarm tells of it.
 */
export const createSnapshotHandler = (app: App) => async (): Promise<SnapshotReport> => {
  const taken = await app.snapshot();
  if (taken.outcome === "refused") throw new Error(`No snapshot was taken: ${taken.reason}`);
  const { id, streams, digest } = taken.manifest;
  return { id, streams, digest };
};

const telemetry = createTelemetry();
const current = keptApp(() => cloudApp(createClients(process.env), process.env, undefined, telemetry.log));

/** Lambda's entry point. The application is made at the first call, and anew after a restore. */
export const handler = async (_event: unknown, context: Context): Promise<SnapshotReport> => {
  return telemetry.around(context, async () => createSnapshotHandler(await current())());
};
