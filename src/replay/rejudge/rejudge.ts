import type { AnyLedger } from "../../ledger/ledger.ts";
import { type LivePointer, placeOfLive, readLive } from "../../ledger/live.ts";
import { isoInstant } from "../../ports/clock.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { readManifest } from "../manifest/read-manifest.ts";
import { sealManifest } from "../manifest/seal-manifest.ts";
import { haltReason } from "../restore/halted-for.ts";
import { underHalt } from "../restore/halting.ts";
import { goLive, putMarker, type Restoring, type WentLive } from "../restore/restore.ts";
import { readHeads } from "../restore/survivors.ts";
import { diffOf, digestOf, type RejudgeDiff } from "./diff.ts";
import { type History, readHistory } from "./history.ts";
import { judgeAnew, type NewFrame, type Rejudged } from "./judge-anew.ts";
import { planRejudge, type RejudgePlan } from "./plan.ts";
import { publishAnew } from "./publish-anew.ts";
import type { Announces } from "./told.ts";

/** A difference and its digest: what is shown before anything is applied. */
export type RejudgeProposal = { readonly diff: RejudgeDiff; readonly digest: string };

type Judged = RejudgeProposal & { readonly history: History; readonly rejudged: Rejudged };

export type OnRejudgeProgress = (doing: "reading" | "publishing", decisions: number) => void;

/** For what is only shown: no decision is ever written under it. */
const SHOWN: NewFrame = { epoch: 0, decidedAt: isoInstant(0) };

const judgeHistory = async (
  ledger: AnyLedger,
  frame: NewFrame,
  onProgress: OnRejudgeProgress,
): Promise<Judged> => {
  const history = await readHistory(ledger, decisions => onProgress("reading", decisions));
  const rejudged = judgeAnew(ledger, history.decisions, frame);
  const diff = diffOf(ledger, rejudged);
  return { diff, digest: digestOf(diff), history, rejudged };
};

/**
 * What would come out otherwise if all decisions were judged anew by the ledger's rules and settings. From S3 alone;
 * changes nothing. Memory and errors: as `readHistory`.
 */
export const proposeRejudge = async (
  ledger: AnyLedger,
  onProgress: OnRejudgeProgress = () => {},
): Promise<RejudgeProposal> => {
  const { diff, digest } = await judgeHistory(ledger, SHOWN, onProgress);
  return { diff, digest };
};

/** What is asked for. `digest`: of the difference that was approved. */
export type RejudgeWish = {
  readonly digest: string;
  readonly reason: string;
  readonly announces: Announces;
  readonly onProgress?: OnRejudgeProgress | undefined;
};

/**
 * What became of it. `refused`: the difference is another one by now, or none; nothing was changed. `applied`: the new
 * epoch is live. `unchanged`: the new epoch is live, with all decisions as they were, since some that change the
 * difference were made at the last moment. `already`: it was applied before.
 */
export type RejudgeApplied =
  | ({ readonly outcome: "refused" } & RejudgeProposal)
  | ({ readonly outcome: "applied" | "unchanged" } & RejudgeProposal & WentLive)
  | { readonly outcome: "already"; readonly pointer: LivePointer };

/**
 * Applies an approved new judgement of all decisions: ends the epoch, publishes what is not as it was, seals the list of
 * all that count, and makes a new table of it, as a restore does. The former decisions stay, and are listed as void.
 * Started again after it was cut off it goes on.
 *
 * Rows of tracking are not taken over: a replay crawls them, and tells what was parked again.
 * Throws: `RestoreRefused`, `RestoreTakenOver`, `ManifestDamaged`, `SplitBrain`; what the ports throw.
 */
