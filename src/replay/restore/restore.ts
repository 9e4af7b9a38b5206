import type { AnyLedger } from "../../ledger/ledger.ts";
import { type LivePointer, markRepaired, moveLive, placeOfLive } from "../../ledger/live.ts";
import { epochMarkerName } from "../../ledger/names.ts";
import { isoInstant } from "../../ports/clock.ts";
import type { Torn } from "../../ports/point-in-time.ts";
import { type Collection, collectDecisions } from "../collect.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { manifestsUpTo, readManifest } from "../manifest/read-manifest.ts";
import { sealManifest } from "../manifest/seal-manifest.ts";
import { checkBase, makeBase, type Tables } from "./base.ts";
import { type Chains, endsOf, type FoundHead, readChains } from "./chains.ts";
import { haltReason } from "./halted-for.ts";
import { checkSealed, type RestoreConsumers, underHalt } from "./halting.ts";
import {
  type BegunPlan,
  type Planned,
  planRestore,
  type RestorePlan,
  type RestoreWish,
  readPlan,
} from "./plan.ts";
import { RestoreTakenOver } from "./restore-errors.ts";
import type { OnStep } from "./steps.ts";
import { type Survey, survey, undo } from "./survey.ts";
import { checkHeads, harvest, readHeads } from "./survivors.ts";
import { checkAlone, writeCatalogue, writeGuards } from "./write-table.ts";

/** What a restore works on. `ledger`: over the live table, which it ends. */
export type Restoring = {
  readonly ledger: AnyLedger;
  /** The name of the live table. */
  readonly table: string;
  readonly tables: Tables;
  readonly consumers: RestoreConsumers;
  /** Only for tables that are restored on this machine. */
  readonly torn?: Torn | undefined;
  readonly onStep?: OnStep | undefined;
};

/** What a restore did. Instants are ISO. */
export type Restored = WentLive & { readonly plan: RestorePlan };

/** How it went live. */
export type WentLive = {
  readonly pointer: LivePointer;
  readonly manifest: Pick<Manifest, "decisions" | "void" | "digest">;
  /** Streams that are repaired before anything is judged on them, and their decisions. */
  readonly gated: number;
  readonly catalogued: number;
  readonly isRepaired: boolean;
};

/**
 * Restores: makes a table of the past, brings it to where it may carry on, and moves the pointer to it. Started again
 * after it was cut off it goes on with the same plan, and ends with the same manifest and pointer.
 *
 * Throws: `RestoreRefused` before anything is changed; `OffTheChain`, `ManifestDamaged` with the old pointer in place;
 * `RestoreTakenOver`; what the ports throw.
 */
export const restore = async (restoring: Restoring, wish: RestoreWish): Promise<Restored> => {
  const { onStep = () => {} } = restoring;
  onStep("check");
  const checked = await checkRestore(restoring, wish);
  onStep("halt");
  return underHalt(restoring, checked.plan, () => fromMarker(restoring, checked));
};

/** From the marker on. */
const fromMarker = async (
  restoring: Restoring,
  { plan, ends }: Awaited<ReturnType<typeof checkRestore>>,
): Promise<Restored> => {
  const { ledger, tables, torn, onStep = () => {} } = restoring;
  onStep("marker");
  await putMarker(ledger, plan);
  onStep("base");
  const onWaiting = (waitedMs: number): void => onStep("base", waitedMs);
  const store = await makeBase(ledger, tables, plan, { torn, onWaiting });
  const next: AnyLedger = {
    ...ledger,
    store,
    epoch: plan.epoch,
    published: new Map(),
    onEpochOver: undefined,
  };
  const heads = await readHeads(next, plan);
  const manifest = await seal(next, plan, { ends, heads }, onStep);
  return { plan, ...(await goLive(restoring, next, plan, { manifest, heads })) };
};

type Sealed = { readonly manifest: Manifest; readonly heads: Map<string, FoundHead> };

/**
 * The rest of a restore, from the sealed manifest on: writes what the new table needs before anything is judged on it,
 * moves the pointer and resumes the consumers. `next`: over the new table, in the new epoch; `heads`: all of its heads,
 * which nobody writes before. Throws: as `restore`.
 */
