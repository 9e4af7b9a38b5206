import type { AnyLedger } from "../ledger/ledger.ts";
import { inventoryBucket } from "../local/topology.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { requestCost } from "../replay/costs/prices.ts";
import { newestReport } from "../replay/events-source/newest-report.ts";
import { type EventsReplayed, restoreDecisions } from "../replay/events-source/restore-decisions.ts";
import type { Report } from "../replay/inventory/open-report.ts";
import { cloudClock } from "./cloud-clock.ts";
import { connect } from "./connect.ts";
import { manifestPlace, openManifest } from "./open-manifest.ts";
import type { Output } from "./output.ts";
import { createProgressLine } from "./progress.ts";

export type ReplayEventsOptions = {
  readonly isDryRun: boolean;
  /** Manifests of reports, paths or s3:// addresses; by default the newest in the buckets' own places. */
  readonly manifests: readonly string[];
  readonly isAws: boolean;
};

/** Requests shown to people; `--json` has all. */
const SHOWN_MAX = 20;
/** Errors that say that a bucket or a table is not there. */
const ABSENT: readonly string[] = ["BucketMissing", "ResourceNotFoundException"];

/**
 * `daybook replay --source events`: brings back lost decision objects from placed requests; or, with `--dry-run`, tells
 * what it would bring back.
 *
 * Returns: 0 if everything is decided as it was; 1 where something is listed. Throws: `Refused`, `Misused`.
 */
export const replayEventsCommand = async (options: ReplayEventsOptions, output: Output): Promise<number> => {
  const { isDryRun, manifests, isAws } = options;
  const connection = await connect(isAws);
  const { app, clients } = connection;
  const line = createProgressLine();
  try {
    const ledger: AnyLedger = { ...app.ledger, clock: await cloudClock(connection) };
    const reports = await reportsOf(ledger, manifests);
    const hasTable = await isThere(() => ledger.store.get([ledger.rows.head.key({ stream: "~0" })]));
    const replayed = await restoreDecisions(ledger, {
      ...{ reports, isDryRun, hasTable },
      onProgress: (doing, done, total) =>
        line.show({ doing, done, rows: done, ...(total !== undefined && { total }) }),
    });
    line.close();
    if (output.isJson)
      output.json({ source: "events", reports: reports.map(({ name }) => name), hasTable, ...replayed });
    else show(replayed, { reports, hasTable }, output);
    return replayed.troubles.length > 0 || (isDryRun && replayed.cold > 0) ? 1 : 0;
  } finally {
    line.close();
    clients.close();
  }
};

const reportsOf = async (
  { objects, roles }: AnyLedger,
  manifests: readonly string[],
): Promise<readonly Report[]> => {
  if (manifests.length > 0)
    return Promise.all(manifests.map(manifest => openManifest(manifestPlace(manifest), objects)));
  const buckets = [...new Set([roles.archive, roles.rejected, roles.requests])];
  const newest = await Promise.all(buckets.map(bucket => newestOf(objects, bucket)));
  return newest.filter(report => report !== undefined);
};

const newestOf = async (objects: ObjectStore, source: string): Promise<Report | undefined> => {
  const place = { bucket: inventoryBucket(source), prefix: `${source}/` };
  // Nobody has to keep reports: without them all is listed.
  const there = await isThere(() => objects.list({ ...place, limit: 1 }));
  return there ? newestReport(objects, place) : undefined;
};

const isThere = async (ask: () => Promise<unknown>): Promise<boolean> => {
  try {
    await ask();
    return true;
  } catch (error) {
    if (error instanceof Error && ABSENT.includes(error.name)) return false;
    throw error;
  }
};

type Sources = { readonly reports: readonly Report[]; readonly hasTable: boolean };

const show = (replayed: EventsReplayed, { reports, hasTable }: Sources, output: Output): void => {
  const { published, copies, requests, counts, written, cold, void: lost, isDryRun, troubles } = replayed;
  for (const { name } of reports) output.talk(`Read with ${name}.`);
  if (reports.length === 0) output.talk("No inventory report was found: all was listed.");
  if (!hasTable) output.talk("There is no table: the newest decisions are looked for in S3 alone.");
  output.data(isDryRun ? "Would bring back decisions from placed requests." : "Brought back decisions.");
  output.data(`  decisions there         ${published}, and ${lost} void`);
  output.data(`  copies, requests        ${copies}, ${requests}`);
  output.data(`  from bundles, the table ${counts.recovered}`);
  output.data(`  made again              ${counts.remade}, ${counts.exact} proved to be the same bytes`);
  output.data(`  proved by what followed ${counts.proven}`);
  output.data(`  objects ${isDryRun ? "to write       " : "written        "} ${written}`);
  if (isDryRun) tellCosts(replayed, output);
  if (cold > 0 && isDryRun)
    output.data(`  cold objects            ${cold}, thawed and waited for first; none of them was looked at`);
  tellTroubles(troubles, output);
  output.talk(
    isDryRun
      ? "Nothing was changed."
      : 'Next: "daybook verify" where the table is whole, else "daybook restore"; then "daybook reconcile" for what is not placed.',
  );
};

const tellCosts = ({ reads, lists, written }: EventsReplayed, output: Output): void => {
  const dollars = requestCost({ reads, writes: lists + written }).toFixed(2);
  output.data(`  requests, about         ${reads} reads, ${lists} listings, ${written} writes: $${dollars}`);
};

const tellTroubles = (troubles: EventsReplayed["troubles"], output: Output): void => {
  output.data(`  otherwise than it was   ${troubles.length}`);
  for (const { kind, key, detail } of troubles.slice(0, SHOWN_MAX))
    output.data(`    ${kind.padEnd(16)} ${key}: ${detail}`);
  if (troubles.length > SHOWN_MAX)
    output.data(`    and ${troubles.length - SHOWN_MAX} more: --json lists all`);
};
