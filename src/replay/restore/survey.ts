import pMap from "p-map";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { isUnderStream, recount } from "../../ledger/parked-count.ts";
import { ENTITY_NAME_ATTRIBUTE } from "../../table/row.ts";
import { subjectOf } from "../../table/size.ts";
import type { Item, Key, Write } from "../../table/store.ts";
import { wholeTable } from "../../table/whole-table.ts";
import { type ObjectState, undecidedState } from "../../tracking/state.ts";
import type { Chains, FoundHead } from "./chains.ts";

const WRITES_AT_ONCE = 16;
/** Tries of one write: nobody else writes the table yet, so only throttling stands in the way. */
const TRIES_MAX = 20;

/** What a restored table was found to hold beside what counts, and what is to be written for it. */
export type Survey = {
  readonly items: number;
  /** Streams of which anything is amiss that their newest decisions do not explain: all their rows are written again. */
  readonly streams: ReadonlySet<string>;
  /** Each on condition that the row is still as it was found: the table may be live by now. */
  readonly writes: readonly Write[];
};

type Place = { readonly stream: string; readonly sequence: number };
type Parked = { readonly item: Item; readonly place: string; readonly key: string; readonly digest: string };

type Work = {
  readonly ledger: AnyLedger;
  readonly chains: Chains;
  readonly decided: ReadonlySet<string>;
  readonly streams: Set<string>;
  readonly open: Map<string, Set<string>>;
  readonly parked: Parked[];
  readonly waiting: Map<string, string>;
  readonly writes: Write[];
};

/**
 * Walks once through a restored table that nobody writes yet, and finds what belongs to decisions that do not count: a
 * restore may keep one row of a transaction and lose another. Also what waits: parked rows and the states that name them
 * must agree, and the heads' counts with both; what is dropped is undecided, and reconcile feeds it.
 *
 * `ledger`: over the restored table. Writes nothing, so that a restore that is begun again finds the same.
 * Cost: one read of the whole table. Memory: what is amiss, what waits, and what is open. Throws: what the store throws.
 */
export const survey = async (
  ledger: AnyLedger,
  chains: Chains,
  heads: ReadonlyMap<string, FoundHead>,
  onProgress: (items: number) => void = () => {},
): Promise<Survey> => {
  const decided = new Set([...chains.lines.values()].map(({ key, digest }) => `${key} ${digest}`));
  const work: Work = {
    ...{ ledger, chains, decided, streams: new Set(), open: new Map(), parked: [], waiting: new Map() },
    writes: [],
  };
  let items = 0;
  for await (const page of wholeTable(ledger.store)) {
    for (const item of page) look(work, item);
    items += page.length;
    onProgress(items);
  }
  await settleWaiting(work, heads);
  for (const [stream, { open }] of heads)
    if (open.some(name => !work.open.get(stream)?.has(name))) work.streams.add(stream);
  const { streams, writes } = work;
  return { items, streams, writes };
};

/** Undoes what a survey found. Once the catalogue is written: it says which streams were amiss. Idempotent. */
export const undo = async ({ store }: AnyLedger, { writes }: Survey): Promise<void> => {
  await pMap(writes, write => writeOnce(store, write), { concurrency: WRITES_AT_ONCE });
};

/** Whether a place on a stream holds something else than what is asked about. Places before the reach are trusted. */
const isVoid = (
  { chains }: Work,
  { stream, sequence }: Place,
  { hash, key }: { readonly hash?: string; readonly key?: string },
): boolean => {
  const chain = chains.streams.get(stream);
  if (chain === undefined || sequence > chain.end.sequence) return true;
  const entry = chain.entries.get(sequence);
  if (entry === undefined) return false;
  return (hash !== undefined && hash !== entry.hash) || (key !== undefined && key !== entry.key);
};

