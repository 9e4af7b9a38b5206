import { type App, cloudApp } from "../app.ts";
import { createClients } from "../aws/clients.ts";

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

let app: Promise<App> | undefined;

/** Lambda's entry point. The application is made at the first call, so that a test may import this file freely. */
export const handler = async (): Promise<SnapshotReport> => {
  app ??= cloudApp(createClients(process.env), process.env);
  return createSnapshotHandler(await app)();
};
