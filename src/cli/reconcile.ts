import type { App } from "../app.ts";
import { isoInstant } from "../ports/clock.ts";
import type { FeedPlace } from "../replay/reconcile/feed.ts";
import { type Reconciled, type ReconcileRequest, reconcile } from "../replay/reconcile/reconcile.ts";
import { recordedReconcile } from "../replay/reconcile/recorded.ts";
import { FINDINGS, type Finding } from "../replay/reconcile/tally.ts";
import { DAYS_MAX } from "../replay/reconcile/tracked-keys.ts";
import { connect } from "./connect.ts";
import { manifestPlace, openManifest } from "./open-manifest.ts";
import { Misused, type Output, Refused } from "./output.ts";
import type { Stopping } from "./stopping.ts";

export type ReconcileOptions = {
  /** Default: those of requests, archived and rejected. */
  readonly buckets?: readonly string[] | undefined;
  readonly prefix: string;
  /** Path or s3:// address of a report's manifest; without it the buckets are listed. */
  readonly manifest?: string | undefined;
  /** UTC day, YYYY-MM-DD. */
  readonly since?: string | undefined;
  readonly graceMs: number;
  readonly isDryRun: boolean;
  readonly isAws: boolean;
};

/** How far back is looked for what is gone: a month's statements and a few days more. */
const SINCE_DAYS = 35;
const DAY_MS = 86_400_000;

/**
 * `daybook reconcile`: has the live path do what it was never told of or left undone, and marks what is gone.
 *
 * Returns: 0, also where something was found and told; 1 where something failed, where it was stopped, and for a dry run
 *          that found something. Throws: `Misused`; `Refused` where another one runs; `InventoryError`; as `recordedReconcile`.
 */
export const reconcileCommand = async (
  options: ReconcileOptions,
  stopping: Stopping,
  output: Output,
): Promise<number> => {
  const { app, clients } = await connect(options.isAws, "SNS");
  try {
    const feed = options.isDryRun ? undefined : feedOf(app);
    const reconciled = await run(app, { ...(await requestOf(app, options, stopping)), feed });
    if (output.isJson) output.json(reconciled);
    else show(reconciled, app.decidedTopic !== undefined, output);
    return isAsItShouldBe(reconciled) ? 0 : 1;
  } finally {
    clients.close();
  }
};

const feedOf = ({ objectsTopic: topic, decidedTopic: decided, config }: App): FeedPlace => {
  const region = config.objectsTopic?.split(":")[3];
  if (topic === undefined || region === undefined)
    throw new Misused(
      "Nobody could be told of what is found: set DAYBOOK_OBJECTS_TOPIC to the ARN of the topic of object events, or only look with --dry-run.",
    );
  return { topic, decided, region };
};

const requestOf = async (
  app: App,
  { buckets, prefix, manifest, since, graceMs }: ReconcileOptions,
  stopping: Stopping,
): Promise<ReconcileRequest> => {
  const { newEvents, archive, rejected } = app.config.buckets;
  if (since !== undefined && app.clock.now() - Date.parse(since) > (DAYS_MAX - 1) * DAY_MS)
    throw new Misused(`Expected --since to be a day in the last ${DAYS_MAX - 1}, got ${since}.`);
  let isStopped = false;
  void stopping.asked().then(() => {
    isStopped = true;
  });
  return {
    scope: { buckets: [...new Set(buckets ?? [newEvents, archive, rejected])], prefix },
    report:
      manifest === undefined ? undefined : await openManifest(manifestPlace(manifest), app.ledger.objects),
    isReportOfAll: buckets !== undefined,
    since: since ?? isoInstant(app.clock.now() - SINCE_DAYS * DAY_MS).slice(0, 10),
    graceMs,
    looksForUnplaced: app.decidedTopic !== undefined,
    isStopped: () => isStopped,
  };
};

/** A rehearsal leaves no record. */
const run = async (app: App, request: ReconcileRequest): Promise<Reconciled> => {
  if (request.feed === undefined) return reconcile(app.ledger, request);
  const recorded = await recordedReconcile(app.ledger, request);
  if (recorded.outcome === "done") return recorded.reconciled;
  throw new Refused(
    `Another reconcile of the same runs since ${recorded.since}, last seen ${recorded.lastSeen}: wait for its end; if it died, it counts as abandoned after 15 minutes.`,
  );
};

/** Findings that somebody is told of, or that are marked. */
const REPAIRED: readonly Finding[] = ["lost", "undecided", "unpublished", "unplaced", "gone"];

const isAsItShouldBe = ({ counts, isComplete, isDryRun }: Reconciled): boolean =>
  isComplete && counts.failed === 0 && !(isDryRun && REPAIRED.some(finding => counts[finding] > 0));

const DONE: Readonly<Record<Finding, string>> = {
  lost: "told now",
  undecided: "told again",
  unpublished: "told again",
  unplaced: "told again",
  gone: "marked",
  stillThere: "though the picture does not show it",
  underWay: "too young to tell, left to the next run",
  failed: "not looked at or not marked",
};

const NAMES: Readonly<Record<Finding, string>> = {
  lost: "lost",
  undecided: "undecided",
  unpublished: "unpublished",
  unplaced: "not placed",
  gone: "gone",
  stillThere: "still there",
  underWay: "under way",
  failed: "failed",
};

/** Examples shown to people; `--json` has more. */
const SHOWN_MAX = 5;

const show = (reconciled: Reconciled, looksForUnplaced: boolean, output: Output): void => {
  const { counts, examples, source, takenAt, lookedFrom, buckets, isDryRun, isComplete } = reconciled;
  const place = source === "listing" ? `a listing of ${buckets.join(", ")}` : "the report";
  output.data(`${counts.pictures} versions in ${place} of ${takenAt}, ${counts.known} known.`);
  for (const finding of FINDINGS) {
    const count = counts[finding];
    const isTold = isDryRun && REPAIRED.includes(finding);
    const done = count === 0 ? "" : isTold ? "left as it is" : DONE[finding];
    output.data(`  ${NAMES[finding].padEnd(12)}${String(count).padStart(8)}  ${done}`.trimEnd());
    for (const { bucket, key, versionId, reason } of examples[finding].slice(0, SHOWN_MAX))
      output.data(
        `    s3://${bucket}/${key} version ${versionId}${reason === undefined ? "" : `: ${reason}`}`,
      );
  }
  if (!looksForUnplaced)
    output.talk(
      "Whether all is placed was not looked at: set DAYBOOK_DECIDED_TOPIC to the topic of decisions.",
    );
  output.talk(`Looked for what is gone among what was first seen from ${lookedFrom} on.`);
  if (source === "inventory" && counts.pictures === 0)
    output.talk(`The report lists nothing of ${buckets.join(", ")}: name its bucket with --bucket.`);
  if (!isComplete) output.talk("Stopped before the end: run it again.");
};
