import type { App } from "../app.ts";
import { readCatalogue } from "../ledger/catalogue.ts";
import type { AnyLedger } from "../ledger/ledger.ts";
import { isoInstant } from "../ports/clock.ts";
import type { CatchUp, CaughtUp } from "../replay/replay/catch-up.ts";
import type { ReplayCounts } from "../replay/replay/counts.ts";
import { planReplay } from "../replay/replay/plan.ts";
import { nothingToReplay, type Replayed, recordedReplay } from "../replay/replay/replay.ts";
import { cloudClock } from "./cloud-clock.ts";
import { connect } from "./connect.ts";
import { stopFlag } from "./ingest-summary.ts";
import { type Output, Refused } from "./output.ts";
import { createProgressLine, type ProgressLine } from "./progress.ts";
import type { Stopping } from "./stopping.ts";

export type ReplayCommandOptions = {
  readonly isDryRun: boolean;
  readonly parallel?: number | undefined;
  /** Decisions a second. */
  readonly rate?: number | undefined;
  readonly isTakeOver: boolean;
  readonly isAws: boolean;
};

/** As `daybook reconcile` without options. */
const SINCE_DAYS = 35;
const GRACE_MS = 300_000;
const DAY_MS = 86_400_000;
/** Accounts off their chain shown to people; `--json` has more. */
const SHOWN_MAX = 10;

/**
 * `daybook replay`: repairs what a restore left to repair, then brings tracking up; or, with `--dry-run`, tells what is
 * left.
 *
 * Returns: 0 if all is done or nothing was to do; 1 where something is left. Throws: `Refused`; as `recordedReplay`.
 */
export const replayCommand = async (
  options: ReplayCommandOptions,
  stopping: Stopping,
  output: Output,
): Promise<number> => {
  const connection = await connect(options.isAws, "SNS");
  const { app, clients } = connection;
  const line = createProgressLine();
  try {
    const ledger: AnyLedger = { ...app.ledger, clock: await cloudClock(connection) };
    if (options.isDryRun) return await rehearse(ledger, options, line, output);
    return await run(app, ledger, options, { stopping, line, output });
  } finally {
    line.close();
    clients.close();
  }
};

const WHY = {
  first: "this table was never restored",
  repaired: "every account is repaired",
} as const;

const tellNothing = async (ledger: AnyLedger, why: keyof typeof WHY, output: Output): Promise<number> => {
  const { epoch } = ledger;
  // That all was repaired is written in S3: whether there still is a table, only the table tells.
  await readCatalogue(ledger, "~0");
  if (output.isJson) output.json({ outcome: "nothing", epoch, why: WHY[why] });
  else output.data(`Nothing to replay: ${WHY[why]} (epoch ${epoch}).`);
  output.talk('If the table has lost something, "daybook verify" tells; then "daybook restore" comes first.');
  return 0;
};

const rehearse = async (
  ledger: AnyLedger,
  { rate }: ReplayCommandOptions,
  line: ProgressLine,
  output: Output,
): Promise<number> => {
  const why = await nothingToReplay(ledger);
  if (why !== undefined) return await tellNothing(ledger, why, output);
  const plan = await planReplay(ledger, (done, total) =>
    line.show({ doing: "looking", done, total, rows: done }),
  );
  line.close();
  const { epoch, toRepair, alreadyDone, decisions, requests } = plan;
  const seconds = rate === undefined ? undefined : Math.ceil(decisions / rate);
  if (output.isJson) {
    output.json({ isDryRun: true, ...plan, ...(seconds !== undefined && { seconds }) });
    return 0;
  }
  output.data(`Would replay epoch ${epoch}.`);
  output.data(`  accounts to repair      ${toRepair}, ${decisions} decisions`);
  output.data(`  accounts already done   ${alreadyDone}`);
  output.data(`  requests, about         ${requests.s3} to S3, ${requests.table} to the table`);
  if (seconds !== undefined) output.data(`  seconds at least        ${seconds}`);
  output.talk("Nothing was changed. Not counted: the listing of the buckets, and reconcile.");
  return 0;
};

type Surroundings = { readonly stopping: Stopping; readonly line: ProgressLine; readonly output: Output };

