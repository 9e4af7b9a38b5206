import { type CrawlScope, crawlBucket } from "../replay/crawl/crawl-bucket.ts";
import { connect } from "./connect.ts";
import { reportIngest, runPlaceOf, stopFlag } from "./ingest-summary.ts";
import type { Output } from "./output.ts";
import { createProgressLine } from "./progress.ts";
import type { Stopping } from "./stopping.ts";

/**
 * `daybook crawl BUCKET`: lists a bucket's versions and takes them into tracking.
 *
 * Returns: 0 if all of it is taken in; 1 where something failed or somebody asked to stop: the same command goes on from
 *          there. Throws: `Refused` where another crawl of the bucket runs, and where there is no such bucket.
 */
export const crawlCommand = async (
  scope: CrawlScope,
  isAws: boolean,
  stopping: Stopping,
  output: Output,
): Promise<number> => {
  const { app, clients } = await connect(isAws);
  const line = createProgressLine();
  try {
    const { ledger } = app;
    const { objects, roles } = ledger;
    const end = await crawlBucket({ table: ledger, roles, objects, runs: runPlaceOf(app) }, scope, {
      isStopping: stopFlag(stopping),
      onProgress: ({ records }) => line.show({ doing: "listing", done: records, rows: records }),
    });
    line.close();
    const what = `s3://${scope.bucket}/${scope.prefix}`;
    return reportIngest({ what, facts: scope }, end, output);
  } finally {
    line.close();
    clients.close();
  }
};