export const goLive = async (
  { ledger, consumers, onStep = () => {} }: Restoring,
  next: AnyLedger,
  plan: BegunPlan,
  { manifest, heads }: Sealed,
): Promise<WentLive> => {
  const chains = await compare(next, plan, heads);
  const { found, whole } = await look(next, plan, chains, heads, onStep);
  // The catalogue first: it keeps in mind which streams were amiss, should this be cut off.
  const counts = await writeCatalogue(next, whole, heads, onStep);
  onStep("undo");
  await checkAlone(next, plan);
  await undo(next, found);
  await writeGuards(next, whole, onStep);
  onStep("pointer");
  const isRepaired = counts.gated === 0;
  if (isRepaired) await markRepaired(next);
  const pointer = await movePointer(ledger, plan);
  onStep("resume");
  await consumers.resume(haltReason(plan));
  const { decisions, void: lost, digest } = manifest;
  return { pointer, manifest: { decisions, void: lost, digest }, ...counts, isRepaired };
};

/** Everything a restore needs, looked at before anything is written. Throws: as `restore`. */
export const checkRestore = async (
  { ledger, table, tables }: Restoring,
  wish: RestoreWish,
): Promise<Planned & { readonly ends: Awaited<ReturnType<typeof endsOf>> }> => {
  const planned = await planRestore(ledger, table, wish);
  const place = placeOfLive(ledger);
  const ends = await endsOf(place, await manifestsUpTo(place, planned.plan.sealed));
  await checkBase(ledger, tables, planned.plan);
  return { ...planned, ends };
};

/** Ends the epoch before. Idempotent. Throws: `RestoreTakenOver` where another plan came first, `RestoreRefused` where
 * another restore was completed since this one was planned. */
export const putMarker = async (ledger: AnyLedger, plan: BegunPlan): Promise<void> => {
  const { outcome } = await ledger.objects.put({
    bucket: ledger.decisionsBucket,
    key: epochMarkerName(plan.epoch),
    body: `${JSON.stringify(plan)}\n`,
    ifAbsent: true,
    contentType: "application/json",
  });
  const standing = outcome === "stored" ? plan : await readPlan(placeOfLive(ledger), plan.epoch);
  if (standing === undefined || JSON.stringify(standing) !== JSON.stringify(plan))
    throw new RestoreTakenOver(plan.epoch);
  await checkSealed(ledger, plan);
};

/** The manifest of the plan's epoch: the one that stands, or one made of all that is published and all that survived. */
const seal = async (
  next: AnyLedger,
  plan: RestorePlan,
  { ends, heads }: { readonly ends: Awaited<ReturnType<typeof endsOf>> } & Pick<Sealed, "heads">,
  onStep: OnStep,
): Promise<Manifest> => {
  const place = placeOfLive(next);
  onStep("collect");
  const standing = await readManifest(place, plan.epoch);
  if (standing !== undefined) return standing;
  const collect = (): Promise<Collection> =>
    collectDecisions(place, plan.sealed, ends, done => onStep("collect", done), next.roles.archive);
  let collection = await collect();
  const known = new Set([
    ...collection.valid.flatMap(({ legs }) => legs.map(({ hash }) => hash)),
    ...[...ends.values()].map(({ hash }) => hash),
  ]);
  if ((await harvest(next, plan, heads, known)).length > 0) collection = await collect();
  onStep("seal");
  const { epoch, sealed } = plan;
  const sealedAt = isoInstant(next.clock.now());
  return sealManifest(place, { epoch, sealed, sealedAt, void: collection.void }, collection.valid);
};

/** Takes out of `heads` what does not count. */
const compare = async (
  next: AnyLedger,
  { epoch, reach }: BegunPlan,
  heads: Map<string, FoundHead>,
): Promise<Chains> => {
  const place = placeOfLive(next);
  const manifests = await manifestsUpTo(place, epoch);
  const chains = await readChains(place, manifests, heads, { reach, whole: new Set() });
  const taken = await checkHeads(next, heads, chains);
  if (taken.length === 0) return chains;
  return readChains(place, manifests, heads, { reach, whole: new Set(taken) });
};

/** Finds what does not count, and adds the whole past of the streams where something was amiss. */
const look = async (
  next: AnyLedger,
  { epoch, reach }: BegunPlan,
  chains: Chains,
  heads: ReadonlyMap<string, FoundHead>,
  onStep: OnStep,
): Promise<{ readonly found: Survey; readonly whole: Chains }> => {
  onStep("survey");
  const found = await survey(next, chains, heads, items => onStep("survey", items));
  if (found.streams.size === 0) return { found, whole: chains };
  const place = placeOfLive(next);
  const manifests = await manifestsUpTo(place, epoch);
  return { found, whole: await readChains(place, manifests, heads, { reach, whole: found.streams }) };
};

const movePointer = async (ledger: AnyLedger, plan: BegunPlan): Promise<LivePointer> => {
  const { epoch, table, from } = plan;
  const restoredAt = isoInstant(ledger.clock.now());
  return moveLive(placeOfLive(ledger), { epoch, table, from, restoredAt });
};
