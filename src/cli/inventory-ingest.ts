import { ingestReport } from "../replay/ingest/ingest-report.ts";
import type { Progress } from "../replay/inventory/read-report.ts";
import { connect } from "./connect.ts";
import { reportIngest, runPlaceOf, stopFlag } from "./ingest-summary.ts";
import { manifestPlace, openManifest } from "./open-manifest.ts";
import type { Output } from "./output.ts";
import { createProgressLine } from "./progress.ts";
import type { Stopping } from "./stopping.ts";

/**
 * `daybook inventory ingest MANIFEST`: takes a report of S3 Inventory into tracking.
 *
 * Returns: 0 if all of it is taken in; 1 where something failed or somebody asked to stop: the same command goes on from
 *          there. Throws: `Misused`; `Refused` for a damaged report, with the file's name, and where another one runs.
 */
export const inventoryIngestCommand = async (
  manifest: string,
  isAws: boolean,
  stopping: Stopping,
  output: Output,
): Promise<number> => {
  const place = manifestPlace(manifest);
  const { app, clients } = await connect(isAws);
  const line = createProgressLine();
  try {
    const { ledger } = app;
    const report = await openManifest(place, ledger.objects);
    const intake = { table: ledger, roles: ledger.roles, runs: runPlaceOf(app) };
    const isStopping = stopFlag(stopping);
    const end = await ingestReport(intake, report, { isStopping, onRead: read => line.show(shown(read)) });
    line.close();
    return reportIngest({ what: report.name, facts: { manifest: report.name } }, end, output);
  } finally {
    line.close();
    clients.close();
  }
};

const shown = ({ phase, filesDone, filesTotal, rows, bytes, bytesTotal }: Progress) => ({
  doing: phase === "check" ? "checking" : "reading",
  done: bytes,
  total: bytesTotal,
  rows,
  note: `file ${Math.min(filesDone + 1, filesTotal)} of ${filesTotal}`,
});
