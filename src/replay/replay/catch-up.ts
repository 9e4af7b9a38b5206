import type { AnyLedger } from "../../ledger/ledger.ts";
import { crawlBucket } from "../crawl/crawl-bucket.ts";
import { addTallies, EMPTY_TALLY, type IngestCounts } from "../ingest/tally.ts";
import type { FeedPlace } from "../reconcile/feed.ts";
import type { Reconciled } from "../reconcile/reconcile.ts";
import { recordedReconcile } from "../reconcile/recorded.ts";
import type { RunPlace } from "../runs/run-record.ts";

/** What tracking is brought up from, and where requests without a decision are told. */
export type CatchUp = {
  readonly buckets: readonly string[];
  /** UTC day, YYYY-MM-DD: as for `reconcile`. */
  readonly since: string;
  readonly graceMs: number;
  /** Absent: nobody could be told, so nothing is looked for. */
  readonly feed?: FeedPlace | undefined;
};

/** How one bucket was crawled. `busy`: another crawl of it runs. */
export type Crawled = {
  readonly bucket: string;
  readonly outcome: "completed" | "stopped" | "failed" | "busy";
  readonly counts: IngestCounts;
};

/** `reconciled`: absent where it was not tried; `busy` where another one of the same runs. */
export type CaughtUp = {
  readonly crawls: readonly Crawled[];
  readonly reconciled?: Reconciled | "busy";
};

type Watch = {
  readonly isStopping: () => boolean;
  /** Told now and then: what is done, and how much of it. */
  readonly onProgress: (doing: string, done: number) => Promise<void>;
};

/**
 * Brings tracking up to what S3 shows, then tells the live path of requests without a decision. Decisions whose requests
 * are not placed are not told again: a replay has no effect outside.
 *
 * Throws: as `crawlBucket` and `reconcile`.
 */
export const catchUp = async (
  ledger: AnyLedger,
  runs: RunPlace,
  { buckets, since, graceMs, feed }: CatchUp,
  { isStopping, onProgress }: Watch,
): Promise<CaughtUp> => {
  const crawls: Crawled[] = [];
  const { objects, roles } = ledger;
  for (const bucket of buckets) {
    let told = Promise.resolve();
    const end = await crawlBucket(
      { table: ledger, roles, objects, runs },
      { bucket, prefix: "" },
      {
        isStopping,
        onProgress: ({ records }) => {
          told = told.then(() => onProgress(`listing ${bucket}`, records));
          // Its error is thrown below; without this it would count as unhandled until then.
          told.catch(() => {});
        },
      },
    );
    await told;
    const { counts } = end.outcome === "busy" ? addTallies([EMPTY_TALLY]) : end.tally;
    crawls.push({ bucket, outcome: end.outcome, counts });
  }
  // What is known by half would be told again as undecided.
  if (feed === undefined || crawls.some(({ outcome }) => outcome !== "completed")) return { crawls };
  const recorded = await recordedReconcile(ledger, {
    scope: { buckets, prefix: "" },
    since,
    graceMs,
    feed,
    isStopped: isStopping,
  });
  return { crawls, reconciled: recorded.outcome === "busy" ? "busy" : recorded.reconciled };
};

/** Whether all of it was done. */
export const isCaughtUp = ({ crawls, reconciled }: CaughtUp): boolean =>
  crawls.every(({ outcome }) => outcome === "completed") &&
  (reconciled === undefined ||
    (reconciled !== "busy" && reconciled.isComplete && reconciled.counts.failed === 0));