const run = async (
  app: App,
  ledger: AnyLedger,
  { parallel, rate, isTakeOver }: ReplayCommandOptions,
  { stopping, line, output }: Surroundings,
): Promise<number> => {
  const order = catchUpOf(app, ledger);
  const recorded = await recordedReplay(ledger, {
    ...{ parallel, rate, isTakeOver, catchUp: order, isStopping: stopFlag(stopping) },
    onRepair: repairLine(ledger, line),
    onCatchUp: (doing, done) => line.show({ doing, done, rows: done }),
  });
  line.close();
  if (recorded.outcome === "nothing") return await tellNothing(ledger, recorded.why, output);
  if (recorded.outcome === "busy")
    throw new Refused(
      `Another replay runs since ${recorded.since}, last seen ${recorded.lastSeen}: wait for its end, or go on in its place with --take-over if it was killed.`,
    );
  const { replayed } = recorded;
  if (output.isJson) output.json(replayed);
  else show(replayed, order.feed !== undefined, output);
  return replayed.outcome === "completed" ? 0 : 1;
};

export const repairLine = ({ clock }: AnyLedger, line: ProgressLine): ((counts: ReplayCounts) => void) => {
  const startedMs = clock.now();
  return ({ lines, linesTotal, repaired, decisions, rows }) => {
    const seconds = Math.max(1, (clock.now() - startedMs) / 1000);
    const note = `${repaired} accounts, ${decisions} decisions, ${Math.round(decisions / seconds)}/s`;
    line.show({ doing: "repairing", done: lines, total: linesTotal, rows, note });
  };
};

/** How tracking is brought up after a repair. */
export const catchUpOf = ({ config, objectsTopic: topic }: App, { clock }: AnyLedger): CatchUp => {
  const { newEvents, archive, rejected } = config.buckets;
  const region = config.objectsTopic?.split(":")[3];
  return {
    buckets: [...new Set([newEvents, archive, rejected])],
    since: isoInstant(clock.now() - SINCE_DAYS * DAY_MS).slice(0, 10),
    graceMs: GRACE_MS,
    ...(topic !== undefined && region !== undefined && { feed: { topic, region } }),
  };
};

/** Tells people what a replay did. */
export const show = (
  { epoch, outcome, isRepaired, counts, troubles, caughtUp }: Replayed,
  isFed: boolean,
  output: Output,
): void => {
  const { repaired, decisions, rows, alreadyDone, released, offTheChain } = counts;
  output.data(isRepaired ? `Epoch ${epoch} is repaired.` : `Epoch ${epoch} is not repaired yet.`);
  output.data(`  accounts repaired       ${repaired}, ${decisions} decisions, ${rows} rows`);
  output.data(`  accounts already done   ${alreadyDone}`);
  output.data(`  requests released       ${released}`);
  if (offTheChain > 0) output.data(`  accounts off the chain  ${offTheChain}, left as they are`);
  for (const { reason } of troubles.slice(0, SHOWN_MAX)) output.data(`    ${reason}`);
  if (caughtUp !== undefined) showCaughtUp(caughtUp, isFed, output);
  if (outcome === "stopped") output.talk("Stopped: give the same command again to go on.");
  if (outcome === "failed") output.talk("Something is left: see above, then give the same command again.");
};

const showCaughtUp = ({ crawls, reconciled }: CaughtUp, isFed: boolean, output: Output): void => {
  for (const { bucket, outcome, counts } of crawls)
    output.data(
      outcome === "busy"
        ? `  ${bucket}: another crawl of it runs`
        : `  ${bucket}: ${outcome}, ${counts.records} records, ${counts.new} new, ${counts.failed} failed`,
    );
  if (reconciled === "busy") output.data("  reconcile: another one runs");
  else if (reconciled !== undefined) {
    const { lost, undecided, unpublished, gone, underWay, failed } = reconciled.counts;
    output.data(
      `  reconcile: ${lost} lost, ${undecided} undecided, ${unpublished} unpublished, told again; ${gone} gone, ${underWay} under way, ${failed} failed`,
    );
  } else if (!isFed)
    output.talk("Requests without a decision were not looked for: set DAYBOOK_OBJECTS_TOPIC to their topic.");
};
