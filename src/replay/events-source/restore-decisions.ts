import pMap from "p-map";
import type { AnyLedger } from "../../ledger/ledger.ts";
import type { RestoreTier } from "../../ports/object-store.ts";
import type { Report } from "../inventory/open-report.ts";
import { type ThawCounts, thawAndWait } from "../thaw/thaw.ts";
import { withoutRivals } from "./chain-order.ts";
import { type FoundCopies, findCopies } from "./find-copies.ts";
import {
  type FoundWhole,
  findBundled,
  findInTable,
  findPublished,
  type WantedPart,
  wantedParts,
} from "./find-whole.ts";
import { joinKnown } from "./join-known.ts";
import { type KnownDecision, toldOf } from "./known-decision.ts";
import { newWriter } from "./lost-writer.ts";
import { type RebuildCounts, rebuild } from "./rebuild.ts";
import { readSealed, type SealedDecisions } from "./sealed.ts";
import type { Trouble } from "./trouble.ts";
import { findUnplaced } from "./unplaced.ts";

/** How far it is. */
export type EventsPhase = "published" | "copies" | "bundles" | "thawing" | "requests" | "deciding";

export type EventsOptions = {
  /** Inventory reports of archive, rejected and requests; what they do not show is listed. */
  readonly reports: readonly Report[];
  readonly isDryRun: boolean;
  /** Whether the live table can be asked for the newest decision of each stream. */
  readonly hasTable: boolean;
  readonly tier?: RestoreTier | undefined;
  readonly onProgress?: ((phase: EventsPhase, done: number, total?: number) => void) | undefined;
};

export type EventsReplayed = {
  readonly isDryRun: boolean;
  /** Decisions that were there, copies that tell of one, requests looked at. */
  readonly published: number;
  readonly copies: number;
  readonly requests: number;
  /** Cold objects that must be readable first; in a dry run nothing behind them is looked at. */
  readonly cold: number;
  /** Decisions that a restore made void: left as they are. */
  readonly void: number;
  readonly counts: RebuildCounts;
  /** Objects put into the bucket of decisions; in a dry run those that would be. */
  readonly written: number;
  readonly streams: number;
  /** Asked of S3, about. */
  readonly reads: number;
  readonly lists: number;
  readonly troubles: readonly Trouble[];
};

/** Days that readable copies of cold objects are kept: long enough for what follows, and to begin again. */
const THAW_DAYS = 3;
const HEADS_AT_ONCE = 32;

/**
 * Brings back lost decision objects: from bundles, from heads of the live table, and from the copies of the requests,
 * whose placement tells how each was decided. What is there is never overwritten. Safe to do again, and while traffic
 * goes on; then what is under way shows as not placed.
 *
 * Throws: `ManifestDamaged`; `InventoryError`; what the ports throw.
 */
export const restoreDecisions = async (
  ledger: AnyLedger,
  { reports, isDryRun, hasTable, tier = "Standard", onProgress = () => {} }: EventsOptions,
): Promise<EventsReplayed> => {
  const sealed = await readSealed(ledger);
  const published = await findPublished(ledger, done => onProgress("published", done));
  const names = new Set(published.decisions.map(({ name }) => name));
  const copies = await findCopies(ledger.objects, ledger.roles, reports, done => onProgress("copies", done));
  onProgress("bundles", 0);
  const { wanted, troubles: damaged } = await wantedParts(ledger, names);
  const cold = await coldObjects(ledger, copies, wanted);
  if (!isDryRun)
    await thaw(ledger, cold, tier, counts => onProgress("thawing", counts.readable, cold.length));
  const readable = isDryRun ? wanted.filter(({ part }) => !cold.some(({ key }) => key === part.key)) : wanted;
  const bundled = await findBundled(ledger, readable, names);
  const inTable: FoundWhole = hasTable ? await findInTable(ledger) : { decisions: [], troubles: [] };
  const joined = joinKnown(ledger, sealed, [published, bundled, inTable], copies.placed);
  const { kept, troubles: rivals } = withoutRivals(joined.known);
  onProgress("requests", 0);
  const unplaced = await findUnplaced(ledger, joined.known, reports);
  const writer = newWriter(ledger, names, isDryRun);
  const { counts, troubles, state } = await rebuild({
    ...{ ledger, sealed, known: kept, unplaced: unplaced.candidates, store: writer.store },
    onProgress: (done, total) => onProgress("deciding", done, total),
  });
  await writer.flush();
  const all = [
    ...[...published.troubles, ...copies.troubles, ...damaged, ...bundled.troubles, ...inTable.troubles],
    ...[...joined.troubles, ...rivals, ...troubles, ...writer.troubles],
  ];
  return {
    isDryRun,
    published: published.decisions.length,
    copies: copies.placed.length,
    requests: unplaced.requests,
    cold: cold.length,
    void: joined.void,
    counts,
    written: writer.written(),
    streams: state.streams.size,
    reads: published.decisions.length + copies.heads + counts.remade + unplaced.reads,
    lists: copies.pages + unplaced.pages,
    troubles: [...all, ...gone(copies, sealed, joined.known, writer.names)],
  };
};

type Address = { readonly bucket: string; readonly key: string };

const COLD: ReadonlySet<string> = new Set(["GLACIER", "DEEP_ARCHIVE"]);

const coldObjects = async (
  { objects, roles }: AnyLedger,
  copies: FoundCopies,
  wanted: readonly WantedPart[],
): Promise<readonly Address[]> => {
  const parts = await pMap(
    wanted,
    async ({ part }) => {
      const facts = await objects.head({ bucket: roles.archive, key: part.key });
      const isReadable = facts?.restore !== undefined && !facts.restore.ongoing;
      return facts !== undefined && COLD.has(facts.storageClass) && !isReadable
        ? [{ bucket: roles.archive, key: part.key }]
        : [];
    },
    { concurrency: HEADS_AT_ONCE },
  );
  return [...copies.cold, ...parts.flat()];
};

const thaw = async (
  { objects, clock }: AnyLedger,
  cold: readonly Address[],
  tier: RestoreTier,
  onPoll: (counts: ThawCounts) => void,
): Promise<void> => {
  for (const [bucket, keys] of Map.groupBy(cold, each => each.bucket)) {
    const prefixes = keys.map(({ key }) => key);
    await thawAndWait({ objects, clock }, { bucket, prefixes }, { days: THAW_DAYS, tier }, onPoll);
  }
};

/** What a report or a sealed manifest knows, and nothing else does. */
const gone = (
  copies: FoundCopies,
  { byName }: SealedDecisions,
  known: readonly KnownDecision[],
  names: ReadonlySet<string>,
): readonly Trouble[] => {
  const keys = new Set(known.map(each => toldOf(each).key));
  const told = new Set(known.map(({ name }) => name));
  return [
    ...copies.gone
      .filter(key => !keys.has(key))
      .map((key): Trouble => ({ kind: "gone", key, detail: "a report shows its copy, which is not there" })),
    ...[...byName.values()]
      .filter(({ name }) => !names.has(name) && !told.has(name))
      .map(
        ({ key, name }): Trouble => ({
          kind: "gone",
          key,
          detail: `${name} is sealed, and nothing tells of it`,
        }),
      ),
  ];
};
