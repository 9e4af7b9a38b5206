import { bankTable } from "../app.ts";
import { createLike } from "../aws/create-like.ts";
import { createTable } from "../aws/create-table.ts";
import { DynamoStore } from "../aws/dynamo-store.ts";
import { BucketMissing } from "../aws/s3-errors.ts";
import type { AnyLedger } from "../ledger/ledger.ts";
import type { Base } from "../ledger/live.ts";
import { placeOfLive } from "../ledger/live.ts";
import { collectDecisions } from "../replay/collect.ts";
import { readControl } from "../replay/control/control.ts";
import { isForRestore } from "../replay/restore/halted-for.ts";
import { consumersOfRestore } from "../replay/restore/halting.ts";
import { isWrittenAgain, missingDecisions } from "../replay/restore/missing-decisions.ts";
import { baseText, type RestorePlan, type RestoreWish } from "../replay/restore/plan.ts";
import { recordedRestore } from "../replay/restore/recorded.ts";
import { checkRestore, type Restored, type Restoring } from "../replay/restore/restore.ts";
import { STEPS } from "../replay/restore/steps.ts";
import { cloudClock } from "./cloud-clock.ts";
import { type Connection, connect } from "./connect.ts";
import { consumersOf } from "./halt.ts";
import { type Output, Refused } from "./output.ts";
import { pointInTimeOf } from "./point-in-time.ts";
import { createProgressLine } from "./progress.ts";

export type RestoreOptions = {
  readonly from: Base;
  readonly marginMs: number;
  readonly reason: string;
  readonly isDryRun: boolean;
  readonly isInstead: boolean;
  readonly isTakeOver: boolean;
  /** Seed of a torn restore; only the local cloud tears by a seed. */
  readonly torn?: number | undefined;
  readonly isAws: boolean;
};

/** How far back a torn restore may leave an item. */
const TORN_WITHIN_MS = 5_000;
/** Void decisions shown to people; `--json` has all. */
const SHOWN_MAX = 20;

/**
 * `daybook restore`: makes a new table of the past and moves the live pointer to it; or, with `--dry-run`, tells what
 * that would be.
 *
 * Returns: the exit code. Throws: `Refused`, and as `recordedRestore`, with nothing changed but what the message names.
 */
export const restoreCommand = async (options: RestoreOptions, output: Output): Promise<number> => {
  const connection = await connected(options.isAws);
  const line = createProgressLine();
  try {
    const { from, marginMs, reason, isInstead, isTakeOver } = options;
    const wish: RestoreWish = { from, marginMs, reason, isInstead };
    const onStep: Restoring["onStep"] = (step, done = 0) =>
      line.show({ doing: step, done: STEPS.indexOf(step), total: STEPS.length, rows: done });
    const restoring = { ...(await restoringOf(connection, options)), onStep };
    if (options.isDryRun) return await rehearse(restoring, wish, output, line.close);
    const restored = await recordedRestore(restoring, wish, { isTakeOver });
    line.close();
    tell(restored, output);
    return 0;
  } catch (error) {
    line.close();
    if (!options.isDryRun) await tellStandstill(connection, output);
    throw error;
  } finally {
    line.close();
    connection.clients.close();
  }
};

/** Says that a restore which did not get through has left everything halted, if so. Never throws. */
export const tellStandstill = async ({ app }: Connection, output: Output): Promise<void> => {
  const { objects, decisionsBucket: bucket } = app.ledger;
  try {
    const { state, reason, at } = await readControl({ objects, bucket });
    if (state !== "halted" || !isForRestore(reason)) return;
    output.talk(
      `Everything is halted since ${at} for "${reason}", and requests wait: put right what follows, then give the same command again.`,
    );
  } catch {
    // What went wrong before matters more.
  }
};

/** Which table is live is read first: of the bucket without which there is nothing to restore from. */
const connected = async (isAws: boolean): Promise<Connection> => {
  try {
    return await connect(isAws, "LAMBDA");
  } catch (error) {
    if (!(error instanceof BucketMissing)) throw error;
    throw new Refused(
      `${error.message} Without the decisions nothing can be restored: name their bucket in DAYBOOK_DECISIONS_BUCKET, or bring it back from its copy first.`,
      { cause: error },
    );
  }
};

/** What a restore works on, over a connection. */
export const restoringOf = async (
  connection: Connection,
  { torn, isAws }: Pick<RestoreOptions, "torn" | "isAws">,
): Promise<Restoring> => {
  const { app, clients } = connection;
  const clock = await cloudClock(connection);
  const client = await clients.dynamodb();
  const pointInTime = await pointInTimeOf(connection);
  if (torn !== undefined && isAws) throw new Refused("Only the local cloud tears a restore by a seed.");
  return {
    ledger: { ...app.ledger, clock },
    table: app.config.table,
    tables: {
      pointInTime,
      open: async table => new DynamoStore({ client, tableName: table }),
      create: async table => {
        if (isAws) await createLike(client, clock, bankTable, { like: app.config.table, to: table });
        else await createTable(client, bankTable, table, { stream: true });
        return new DynamoStore({ client, tableName: table });
      },
    },
    consumers: consumersOfRestore(await consumersOf(connection)),
    ...(torn !== undefined && { torn: { seed: torn, withinMs: TORN_WITHIN_MS } }),
  };
};