const look = (work: Work, item: Item): void => {
  const { ledger, writes, parked } = work;
  const { rows } = ledger;
  switch (item[ENTITY_NAME_ATTRIBUTE]) {
    case rows.state.name:
      lookAtState(work, rows.state.read(item));
      return;
    case rows.reused.name: {
      const { legs } = rows.reused.read(item).decision;
      // Its decision is no attribute to compare: another one of this very content would be its twin.
      if (legs.some(leg => isVoid(work, leg, { hash: leg.hash }))) writes.push({ delete: keyOf(item) });
      return;
    }
    case rows.request.name: {
      const entry = rows.request.read(item);
      if (isVoid(work, entry, { hash: entry.hash })) writes.push(deletion(item, ["sequence", "hash"]));
      return;
    }
    case rows.parked.name: {
      const { place, observation, digest } = rows.parked.read(item);
      parked.push({ item, place, key: observation.key, digest });
      return;
    }
    case rows.catalogue.name: {
      const { stream, epoch } = rows.catalogue.read(item);
      // Of this very restore, which was cut off: what was amiss may be undone by now, but it was. Of one before: its
      // repair was under way at the restored instant, and what it was to write again may be older than our reach.
      work.streams.add(stream);
      if (Number(epoch) !== ledger.epoch) writes.push({ delete: keyOf(item) });
      return;
    }
    default:
      lookAtShown(work, item);
  }
};

const keyOf = ({ PK, SK }: Key): Key => ({ PK, SK });

/** The deletion of a row that still has these values. */
const deletion = (item: Item, names: readonly string[]): Write => {
  const equals: Record<string, string | number> = {};
  for (const name of names) {
    const value = item[name];
    if (typeof value === "string" || typeof value === "number") equals[name] = value;
  }
  return { delete: keyOf(item), if: { equals } };
};

/** Looks at a row of the projection. */
const lookAtShown = (work: Work, item: Item): void => {
  const { ledger, writes, streams, open } = work;
  const leg = ledger.projection.legOf(item);
  if (leg === undefined) return;
  const { stream } = leg;
  // By its hash, if it has one: the same request may have been decided otherwise at the very same place.
  if (isVoid(work, leg, leg)) {
    // Whatever of these a kind of row has tells its decision from another one.
    writes.push(deletion(item, ["sequence", "hash", "appliedThrough"]));
    streams.add(stream);
    return;
  }
  const name = ledger.projection.passingName(item);
  if (name !== undefined) open.set(stream, (open.get(stream) ?? new Set()).add(name));
};

const lookAtState = (work: Work, state: ObjectState): void => {
  const { decision, parked, key } = state;
  if (decision?.legs.some(leg => isVoid(work, leg, { hash: leg.hash }))) {
    for (const { stream } of decision.legs) work.streams.add(stream);
    forget(work, state);
    return;
  }
  if (decision === undefined && parked?.awaits !== undefined) work.waiting.set(key, parked.awaits);
};

/** Takes the judgement out of a request's state. */
const forget = ({ ledger: { rows, roles }, writes }: Work, state: ObjectState): void => {
  const put = rows.state.item(undecidedState(state, roles));
  writes.push({ put, if: { equals: { revision: state.revision } } });
};

/** Keeps what waits on both sides, and counts it. */
const settleWaiting = async (work: Work, heads: ReadonlyMap<string, FoundHead>): Promise<void> => {
  const { ledger, parked, waiting, writes } = work;
  const { rows, store } = ledger;
  const counts = new Map<string, number>();
  const kept = new Set<string>();
  for (const { item, place, key, digest } of parked) {
    const isAwaited = waiting.get(key) === place && !work.decided.has(`${key} ${digest}`);
    if (!isAwaited || (isUnderStream(place) && !heads.has(place))) writes.push(deletion(item, ["digest"]));
    else {
      counts.set(place, (counts.get(place) ?? 0) + 1);
      kept.add(key);
    }
  }
  for (const key of waiting.keys()) {
    if (kept.has(key)) continue;
    const [item] = await store.get([rows.state.key({ key })]);
    if (item) forget(work, rows.state.read(item));
  }
  for (const [stream, { parkedCount }] of heads) {
    const count = counts.get(stream) ?? 0;
    if (parkedCount === count) continue;
    const [item] = await store.get([rows.head.key({ stream })]);
    const head = item && rows.head.read(item);
    if (head) writes.push(recount(ledger, head, count));
  }
};

/**
 * One write of a table that should be nobody else's. Where its condition does not hold another run of the same restore has
 * done it, or ended and handed the table over: either way it is not to be done. Throws: if the table keeps failing.
 */
export const writeOnce = async (store: AnyLedger["store"], write: Write): Promise<void> => {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const { outcome } = await store.write(write);
    if (outcome === "committed" || outcome === "refused") return;
  }
  const { PK, SK } = subjectOf(write);
  throw new Error(`${PK} ${SK} could not be set right in ${TRIES_MAX} tries.`);
};
