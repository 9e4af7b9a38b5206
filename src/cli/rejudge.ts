import type { AnyLedger } from "../ledger/ledger.ts";
import type { ObjectAddress } from "../ports/object-store.ts";
import { announcementOf } from "../projections/announcement.ts";
import { withdrawCopies } from "../replay/rejudge/copies.ts";
import { recordedRejudge } from "../replay/rejudge/recorded.ts";
import { proposeRejudge, type RejudgeApplied, type RejudgeProposal } from "../replay/rejudge/rejudge.ts";
import { type Announces, type Told, toldOfAll } from "../replay/rejudge/told.ts";
import { type RecordedReplay, recordedReplay } from "../replay/replay/replay.ts";
import { STEPS } from "../replay/restore/steps.ts";
import { cloudClock } from "./cloud-clock.ts";
import { connect } from "./connect.ts";
import { stopFlag } from "./ingest-summary.ts";
import type { Output } from "./output.ts";
import { createProgressLine, type ProgressLine } from "./progress.ts";
import { documentOf, SHOWN_MAX, showProposal, tellMore } from "./rejudge-text.ts";
import { catchUpOf, repairLine, show } from "./replay.ts";
import { restoringOf, tellStandstill } from "./restore.ts";
import type { Stopping } from "./stopping.ts";

export type RejudgeOptions = {
  /** Digest of the difference that is to be applied. Absent: the difference is only shown. */
  readonly apply?: string | undefined;
  readonly reason: string;
  readonly parallel?: number | undefined;
  readonly rate?: number | undefined;
  readonly isTakeOver: boolean;
  readonly isAws: boolean;
};

type Surroundings = { readonly stopping: Stopping; readonly line: ProgressLine; readonly output: Output };

const announces: Announces = record => announcementOf(record) !== undefined;

/**
 * `daybook replay --rejudge [--apply DIGEST]`: shows what would come out otherwise if all decisions were judged anew, by
 * the settings of this command's environment; or applies what was shown.
 *
 * Returns: 0 if it was shown or applied; 1 if it was not applied, or something is left to repair. Throws: `Refused`.
 */
export const rejudgeCommand = async (
  options: RejudgeOptions,
  stopping: Stopping,
  output: Output,
): Promise<number> => {
  const line = createProgressLine();
  try {
    return await (options.apply === undefined
      ? propose(options, line, output)
      : apply(options, options.apply, { stopping, line, output }));
  } finally {
    line.close();
  }
};

const progressOf =
  (line: ProgressLine) =>
  (doing: string, decisions: number): void =>
    line.show({ doing, done: decisions, rows: decisions });

const propose = async ({ isAws }: RejudgeOptions, line: ProgressLine, output: Output): Promise<number> => {
  const { app, clients } = await connect(isAws);
  try {
    const proposal = await proposeRejudge(app.ledger, progressOf(line));
    const told = await toldOf(app.ledger, proposal);
    line.close();
    if (output.isJson) output.json({ isDryRun: true, ...documentOf(proposal, told) });
    else showProposal(proposal, told, output);
    return 0;
  } finally {
    clients.close();
  }
};

const toldOf = (
  ledger: AnyLedger,
  { diff }: RejudgeProposal,
): Promise<ReadonlyMap<string, readonly Told[]>> =>
  toldOfAll(
    ledger,
    diff.changed.map(({ name }) => name),
    announces,
  );

const apply = async (
  { reason, isTakeOver, isAws, parallel, rate }: RejudgeOptions,
  digest: string,
  surroundings: Surroundings,
): Promise<number> => {
  const { line, output } = surroundings;
  const before = await connect(isAws, "SNS", "LAMBDA");
  try {
    const onStep = (step: (typeof STEPS)[number], done = 0): void =>
      line.show({ doing: step, done: STEPS.indexOf(step), total: STEPS.length, rows: done });
    const restoring = { ...(await restoringOf(before, { isAws })), onStep };
    const wish = { digest, reason, announces, onProgress: progressOf(line) };
    const applied = await recordedRejudge(restoring, wish, { isTakeOver });
    line.close();
    if (applied.outcome === "refused") return await refuse(before.app.ledger, applied, digest, output);
    if (!output.isJson) tellApplied(applied, output);
    return await finish(applied, { parallel, rate, isTakeOver, isAws }, surroundings);
  } catch (error) {
    line.close();
    await tellStandstill(before, output);
    throw error;
  } finally {
    before.clients.close();
  }
};