/**
 * Looks at everything a restore rests on, and counts what it would do. Reads every decision of the live epoch, and lists
 * those of all others. Returns: the exit code, 1 if a sealed decision is missing.
 */
const rehearse = async (
  restoring: Restoring,
  wish: RestoreWish,
  output: Output,
  closeLine: () => void,
): Promise<number> => {
  const { ledger } = restoring;
  const { plan, ends, begun } = await checkRestore(restoring, wish);
  const startedMs = ledger.clock.now();
  const { valid, void: lost } = await collectDecisions(
    placeOfLive(ledger),
    plan.sealed,
    ends,
    done => restoring.onStep?.("collect", done),
    ledger.roles.archive,
  );
  const collectMs = ledger.clock.now() - startedMs;
  const recent = valid.filter(({ decidedAt }) => decidedAt >= plan.reach);
  const gated = new Set(recent.flatMap(({ legs }) => legs.map(({ stream }) => stream))).size;
  const missing = await missingOf(ledger, plan);
  closeLine();
  const facts = { decisions: valid.length, rewritten: recent.length, gated, void: lost, missing, collectMs };
  const exitCode = missing.decisions === 0 ? 0 : 1;
  if (output.isJson) {
    output.json({ isDryRun: true, ...plan, begun, ...facts });
    return exitCode;
  }
  output.data(
    `Would restore ${plan.source} to ${baseText(plan.from)}, as epoch ${plan.epoch} in ${plan.table}.`,
  );
  output.data(`  decisions to seal       ${valid.length}`);
  output.data(`  written again           ${recent.length}, decided since ${plan.reach}`);
  output.data(`  accounts repaired first ${gated}; all others are ready at once`);
  output.data(
    `  told downtime           the restore of the table, then its one reading, and some ${collectMs} ms to seal`,
  );
  if (begun) output.data("It has begun before: the same command without --dry-run goes on with it.");
  tellMissing(missing, plan, output);
  output.talk("Nothing was changed.");
  return exitCode;
};

/** Sealed decisions that S3 does not show. `needed`: those without which the restore is refused. `names`: the first few. */
type Missing = { readonly decisions: number; readonly needed: number; readonly names: readonly string[] };

const missingOf = async (ledger: AnyLedger, plan: RestorePlan): Promise<Missing> => {
  const isNeeded = isWrittenAgain(plan);
  const names: string[] = [];
  let [decisions, needed] = [0, 0];
  for await (const line of missingDecisions(placeOfLive(ledger), plan, () => true)) {
    decisions += 1;
    if (isNeeded(line)) needed += 1;
    if (names.length < SHOWN_MAX) names.push(line.name);
  }
  return { decisions, needed, names };
};

const tellMissing = ({ decisions, needed, names }: Missing, { reach }: RestorePlan, output: Output): void => {
  if (decisions === 0) return;
  output.data(`  sealed and missing      ${decisions}, ${needed} of them decided since ${reach}`);
  for (const name of names) output.data(`    ${name}`);
  if (decisions > names.length) output.data(`    and ${decisions - names.length} more`);
  output.talk(
    `${needed > 0 ? "The restore would be refused" : "The restore fails if the table of that instant lacks what they say"}: bring back the versions of them that were written first, or have them made again by "daybook replay --source events".`,
  );
};

const tell = ({ plan, pointer, manifest, gated, catalogued, isRepaired }: Restored, output: Output): void => {
  if (output.isJson) {
    output.json({ ...pointer, reach: plan.reach, manifest, gated, catalogued, isRepaired });
    return;
  }
  output.data(`Epoch ${pointer.epoch} is live in ${pointer.table}, restored to ${baseText(pointer.from)}.`);
  output.data(`  decisions sealed        ${manifest.decisions}`);
  output.data(`  accounts to repair      ${gated}, ${catalogued} decisions; all others are ready`);
  tellVoid(manifest.void, plan, output);
  output.data(
    isRepaired
      ? "Nothing is left to repair."
      : 'Next: "daybook replay" repairs the rest; until then each account is repaired when it is met.',
  );
};

const tellVoid = (names: readonly string[], { sealed }: RestorePlan, output: Output): void => {
  output.data(`  decisions void          ${names.length}`);
  for (const name of names.slice(0, SHOWN_MAX)) output.data(`    ${name}`);
  if (names.length > SHOWN_MAX)
    output.data(`    and ${names.length - SHOWN_MAX} more of epoch ${sealed}: --json lists all`);
};
