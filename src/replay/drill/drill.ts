import type { AnyLedger } from "../../ledger/ledger.ts";
import { placeOfLive } from "../../ledger/live.ts";
import { isEpochOver } from "../../ledger/publish.ts";
import type { PointInTime } from "../../ports/point-in-time.ts";
import type { Store } from "../../table/store.ts";
import { collectDecisions } from "../collect.ts";
import { setControl } from "../control/control.ts";
import { manifestsUpTo } from "../manifest/read-manifest.ts";
import type { ReplayCounts, ReplayTrouble } from "../replay/counts.ts";
import { repairAll } from "../replay/repair-all.ts";
import { StopAsked } from "../replay/replay-errors.ts";
import type { Tables } from "../restore/base.ts";
import { endsOf } from "../restore/chains.ts";
import { firstTable, MARGIN_MS, planRestore, type RestoreWish } from "../restore/plan.ts";
import { type Restored, restore } from "../restore/restore.ts";
import { RestoreRefused, RestoreTakenOver } from "../restore/restore-errors.ts";
import type { Step } from "../restore/steps.ts";
import type { DecisionsVerified } from "../verify/verify-decisions.ts";
import { verifyDecisions } from "../verify/verify-decisions.ts";
import { type Phase, type PhaseTime, startPhases } from "./phases.ts";
import { readOnly, setAside } from "./set-aside.ts";

/** What a drill works on. `ledger`: over the live table, which it reads at the most. */
export type Drilling = {
  readonly ledger: AnyLedger;
  /** The name of the live table. */
  readonly table: string;
  readonly tables: {
    /** Absent where nothing keeps the past of tables. */
    readonly pointInTime: PointInTime | undefined;
    open(table: string): Promise<Store>;
    /** Drops a table that may be there by half, or not at all. */
    drop(table: string): Promise<void>;
  };
  /** ISO instant; absent: the last one that can be restored. */
  readonly at?: string | undefined;
  readonly parallel?: number | undefined;
  readonly isStopping?: (() => boolean) | undefined;
  /** Told how far it is, in the phase's own unit. What it throws ends the drill. */
  readonly onPhase?: ((phase: Phase, done: number, total?: number) => void) | undefined;
};

/** What a drill found. `isEqual`: the scratch table was what S3 says it must be, to the last stream. */
export type Drilled = {
  readonly at: string;
  /** That the drill's manifest lists. */
  readonly decisions: number;
  /** Names of decisions to which no chain leads, however often S3 is listed: one before them is missing. */
  readonly void: readonly string[];
  readonly phases: readonly PhaseTime[];
  readonly counts: ReplayCounts;
  /** Decisions repaired in a second of the repair. */
  readonly perSecond: number;
  readonly troubles: readonly ReplayTrouble[];
  readonly verified: DecisionsVerified;
  readonly isEqual: boolean;
};

const REASON = "drill";
const BEGUN_MEANWHILE = "A restore has begun meanwhile: drill again when it is finished.";

/** The one scratch table: what an earlier drill left behind that was killed goes before the next begins. */
export const scratchTable = ({ table }: { readonly table: string }): string => `${firstTable(table)}-drill`;

/**
 * Rehearses the loss of the table beside running traffic: restores, repairs every stream and verifies, by the very code
 * that would do it, but in a scratch table and with everything it puts into S3 kept in memory. Nothing real is written,
 * nobody is told anything, and what is decided after its listing of S3 is not its concern.
 *
 * The scratch table is dropped at the end, whatever that was; a kill leaves it to the next drill.
 * Memory: as a restore; besides, the packed manifest. Throws: as `restore`; `StopAsked`; what the ports throw.
 */
export const drill = async (drilling: Drilling): Promise<Drilled> => {
  const { ledger, table, tables } = drilling;
  const wish = await wishOf(drilling);
  const aside: AnyLedger = {
    ...ledger,
    objects: setAside(ledger.objects),
    store: readOnly(ledger.store),
    published: new Map(),
    onEpochOver: undefined,
  };
  const { plan, begun } = await planRestore(aside, table, { ...wish, isInstead: true });
  if (begun || plan.epoch !== plan.sealed + 1)
    throw new RestoreRefused(`A restore has begun and is not finished: finish it before a drill.`);
  const scratch = scratchTable({ table });
  if (scratch === table)
    throw new RestoreRefused(`The live table has the name of a scratch table: ${table}.`);
  await tables.drop(scratch);
  try {
    return await rehearse(drilling, aside, wish, scratch);
  } catch (error) {
    throw error instanceof RestoreTakenOver ? new RestoreRefused(BEGUN_MEANWHILE, { cause: error }) : error;
  } finally {
    await tables.drop(scratch);
  }
};