const refuse = async (
  ledger: AnyLedger,
  refused: Extract<RejudgeApplied, { outcome: "refused" }>,
  approved: string,
  output: Output,
): Promise<number> => {
  const told = await toldOf(ledger, refused);
  if (output.isJson) output.json({ outcome: "refused", approved, ...documentOf(refused, told) });
  else if (refused.diff.changed.length === 0)
    output.data("Nothing was changed: no decision comes out otherwise.");
  else {
    showProposal(refused, told, output);
    output.data(`REFUSED: ${approved} is not the digest of this.`);
  }
  return 1;
};

const tellApplied = (applied: Exclude<RejudgeApplied, { outcome: "refused" }>, output: Output): void => {
  const { pointer } = applied;
  output.data(`Epoch ${pointer.epoch} is live in ${pointer.table}.`);
  if (applied.outcome === "already") output.data("It was applied before; what is left of it follows.");
  if (applied.outcome === "unchanged")
    output.data("NOT APPLIED: at the last moment something was decided that changes it. Look at it again.");
  if (applied.outcome !== "applied") return;
  const { changed, moved, kept } = applied.diff.totals;
  output.data(`  decisions otherwise     ${changed}`);
  output.data(`  the same, written again ${moved}; the former objects stay, and are void`);
  output.data(`  as they were            ${kept}`);
};

/** What comes after the pointer has moved: former copies go, every account is repaired, tracking is brought up. */
const finish = async (
  applied: Exclude<RejudgeApplied, { outcome: "refused" }>,
  { parallel, rate, isTakeOver, isAws }: Omit<RejudgeOptions, "reason" | "apply">,
  { stopping, line, output }: Surroundings,
): Promise<number> => {
  // Anew, for the table that is live now.
  const connection = await connect(isAws, "SNS");
  const { app, clients } = connection;
  try {
    const ledger: AnyLedger = { ...app.ledger, clock: await cloudClock(connection) };
    const withdrawn = await withdrawCopies(ledger);
    const order = catchUpOf(app, ledger);
    const replay = await recordedReplay(ledger, {
      ...{ parallel, rate, isTakeOver, catchUp: order, isStopping: stopFlag(stopping) },
      onRepair: repairLine(ledger, line),
      onCatchUp: (doing, done) => line.show({ doing, done, rows: done }),
    });
    line.close();
    tellFinished(applied, withdrawn, replay, order.feed !== undefined, output);
    const isDone = replay.outcome === "nothing" || (replay.outcome === "done" && isCompleted(replay));
    return isDone && applied.outcome !== "unchanged" ? 0 : 1;
  } finally {
    clients.close();
  }
};

const isCompleted = ({ replayed }: Extract<RecordedReplay, { outcome: "done" }>): boolean =>
  replayed.outcome === "completed";

const tellFinished = (
  applied: Exclude<RejudgeApplied, { outcome: "refused" }>,
  withdrawn: readonly ObjectAddress[],
  replay: RecordedReplay,
  isFed: boolean,
  output: Output,
): void => {
  if (output.isJson) {
    const copies = withdrawn.map(({ bucket, key }) => ({ bucket, key }));
    output.json({
      ...applied,
      withdrawn: copies,
      replay: replay.outcome === "done" ? replay.replayed : replay,
    });
    return;
  }
  output.data(`  copies taken away       ${withdrawn.length}; placing puts them where they belong now`);
  for (const { bucket, key } of withdrawn.slice(0, SHOWN_MAX)) output.data(`    s3://${bucket}/${key}`);
  tellMore(withdrawn.length, output);
  if (replay.outcome === "done") show(replay.replayed, isFed, output);
  if (replay.outcome === "busy") output.data('Another replay repairs it: look at it with "daybook runs".');
};