export const applyRejudge = async (restoring: Restoring, wish: RejudgeWish): Promise<RejudgeApplied> => {
  const { ledger, table, consumers, onStep = () => {} } = restoring;
  const { digest, reason, onProgress = () => {} } = wish;
  onStep("check");
  const applied = await appliedBefore(ledger, digest);
  if (applied) {
    await consumers.resume(applied.halted);
    return { outcome: "already", pointer: applied.pointer };
  }
  const plan = await planRejudge(ledger, table, { digest, reason });
  const halted = haltReason(plan.live);
  if (!plan.isBegun) {
    const refused = await refusedBy(ledger, digest, onProgress);
    if (refused) {
      // What a try that was killed may have halted.
      await consumers.resume(halted);
      return refused;
    }
  }
  onStep("halt");
  return underHalt(restoring, plan.live, async () => {
    if (!plan.isBegun) {
      // Once more, now that hardly anything is decided any more.
      const refused = await refusedBy(ledger, digest, onProgress);
      if (refused) {
        await consumers.resume(halted);
        return refused;
      }
    }
    onStep("marker");
    await putMarker(ledger, plan.fence);
    await putMarker(ledger, plan.live);
    return finish(restoring, plan, wish);
  });
};

/** The live pointer, if this very difference is what its table was made of, and why all was halted for it. */
const appliedBefore = async (
  ledger: AnyLedger,
  digest: string,
): Promise<{ readonly pointer: LivePointer; readonly halted: string } | undefined> => {
  const place = placeOfLive(ledger);
  const pointer = await readLive(place);
  if (pointer?.from.kind !== "rejudge" || pointer.from.digest !== digest) return undefined;
  if (pointer.epoch !== ledger.epoch) return undefined;
  const manifest = await readManifest(place, pointer.epoch);
  return manifest?.rejudged && { pointer, halted: haltReason(manifest) };
};

const refusedBy = async (
  ledger: AnyLedger,
  approved: string,
  onProgress: OnRejudgeProgress,
): Promise<Extract<RejudgeApplied, { outcome: "refused" }> | undefined> => {
  const { diff, digest } = await judgeHistory(ledger, SHOWN, onProgress);
  return digest === approved && diff.changed.length > 0 ? undefined : { outcome: "refused", diff, digest };
};

/** From the markers on. */
const finish = async (
  restoring: Restoring,
  plan: RejudgePlan,
  wish: RejudgeWish,
): Promise<RejudgeApplied> => {
  const { ledger, tables, onStep = () => {} } = restoring;
  const { fence, live } = plan;
  onStep("collect");
  const frame = { epoch: fence.epoch, decidedAt: fence.begunAt };
  const judged = await judgeHistory(ledger, frame, wish.onProgress ?? (() => {}));
  const manifest =
    (await readManifest(placeOfLive(ledger), live.epoch)) ?? (await seal(restoring, plan, wish, judged));
  onStep("base");
  const store = await tables.create(live.table);
  const next: AnyLedger = {
    ...ledger,
    store,
    epoch: live.epoch,
    published: new Map(),
    onEpochOver: undefined,
  };
  const went = await goLive(restoring, next, live, { manifest, heads: await readHeads(next, live) });
  const { diff, digest } = judged;
  return { outcome: manifest.rejudged === undefined ? "unchanged" : "applied", diff, digest, ...went };
};

const seal = async (
  { ledger, onStep = () => {} }: Restoring,
  { live }: RejudgePlan,
  { digest, announces, onProgress = () => {} }: RejudgeWish,
  { history, rejudged, digest: found }: Judged,
): Promise<Manifest> => {
  onStep("seal");
  const place = placeOfLive(ledger);
  const { epoch, sealed } = live;
  const facts = { epoch, sealed, sealedAt: isoInstant(ledger.clock.now()), void: history.void };
  // Decided after the last look and before the marker, so perhaps acknowledged: nobody approved of what follows from it.
  if (found !== digest) return sealManifest(place, facts, history.own);
  const lines = await publishAnew(ledger, rejudged.decisions, announces, done =>
    onProgress("publishing", done),
  );
  const replaced = rejudged.decisions.flatMap(({ isKept, past }) => (isKept ? [] : [past.line.name])).sort();
  const cause = `rejudged ${epoch}`;
  return sealManifest(place, { ...facts, rejudged: { cause, digest, void: replaced } }, lines);
};