const wishOf = async ({ at, table, tables }: Drilling): Promise<RestoreWish> => {
  const instant = at ?? (await tables.pointInTime?.window(table))?.latest;
  if (instant === undefined)
    throw new RestoreRefused(`Nothing keeps the past of the table ${table}: a drill needs its backups.`);
  return {
    from: { kind: "pitr", at: instant },
    marginMs: MARGIN_MS,
    reason: REASON,
    isInstead: false,
  };
};

/** All tables of a restore are the scratch table. */
const tablesFor = ({ pointInTime, open }: Drilling["tables"], scratch: string): Tables => ({
  pointInTime: pointInTime && {
    window: table => pointInTime.window(table),
    restore: request => pointInTime.restore({ ...request, to: scratch, isScratch: true }),
  },
  open: () => open(scratch),
  create: () => open(scratch),
});

const rehearse = async (
  drilling: Drilling,
  aside: AnyLedger,
  wish: RestoreWish,
  scratch: string,
): Promise<Drilled> => {
  const { ledger, table, tables, isStopping = () => false, onPhase = () => {} } = drilling;
  const phases = startPhases(ledger.clock);
  const at = (phase: Phase, done: number, total?: number): void => {
    if (isStopping() && !(phase === "restore" && done > 0)) throw new StopAsked();
    phases.at(phase);
    onPhase(phase, done, total);
  };
  const consumers = { halt: async () => {}, resume: async () => {} };
  const onStep = (step: Step, done = 0): void => at(phaseOf(step), done);
  const restored = await restore(
    { ledger: aside, table, tables: tablesFor(tables, scratch), consumers, onStep },
    wish,
  );
  const { epoch } = restored.plan;
  const next: AnyLedger = { ...aside, store: await tables.open(scratch), epoch, published: new Map() };
  at("repair", 0);
  // A drill decides nothing: what waits under a stream is left there, as while all is halted.
  const { objects, decisionsBucket: bucket, clock } = next;
  await setControl({ objects, bucket, clock }, { state: "halted", reason: REASON });
  const onProgress = async ({ lines, linesTotal }: ReplayCounts): Promise<void> =>
    at("repair", lines, linesTotal);
  const repaired = await repairAll(next, { parallel: drilling.parallel, isStopping, onProgress });
  if (!repaired.isComplete) throw new StopAsked();
  at("verify", 0);
  const verified = await verifyDecisions(next, (done, total) => at("verify", done, total));
  const lost = await stillVoid(aside, restored);
  const ended = phases.end();
  if (await isEpochOver({ ...ledger, onEpochOver: undefined })) throw new RestoreRefused(BEGUN_MEANWHILE);
  return drilledOf(restored, lost, repaired, verified, ended);
};

const drilledOf = (
  { plan, manifest }: Restored,
  lost: readonly string[],
  { counts, troubles }: Pick<Drilled, "counts" | "troubles">,
  verified: DecisionsVerified,
  phases: readonly PhaseTime[],
): Drilled => {
  const repairMs = phases.find(({ phase }) => phase === "repair")?.ms ?? 0;
  return {
    at: plan.at ?? plan.begunAt,
    decisions: manifest.decisions,
    void: lost,
    phases,
    counts,
    perSecond: Math.round((counts.decisions * 1000) / Math.max(1, repairMs)),
    troubles,
    verified,
    isEqual: lost.length + counts.offTheChain + verified.faults.length + verified.differences.length === 0,
  };
};

/**
 * What no chain leads to while traffic goes on may only have been listed before its predecessor. That one was published
 * first all the same, so a later listing shows it; what is void there too lacks something.
 */
const stillVoid = async (aside: AnyLedger, { plan, manifest }: Restored): Promise<readonly string[]> => {
  if (manifest.void.length === 0) return [];
  const place = placeOfLive(aside);
  const ends = await endsOf(place, await manifestsUpTo(place, plan.sealed));
  const later = new Set((await collectDecisions(place, plan.sealed, ends)).void);
  return manifest.void.filter(name => later.has(name));
};

/** What a step of the restore counts as. */
const phaseOf = (step: Step): Phase => {
  if (step === "check" || step === "halt" || step === "marker" || step === "base") return "restore";
  return step === "collect" || step === "seal" ? "collect" : "prepare";
};
